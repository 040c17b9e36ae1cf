//! The forests: a score for each row, and a cutoff out of all scores.

use arrow::array::{BooleanArray, RecordBatch};
use arrow::datatypes::Schema;
use s3_parquet_reader::{Batch, Report};
use stream_analysis::{
    ForestOptions, Groups, IsolationFit, IsolationOptions, Points, RandomCutForest, ScoreReport,
    Scores, Truth,
};

use super::{Example, apart, examples, truth_fact, truth_words};
use crate::args::{AnomaliesArgs, Shared};
use crate::source::{self, Origins, Rows};
use crate::{Answer, Cell};

/// What is kept while the rows are scored.
struct Judging {
    points: Points,
    truth: Option<Truth>,
    scores: Scores,
    origins: Origins,
    rows: u64,
}

/// Learns while it judges: the rows pass once.
pub(super) async fn random_cut(shared: &Shared, args: &AnomaliesArgs) -> anyhow::Result<Answer> {
    let mut options = ForestOptions::default();
    options.trees = args.trees.unwrap_or(options.trees);
    options.warm_up = args.warm_up.unwrap_or(options.warm_up);
    options.seed = args.seed.unwrap_or(options.seed);
    let set = source::open(shared, &args.read, true).await?.columns(args.columns());
    let start = |schema: &Schema| {
        let forest = RandomCutForest::new(1, &options)?;
        Ok((Judging::new(args, schema)?, forest, args.groups(schema)?))
    };
    let push = |state: &mut (Judging, RandomCutForest, Option<Groups>), batch: &Batch| {
        let (judging, forest, groups) = state;
        let batch = batch.record_batch();
        groups.as_mut().map_or(Ok(()), |groups| groups.push(batch))?;
        Ok(judging.push(batch, |point| forest.score_and_learn(point))?)
    };
    let ((judging, _, groups), report) =
        source::pass(&set, (shared, &args.read), start, push).await?;
    judging.answer("rcf", args, groups, &report)
}

/// Learns in a first pass and judges in a second.
pub(super) async fn isolation(shared: &Shared, args: &AnomaliesArgs) -> anyhow::Result<Answer> {
    let mut options = IsolationOptions::default();
    options.trees = args.trees.unwrap_or(options.trees);
    options.seed = args.seed.unwrap_or(options.seed);
    let set = source::open(shared, &args.read, true).await?.columns(args.columns());
    let mut rows = Rows::of(set, shared).await?;
    source::check(&args.read, rows.report())?;
    let schema = rows.schema();
    let mut judging = Judging::new(args, &schema)?;
    let mut groups = args.groups(&schema)?;
    let mut fit = IsolationFit::new(1, &options)?;
    rows.each(|batch| {
        groups.as_mut().map_or(Ok(()), |groups| groups.push(batch))?;
        judging.points.each(batch, |_, point| fit.push(point))
    })
    .await?;
    let forest = fit.finish();
    rows.each(|batch| judging.push(batch, |point| forest.score(point))).await?;
    judging.answer("iforest", args, groups, rows.report())
}

impl Judging {
    fn new(args: &AnomaliesArgs, schema: &Schema) -> Result<Self, stream_analysis::Error> {
        Ok(Self {
            points: Points::new(schema, &[&args.column])?,
            truth: args.truth(schema)?,
            scores: Scores::new(args.rows),
            origins: Origins::default(),
            rows: 0,
        })
    }

    fn push(
        &mut self,
        batch: &RecordBatch,
        mut score: impl FnMut(&[f64]) -> Option<f64>,
    ) -> Result<(), stream_analysis::Error> {
        self.origins.note(batch);
        let truth: Option<BooleanArray> =
            self.truth.as_ref().map(|truth| truth.flags(batch)).transpose()?;
        let (scores, first) = (&mut self.scores, self.rows);
        self.points.each(batch, |row, point| {
            let value = point.first().copied().unwrap_or(f64::NAN);
            let planted = truth.as_ref().map(|truth| truth.value(row));
            scores.add(first + row as u64, value, score(point), planted);
        })?;
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    fn answer(
        self,
        detector: &str,
        args: &AnomaliesArgs,
        groups: Option<Groups>,
        read: &Report,
    ) -> anyhow::Result<Answer> {
        let found = self.scores.finish(args.threshold)?;
        let example = |row: &stream_analysis::ScoredRow| Example {
            row: row.row,
            value: row.value,
            score: row.score,
            reason: row.reason(&args.column, &found),
        };
        let strongest: Vec<Example> = found.strongest.iter().map(example).collect();
        let confusion = found.confusion.as_ref();
        let answer = Answer {
            facts: facts(detector, args, &found),
            headline: Some(headline(args, &found) + &truth_words(args, confusion)),
            sections: vec![examples(&strongest, &self.origins), apart(groups)],
            ..Answer::default()
        };
        Ok(source::with_report(answer, &args.read, read))
    }
}

fn facts(detector: &str, args: &AnomaliesArgs, found: &ScoreReport) -> Vec<(&'static str, Cell)> {
    vec![
        ("detector", Cell::text(detector)),
        ("value", Cell::text(&args.column)),
        ("threshold", Cell::Num(found.cutoff)),
        ("mean_score", Cell::stat(found.mean)),
        ("std_score", Cell::stat(found.std_dev)),
        ("rows", Cell::Int(found.rows.into())),
        ("scored", Cell::Int(found.scored.into())),
        ("found", Cell::Int(found.found.into())),
        ("truth", truth_fact(found.confusion.as_ref())),
    ]
}

fn headline(args: &AnomaliesArgs, found: &ScoreReport) -> String {
    let (odd, all, column, cutoff) = (found.found, found.scored, &args.column, found.cutoff);
    let Some(mean) = found.mean else {
        let rows = found.rows;
        return format!("none of {rows} rows has a score: fewer than the warm-up, or no numbers");
    };
    let unscored = match found.rows - found.scored {
        0 => String::new(),
        rows => format!("; {rows} rows of the warm-up or without a number have no score"),
    };
    format!(
        "{odd} of {all} values of {column} score {cutoff:.3} or more (mean score {mean:.3}){unscored}"
    )
}
