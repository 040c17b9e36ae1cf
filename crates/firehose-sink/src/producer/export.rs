//! The producer's metrics by the `metrics` facade, for whichever exporter the program installed.
//!
//! They are brought up to date at the end of each call, so that a record costs nothing. Of several
//! producers to one stream the counters and histograms add up; the gauges are the latest one's.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use tokio::time::Instant;

use super::{Stats, shared::Shared};
use crate::Record;

/// An instrument, and what it shows.
type Read<Instrument, Value> = (Instrument, fn(&Stats) -> Value);

/// The instruments of one producer.
pub(super) struct Exporter {
    stream: String,
    counters: Vec<Read<Counter, u64>>,
    gauges: Vec<Read<Gauge, f64>>,
    in_flight_limit: Gauge,
    oldest_record_age: Gauge,
    call_seconds: Histogram,
    batch_records: Histogram,
    batch_bytes: Histogram,
    /// What was told so far.
    told: Mutex<Stats>,
}

impl Exporter {
    pub(super) fn new(stream: &str) -> Self {
        let stream = stream.to_owned();
        let counters: Vec<Read<Counter, u64>> = vec![
            (counted("records_accepted_total", &stream), |stats| stats.accepted),
            (counted("records_delivered_total", &stream), |stats| stats.delivered),
            (counted("records_refused_total", &stream), |stats| stats.refused),
            (counted("records_retried_total", &stream), |stats| stats.retried),
            (counted("records_rejected_total", &stream), |stats| stats.rejected),
            (counted("records_undelivered_total", &stream), |stats| stats.undelivered),
            (counted("records_dead_lettered_total", &stream), |stats| stats.dead_lettered),
            (counted("records_maybe_duplicated_total", &stream), |stats| stats.maybe_duplicated),
            (counted("bytes_delivered_total", &stream), |stats| stats.delivered_bytes),
        ];
        let gauges: Vec<Read<Gauge, f64>> = vec![
            (measured("in_flight", &stream), |stats| stats.in_flight as f64),
            (measured("buffered_bytes", &stream), |stats| stats.buffered_bytes as f64),
            (measured("buffered_records", &stream), |stats| stats.buffered_records as f64),
        ];
        let histogram = |name: &str| histogram!(format!("firehose_producer_{name}"), "stream" => stream.clone());
        Self {
            counters,
            gauges,
            in_flight_limit: measured("in_flight_limit", &stream),
            oldest_record_age: measured("oldest_record_age_seconds", &stream),
            call_seconds: histogram("call_seconds"),
            batch_records: histogram("batch_records"),
            batch_bytes: histogram("batch_bytes"),
            told: Mutex::default(),
            stream,
        }
    }

    /// A call ended.
    pub(super) fn call(
        &self,
        shared: &Shared,
        result: &'static str,
        took: Duration,
        records: &[Record],
    ) {
        let stream = self.stream.clone();
        counter!("firehose_producer_calls_total", "stream" => stream, "result" => result)
            .increment(1);
        self.call_seconds.record(took.as_secs_f64());
        self.batch_records.record(records.len() as f64);
        let bytes: usize = records.iter().map(Record::len).sum();
        self.batch_bytes.record(bytes as f64);
        self.publish(shared);
    }

    /// Brings the counters and gauges up to date.
    pub(super) fn publish(&self, shared: &Shared) {
        // Taken first, so that a late teller does not take back what a later one told.
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (stats, limit, oldest) = {
            let state = shared.lock();
            let stats = Stats { in_flight: state.flights.len(), ..state.stats };
            (stats, state.window.limit(), state.oldest())
        };
        for (counter, of) in &self.counters {
            counter.increment(of(&stats) - of(&told));
        }
        *told = stats;
        drop(told);
        for (gauge, of) in &self.gauges {
            gauge.set(of(&stats));
        }
        self.in_flight_limit.set(limit as f64);
        let age = oldest.map_or(Duration::ZERO, |since| Instant::now().duration_since(since));
        self.oldest_record_age.set(age.as_secs_f64());
    }
}

fn counted(name: &str, stream: &str) -> Counter {
    counter!(format!("firehose_producer_{name}"), "stream" => stream.to_owned())
}

fn measured(name: &str, stream: &str) -> Gauge {
    gauge!(format!("firehose_producer_{name}"), "stream" => stream.to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    use crate::{MemorySink, Producer, PutErrorKind, Record, Stored};

    #[tokio::test(start_paused = true)]
    async fn an_exporter_sees_what_the_snapshot_says() {
        let recorder = DebuggingRecorder::new();
        let snapshots = recorder.snapshotter();
        let _installed = metrics::set_default_local_recorder(&recorder);
        let sink = MemorySink::new("ratings");
        sink.fail_next(1, PutErrorKind::Throttled, Stored::Nothing);
        let (producer, drain) = Producer::builder(Arc::new(sink.clone())).seed(7).start();
        producer.send_all((0..600).map(|n| Record::from(n.to_string()))).await.expect("accepted");
        producer.flush().await;
        let stats = producer.metrics().stats;
        let told = snapshots.snapshot().into_vec();
        let value = |wanted: &str| {
            told.iter().find_map(|(key, _, _, value)| {
                let key = key.key();
                let labels: Vec<_> =
                    key.labels().map(|l| format!("{}={}", l.key(), l.value())).collect();
                let name = format!("{}[{}]", key.name(), labels.join(","));
                (name == format!("firehose_producer_{wanted}")).then_some(value)
            })
        };
        let count = |name: &str| match value(name) {
            Some(DebugValue::Counter(count)) => *count,
            other => panic!("{name}: {other:?}, {told:?}"),
        };
        let level = |name: &str| match value(name) {
            Some(DebugValue::Gauge(level)) => level.into_inner(),
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(count("records_accepted_total[stream=ratings]"), stats.accepted);
        assert_eq!(count("records_delivered_total[stream=ratings]"), 600);
        assert_eq!(count("records_retried_total[stream=ratings]"), stats.retried);
        assert_eq!(count("bytes_delivered_total[stream=ratings]"), stats.delivered_bytes);
        assert_eq!(count("calls_total[stream=ratings,result=throttled]"), 1);
        assert_eq!(count("calls_total[stream=ratings,result=accepted]"), stats.calls - 1);
        assert_eq!(level("buffered_records[stream=ratings]"), 0.0);
        assert!(level("in_flight_limit[stream=ratings]") >= 2.0);
        assert!(matches!(value("call_seconds[stream=ratings]"), Some(DebugValue::Histogram(_))));
        drain.finish(std::time::Duration::from_secs(1)).await;
    }
}
