//! The records: ratings as the flags describe them, ready to be sent.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use captain_ratings::{
    DEFAULT_STEP, EpochSeconds, EventTime, FixedStep, JsonBatch, JsonStyle, RatingGenerator,
};
use firehose_sink::Record;

use crate::{Args, Style};

/// Makes records, endlessly.
pub(crate) struct Source {
    generator: RatingGenerator<Time>,
    style: JsonStyle,
}

/// When a record happened: when it was made, or on a grid.
#[derive(Debug, Clone)]
enum Time {
    Now,
    Grid(FixedStep),
}

impl EventTime for Time {
    fn at(&self, index: u64) -> f64 {
        match self {
            Self::Now => EpochSeconds::from(SystemTime::now()).as_f64(),
            Self::Grid(grid) => grid.at(index),
        }
    }
}

impl Source {
    /// The records that the flags ask for, with this seed.
    pub(crate) fn new(args: &Args, seed: u64) -> Self {
        let mean = args.rate().mean();
        let step = mean.and_then(|rate| Duration::try_from_secs_f64(1.0 / rate).ok());
        let step = step.unwrap_or(DEFAULT_STEP);
        let time = match args.start {
            None => Time::Now,
            Some(start) => Time::Grid(FixedStep::new(start, step)),
        };
        let style = match args.style {
            Style::Compact => JsonStyle::Compact,
            Style::Python => JsonStyle::Python,
        };
        Self { generator: RatingGenerator::with_seed(seed).with_time(time), style }
    }

    /// The next records. They share one allocation.
    pub(crate) fn next(&mut self, count: usize) -> impl Iterator<Item = Record> + Send + use<> {
        let mut batch = JsonBatch::new(self.style);
        self.generator.fill_json(count, &mut batch);
        let (data, ends) = batch.into_parts();
        let data = Bytes::from(data);
        let mut start = 0;
        ends.into_iter().map(move |end| {
            let record = data.slice(start..end);
            start = end;
            Record::new(record)
        })
    }
}

/// A seed that differs from run to run.
pub(crate) fn random_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    // Each `RandomState` has keys of its own; short numbers are easier to type again.
    RandomState::new().hash_one(0) % 1_000_000
}
