//! The streams' metrics: one table for the JSON status and for Prometheus's text format.
//!
//! Names and meanings are those of Firehose's CloudWatch metrics:
//! <https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html>

use std::fmt::Write as _;

use firehose_delivery::StreamStats;
use http::{HeaderValue, header::CONTENT_TYPE};
use s3s::HttpResponse;
use serde_json::Value;

use crate::state::{Calls, State, StreamStatus};

/// One metric of a delivery stream.
pub(super) struct Metric {
    /// CloudWatch's name.
    pub(super) name: &'static str,
    help: &'static str,
    read: Read,
}

enum Read {
    /// Counts up from the endpoint's start.
    Counter(fn(&StreamStatus) -> u64),
    /// A number of now.
    Gauge(fn(&StreamStatus) -> f64),
}

/// All of them, those that take in first.
pub(super) const METRICS: &[Metric] = &[
    counter("IncomingRecords", "Records accepted.", |s| s.stats.accepted_records),
    counter("IncomingBytes", "Bytes of the records accepted.", |s| s.stats.accepted_bytes),
    counter("IncomingPutRequests", "Puts that were answered.", |s| {
        s.counted.put_record.requests + s.counted.put_record_batch.requests
    }),
    counter("PutRecord.Requests", "PutRecord calls.", |s| s.counted.put_record.requests),
    counter("PutRecord.Bytes", "Bytes put by PutRecord.", |s| s.counted.put_record_bytes),
    counter("PutRecordBatch.Requests", "PutRecordBatch calls.", |s| {
        s.counted.put_record_batch.requests
    }),
    counter("PutRecordBatch.Records", "Records put by PutRecordBatch.", |s| {
        s.counted.put_record_batch_records
    }),
    counter("PutRecordBatch.Bytes", "Bytes put by PutRecordBatch.", |s| {
        s.counted.put_record_batch_bytes
    }),
    gauge("PutRecord.Latency", "Mean time of a PutRecord, in ms.", |s| {
        latency(&s.counted.put_record)
    }),
    gauge("PutRecordBatch.Latency", "Mean time of a PutRecordBatch, in ms.", |s| {
        latency(&s.counted.put_record_batch)
    }),
    counter("DescribeDeliveryStream.Requests", "DescribeDeliveryStream calls.", |s| {
        s.counted.describe.requests
    }),
    gauge("DescribeDeliveryStream.Latency", "Mean time of one, in ms.", |s| {
        latency(&s.counted.describe)
    }),
    counter("UpdateDeliveryStream.Requests", "UpdateDestination calls.", |s| {
        s.counted.update.requests
    }),
    gauge("UpdateDeliveryStream.Latency", "Mean time of one, in ms.", |s| {
        latency(&s.counted.update)
    }),
    counter("ThrottledRecords", "Records refused with Slow down.", |s| s.counted.throttled_records),
    counter("DeliveryToS3.Records", "Records in objects under the prefix.", |s| {
        s.stats.delivered_records
    }),
    counter("DeliveryToS3.Bytes", "Bytes of the objects under the prefix.", |s| {
        s.stats.delivered_bytes
    }),
    counter("DeliveryToS3.ObjectCount", "Objects under the prefix.", |s| s.stats.delivered_objects),
    gauge("DeliveryToS3.Success", "Share of the puts to S3 that succeeded.", |s| success(&s.stats)),
    gauge("DeliveryToS3.DataFreshness", "Age of the oldest undelivered record, in seconds.", |s| {
        s.oldest_age.map_or(0.0, |age| age.as_secs_f64())
    }),
    counter("DataReadFromKinesisStream.Records", "Records read from the source.", |s| {
        s.source_stats.read_records
    }),
    counter("DataReadFromKinesisStream.Bytes", "Their bytes.", |s| s.source_stats.read_bytes),
    gauge(
        "KinesisMillisBehindLatest",
        "How long the oldest unread record of the source waits.",
        |s| as_f64(s.source_stats.milliseconds_behind),
    ),
    counter("BackupToS3.Records", "Source records in objects of the backup.", |s| {
        s.backup_stats.delivered_records
    }),
    counter("BackupToS3.Bytes", "Bytes of the objects of the backup.", |s| {
        s.backup_stats.delivered_bytes
    }),
    gauge("BackupToS3.Success", "Share of the puts of the backup that succeeded.", |s| {
        success(&s.backup_stats)
    }),
    gauge("BackupToS3.DataFreshness", "Age of the oldest record to back up, in seconds.", |s| {
        s.backup_oldest_age.map_or(0.0, |age| age.as_secs_f64())
    }),
    counter("SucceedConversion.Records", "Records that were converted.", |s| {
        s.stats.converted_records
    }),
    counter("SucceedConversion.Bytes", "Their bytes, before the conversion.", |s| {
        s.stats.converted_bytes
    }),
    counter("FailedConversion.Records", "Records that did not convert.", |s| {
        s.stats.failed_records - s.stats.processing_failed_records
    }),
    counter("FailedConversion.Bytes", "Their bytes.", |s| s.stats.unconverted_bytes),
    gauge("ExecuteProcessing.Duration", "Mean time of a call of the function, in ms.", |s| {
        per(s.stats.invocation_time.as_secs_f64() * 1e3, s.stats.invocations)
    }),
    gauge("ExecuteProcessing.Success", "Share of the calls of the function that succeeded.", |s| {
        let failed = per(as_f64(s.stats.failed_invocations), s.stats.invocations);
        1.0 - failed
    }),
    counter("SucceedProcessing.Records", "Records that the function answered Ok for.", |s| {
        s.stats.transformed_records
    }),
    counter("SucceedProcessing.Bytes", "Their bytes, before the function.", |s| {
        s.stats.transformed_bytes
    }),
    counter("DroppedRecords", "Records that the function dropped.", |s| s.stats.dropped_records),
    gauge("PartitionCount", "Partitions with undelivered records.", |s| {
        as_f64(s.stats.active_partitions)
    }),
    gauge("PartitionCountExceeded", "1 once records were turned away for it, else 0.", |s| {
        f64::from(u8::from(s.stats.partition_limit_records > 0))
    }),
    gauge("PerPartitionThroughput", "Mean bytes a second of the partitions' buffers.", |s| {
        let seconds = s.stats.partition_time.as_secs_f64();
        if seconds > 0.0 { as_f64(s.stats.partition_bytes) / seconds } else { 0.0 }
    }),
    gauge("JQProcessing.Duration", "Mean time of a query for partition keys, in ms.", |s| {
        per(s.stats.query_time.as_secs_f64() * 1e3, s.stats.queries)
    }),
    // CloudWatch has none of what is lost, turned away before a conversion, or waits; a local endpoint is
    // asked for them first of all.
    counter("ExpiredRecords", "Records lost since S3 refused them for too long.", |s| {
        s.stats.expired_records
    }),
    counter("FailedProcessing.Records", "Records that processors turned away.", |s| {
        s.stats.processing_failed_records
    }),
    counter("RecoveredRecords", "Records found in the journal at the start.", |s| {
        s.stats.recovered_records
    }),
    counter(
        "JournalRefusedRecords",
        "Records refused since the journal could not keep them.",
        |s| s.stats.journal_refused_records,
    ),
    gauge("BufferedRecords", "Records accepted and not in S3 yet.", |s| {
        as_f64(s.stats.buffered_records)
    }),
    gauge("BufferedBytes", "Their bytes.", |s| as_f64(s.stats.buffered_bytes)),
];

/// The text format of Prometheus.
pub(super) fn answer(state: &State) -> HttpResponse {
    let streams = state.streams.status(state.settings.clock.now());
    let mut answer = HttpResponse::new(text(&streams).into());
    let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    answer
}

impl Metric {
    /// The value as JSON.
    pub(super) fn value(&self, stream: &StreamStatus) -> Value {
        match self.read {
            Read::Counter(read) => read(stream).into(),
            Read::Gauge(read) => read(stream).into(),
        }
    }

    /// `DeliveryToS3.Records` is `aws_firehose_delivery_to_s3_records_total`.
    fn prometheus_name(&self) -> String {
        let mut out = String::from("aws_firehose");
        let mut after_lower = false;
        for letter in self.name.chars() {
            match letter {
                '.' => {
                    after_lower = true;
                    continue;
                }
                letter if letter.is_ascii_uppercase() && (after_lower || out.ends_with("hose")) => {
                    out.push('_');
                }
                _ => {}
            }
            after_lower = letter.is_ascii_lowercase();
            out.push(letter.to_ascii_lowercase());
        }
        if matches!(self.read, Read::Counter(_)) {
            out.push_str("_total");
        }
        out
    }
}

const fn counter(name: &'static str, help: &'static str, read: fn(&StreamStatus) -> u64) -> Metric {
    Metric { name, help, read: Read::Counter(read) }
}

const fn gauge(name: &'static str, help: &'static str, read: fn(&StreamStatus) -> f64) -> Metric {
    Metric { name, help, read: Read::Gauge(read) }
}

/// 1 while nothing was put: no put has failed.
fn success(stats: &StreamStats) -> f64 {
    let good = stats.delivered_objects + stats.error_objects;
    let all = good + stats.put_retries;
    if all == 0 { 1.0 } else { as_f64(good) / as_f64(all) }
}

fn latency(calls: &Calls) -> f64 {
    per(calls.time.as_secs_f64() * 1e3, calls.requests)
}

/// A mean; 0 of nothing.
fn per(sum: f64, count: u64) -> f64 {
    if count == 0 { 0.0 } else { sum / as_f64(count) }
}

/// Exact up to 2^53, which no counter here reaches.
#[expect(clippy::cast_precision_loss, reason = "the counters stay far below 2^53")]
fn as_f64(count: u64) -> f64 {
    count as f64
}

fn text(streams: &[StreamStatus]) -> String {
    let mut out = String::new();
    for metric in METRICS {
        let name = metric.prometheus_name();
        let kind = if matches!(metric.read, Read::Counter(_)) { "counter" } else { "gauge" };
        // Writing to a String cannot fail.
        let _ = writeln!(out, "# HELP {name} {}\n# TYPE {name} {kind}", metric.help);
        for stream in streams {
            // AWS's patterns leave no quotes in these names, so that nothing is to be escaped.
            let _ = writeln!(
                out,
                "{name}{{DeliveryStreamName=\"{}\",Region=\"{}\",Account=\"{}\"}} {}",
                stream.name,
                stream.caller.region,
                stream.caller.account,
                metric.value(stream)
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::protocol::Caller;

    fn stream() -> StreamStatus {
        let mut stats = StreamStats::default();
        stats.accepted_records = 12;
        stats.delivered_records = 10;
        stats.delivered_objects = 3;
        stats.put_retries = 1;
        stats.buffered_records = 2;
        stats.failed_records = 7;
        stats.processing_failed_records = 3;
        stats.partition_limit_records = 1;
        stats.active_partitions = 5;
        stats.expired_records = 4;
        stats.converted_records = 8;
        stats.converted_bytes = 800;
        stats.unconverted_bytes = 40;
        stats.partition_bytes = 500;
        stats.partition_time = Duration::from_secs(4);
        stats.queries = 2;
        stats.query_time = Duration::from_millis(1);
        stats.invocations = 4;
        stats.failed_invocations = 1;
        stats.invocation_time = Duration::from_millis(100);
        stats.transformed_records = 6;
        stats.transformed_bytes = 60;
        stats.dropped_records = 2;
        let mut backup_stats = StreamStats::default();
        backup_stats.delivered_records = 9;
        backup_stats.delivered_bytes = 90;
        backup_stats.delivered_objects = 1;
        backup_stats.put_retries = 1;
        StreamStatus {
            caller: Caller { account: "000000000000".to_owned(), region: "us-east-1".to_owned() },
            name: "ratings".to_owned(),
            status: "ACTIVE",
            version_id: "1".to_owned(),
            stats,
            backup_stats,
            counted: crate::state::Counted {
                put_record: Calls { requests: 2, time: Duration::from_millis(3) },
                put_record_bytes: 20,
                put_record_batch: Calls { requests: 1, time: Duration::from_millis(7) },
                put_record_batch_records: 10,
                put_record_batch_bytes: 100,
                describe: Calls { requests: 1, time: Duration::from_millis(2) },
                update: Calls::default(),
                throttled_records: 0,
            },
            source_stats: firehose_delivery::SourceStats {
                read_records: 12,
                read_bytes: 1_200,
                milliseconds_behind: 40,
            },
            last_error: None,
            oldest_age: Some(Duration::from_millis(1500)),
            backup_oldest_age: Some(Duration::from_millis(2500)),
        }
    }

    #[test]
    fn prometheus_reads_every_metric_once_for_each_stream() {
        let text = text(&[stream()]);
        let labels =
            "{DeliveryStreamName=\"ratings\",Region=\"us-east-1\",Account=\"000000000000\"}";
        for (name, value) in [
            ("aws_firehose_incoming_records_total", "12"),
            ("aws_firehose_incoming_put_requests_total", "3"),
            ("aws_firehose_put_record_batch_records_total", "10"),
            ("aws_firehose_delivery_to_s3_records_total", "10"),
            ("aws_firehose_delivery_to_s3_object_count_total", "3"),
            ("aws_firehose_delivery_to_s3_success", "0.75"),
            ("aws_firehose_delivery_to_s3_data_freshness", "1.5"),
            ("aws_firehose_data_read_from_kinesis_stream_records_total", "12"),
            ("aws_firehose_data_read_from_kinesis_stream_bytes_total", "1200"),
            ("aws_firehose_kinesis_millis_behind_latest", "40.0"),
            ("aws_firehose_backup_to_s3_records_total", "9"),
            ("aws_firehose_backup_to_s3_bytes_total", "90"),
            ("aws_firehose_backup_to_s3_success", "0.5"),
            ("aws_firehose_backup_to_s3_data_freshness", "2.5"),
            ("aws_firehose_put_record_latency", "1.5"),
            ("aws_firehose_put_record_batch_latency", "7.0"),
            ("aws_firehose_describe_delivery_stream_requests_total", "1"),
            ("aws_firehose_describe_delivery_stream_latency", "2.0"),
            ("aws_firehose_update_delivery_stream_requests_total", "0"),
            ("aws_firehose_update_delivery_stream_latency", "0.0"),
            ("aws_firehose_succeed_conversion_records_total", "8"),
            ("aws_firehose_succeed_conversion_bytes_total", "800"),
            ("aws_firehose_failed_conversion_bytes_total", "40"),
            ("aws_firehose_per_partition_throughput", "125.0"),
            ("aws_firehose_jqprocessing_duration", "0.5"),
            ("aws_firehose_failed_conversion_records_total", "4"),
            ("aws_firehose_failed_processing_records_total", "3"),
            ("aws_firehose_execute_processing_duration", "25.0"),
            ("aws_firehose_execute_processing_success", "0.75"),
            ("aws_firehose_succeed_processing_records_total", "6"),
            ("aws_firehose_succeed_processing_bytes_total", "60"),
            ("aws_firehose_dropped_records_total", "2"),
            ("aws_firehose_partition_count", "5.0"),
            ("aws_firehose_partition_count_exceeded", "1.0"),
            ("aws_firehose_expired_records_total", "4"),
            ("aws_firehose_buffered_records", "2.0"),
        ] {
            let line = format!("{name}{labels} {value}");
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        let samples = text.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(samples, METRICS.len());
    }
}
