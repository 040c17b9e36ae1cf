//! The event of a raw buffer: what a function is called with. Pure.

use std::fmt::Write as _;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use uuid::Uuid;

use super::{LambdaProcessor, Origin, SealedRaw};

/// The most bytes that a record takes in an event beside its data.
pub(super) const RECORD_BYTES: usize = 160;
/// Bytes of an event beside its records: an ARN has 512 at most, and there may be two.
pub(super) const HEAD_BYTES: usize = 1536;

/// Bytes of a record in an event, at most.
pub(super) fn record_bytes(data: usize, origin: Option<&Origin>) -> usize {
    data.div_ceil(3) * 4 + RECORD_BYTES + origin.map_or(0, Origin::bytes)
}

/// The ids of the records of a raw buffer: 62 digits, as Firehose's own; the same at every attempt.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordIds(u64);

impl RecordIds {
    pub(super) fn of(raw: &SealedRaw) -> Self {
        Self(raw.id.as_u64_pair().1)
    }

    /// The id of a record.
    pub(super) fn id(self, index: usize) -> String {
        format!("49{:020}{index:034}000000", self.0)
    }

    /// The record that an id belongs to; none for an id that was not given out.
    pub(super) fn index(self, id: &str) -> Option<usize> {
        let index = id.get(22..56)?.parse().ok()?;
        (self.id(index) == id).then_some(index)
    }
}

/// An event with an invocation id of its own.
pub(super) fn write(raw: &SealedRaw, lambda: &LambdaProcessor, stream: &str) -> Bytes {
    let stream_arn = lambda.stream_arn(stream);
    let data = raw.records.bytes().div_ceil(3) * 4;
    let mut out = String::with_capacity(data + raw.records.len() * RECORD_BYTES + HEAD_BYTES);
    let region = stream_arn.split(':').nth(3).unwrap_or_default();
    // Writing to a String cannot fail; names and ARNs have no character that JSON escapes.
    let _ = write!(
        out,
        r#"{{"invocationId":"{}","deliveryStreamArn":{},"region":{},"#,
        Uuid::new_v4(),
        serde_json::Value::from(stream_arn.as_str()),
        serde_json::Value::from(region),
    );
    if let Some(source) = &lambda.source_arn {
        let _ = write!(out, r#""sourceKinesisStreamArn":{},"#, serde_json::Value::from(&**source));
    }
    out.push_str(r#""records":["#);
    let ids = RecordIds::of(raw);
    for (index, record) in raw.records.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let arrival = raw.records.arrival(index).unwrap_or(raw.oldest).timestamp_millis();
        let id = ids.id(index);
        let _ =
            write!(out, r#"{comma}{{"recordId":"{id}","approximateArrivalTimestamp":{arrival},"#);
        if let Some(origin) = raw.origin(index) {
            origin.write(&mut out);
        }
        out.push_str(r#""data":""#);
        STANDARD.encode_string(record, &mut out);
        out.push_str("\"}");
    }
    out.push_str("]}");
    out.into()
}
