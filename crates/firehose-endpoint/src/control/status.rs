//! The streams and what became of their records, as JSON.

use serde_json::{Map, Value, json};

use super::metrics::METRICS;
use crate::state::{FlushAnswer, State, StreamStatus};

/// Every stream, with its metrics under Firehose's own names.
pub(super) fn of(state: &State) -> Value {
    let now = state.settings.clock.now();
    let streams: Vec<Value> = state.streams.status(now).iter().map(of_stream).collect();
    json!({"time": now.to_rfc3339(), "streams": streams})
}

/// What a flush did to one stream.
pub(super) fn of_flush(answer: &FlushAnswer) -> Value {
    let stats = &answer.stats;
    json!({
        "name": answer.name,
        "delivered": answer.delivered,
        "acceptedRecords": stats.accepted_records,
        "deliveredRecords": stats.delivered_records,
        "deliveredObjects": stats.delivered_objects,
        "failedRecords": stats.failed_records,
        "bufferedRecords": stats.buffered_records,
        "recoveredRecords": stats.recovered_records,
        "lastError": answer.last_error,
    })
}

fn of_stream(stream: &StreamStatus) -> Value {
    let metrics: Map<String, Value> =
        METRICS.iter().map(|metric| (metric.name.to_owned(), metric.value(stream))).collect();
    json!({
        "name": stream.name,
        "account": stream.caller.account,
        "region": stream.caller.region,
        "status": stream.status,
        "versionId": stream.version_id,
        "bufferedRecords": stream.stats.buffered_records,
        "bufferedBytes": stream.stats.buffered_bytes,
        "deliveredObjects": stream.stats.delivered_objects,
        "errorObjects": stream.stats.error_objects,
        "recoveredRecords": stream.stats.recovered_records,
        "putRetries": stream.stats.put_retries,
        "lastError": stream.last_error,
        "metrics": metrics,
    })
}
