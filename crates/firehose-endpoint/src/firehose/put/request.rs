//! The bodies of puts. The usual body is read in one pass straight into records; whatever is
//! unusual about it is left to the model, which says what AWS would say.

use std::borrow::Cow;

use base64_simd::STANDARD;
use bytes::{Bytes, BytesMut};
use firehose_sink::Record;
use serde::Deserialize;
use serde_json::Value;

use crate::{firehose::checked, protocol::AwsError};

/// A put as it came: decoded, and within the model's constraints.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Put {
    pub(super) stream: String,
    pub(super) records: Vec<Record>,
}

/// `PutRecordBatch`: 1 to 500 records. `PutRecord`: 1,024,000 bytes.
const MOST_RECORDS: usize = 500;
const MOST_RECORD_BYTES: usize = 1_024_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchBody<'a> {
    #[serde(borrow, rename = "DeliveryStreamName")]
    stream: Cow<'a, str>,
    #[serde(borrow, rename = "Records")]
    records: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordBody<'a> {
    #[serde(borrow, rename = "DeliveryStreamName")]
    stream: Cow<'a, str>,
    #[serde(borrow, rename = "Record")]
    record: Entry<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry<'a> {
    #[serde(borrow, rename = "Data")]
    data: Cow<'a, str>,
}

/// Reads the body of a PutRecordBatch.
///
/// # Errors
///
/// `SerializationException` or `ValidationException`, in AWS's words.
pub(super) fn put_record_batch(body: &Bytes) -> Result<Put, AwsError> {
    let quick = serde_json::from_slice::<BatchBody<'_>>(body)
        .ok()
        .filter(|batch| (1..=MOST_RECORDS).contains(&batch.records.len()))
        .and_then(|batch| decoded(&batch.stream, &batch.records));
    match quick {
        Some(put) => Ok(put),
        None => explained("PutRecordBatch", body),
    }
}

/// Reads the body of a PutRecord.
///
/// # Errors
///
/// As [`put_record_batch`].
pub(super) fn put_record(body: &Bytes) -> Result<Put, AwsError> {
    let quick = serde_json::from_slice::<RecordBody<'_>>(body)
        .ok()
        .and_then(|put| decoded(&put.stream, &[put.record]));
    match quick {
        Some(put) => Ok(put),
        None => explained("PutRecord", body),
    }
}

/// The records, decoded into one piece of memory; nothing when anything is out of bounds.
fn decoded(stream: &str, entries: &[Entry<'_>]) -> Option<Put> {
    if !is_stream_name(stream) {
        return None;
    }
    let room = entries.iter().map(|entry| entry.data.len() / 4 * 3 + 3).sum();
    let mut memory = BytesMut::zeroed(room);
    let mut records = Vec::with_capacity(entries.len());
    for entry in entries {
        let text = entry.data.as_bytes();
        let out = base64_simd::Out::from_slice(memory.get_mut(..text.len() / 4 * 3 + 3)?);
        let length = STANDARD.decode(text, out).ok()?.len();
        if length > MOST_RECORD_BYTES {
            return None;
        }
        records.push(Record::new(memory.split_to(length).freeze()));
    }
    Some(Put { stream: stream.to_owned(), records })
}

fn is_stream_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

/// The long way: the model finds what is wrong. A body that it finds nothing wrong with (a member
/// that stands twice, say, of which the last counts) is read from what is left.
fn explained(operation: &str, body: &Bytes) -> Result<Put, AwsError> {
    let input = checked(operation, body)?;
    let stream = input.get("DeliveryStreamName").and_then(Value::as_str).unwrap_or_default();
    let entries: Vec<Value> = match (input.get("Record"), input.get("Records")) {
        (Some(record), _) => vec![record.clone()],
        (None, records) => records.and_then(Value::as_array).cloned().unwrap_or_default(),
    };
    let entries: Vec<Entry<'_>> = entries
        .iter()
        .filter_map(|entry| entry.get("Data").and_then(Value::as_str))
        .map(|data| Entry { data: Cow::Owned(data.to_owned()) })
        .collect();
    decoded(stream, &entries)
        .ok_or_else(|| AwsError::serialization("A record's Data is not base64 with padding"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Put, AwsError> {
        put_record_batch(&Bytes::copy_from_slice(body.as_bytes()))
    }

    #[test]
    fn records_are_decoded_in_order() {
        let put = read(
            r#"{"DeliveryStreamName":"s","Records":[{"Data":"YQ=="},{"Data":""},{"Data":"YmM="}]}"#,
        );
        let records: Vec<Record> =
            ["a", "", "bc"].iter().map(|data| Record::from(data.as_bytes())).collect();
        assert_eq!(put.unwrap(), Put { stream: "s".to_owned(), records });
    }

    #[test]
    fn the_unusual_is_read_the_long_way() {
        let table = [
            r#"{"DeliveryStreamName":"t","Records":[{"Data":"YQ=="}],"DeliveryStreamName":"s"}"#,
            r#"{"DeliveryStreamName":"\u0073","Records":[{"Data":"Y\u0051=="}]}"#,
        ];
        for body in table {
            let put = read(body).unwrap();
            assert_eq!((put.stream.as_str(), put.records), ("s", vec![Record::from(&b"a"[..])]));
        }
    }

    #[test]
    fn what_is_not_a_put_is_refused_and_never_half_read() {
        let table = [
            "",
            "[]",
            "{",
            r#"{"DeliveryStreamName":"s","Records":[{"Data":"YQ"}]}"#,
            r#"{"DeliveryStreamName":"s","Records":[{"Data":"Y Q="}]}"#,
            r#"{"DeliveryStreamName":"s","Records":[{"Data":"YQ==YQ=="}]}"#,
        ];
        for body in table {
            read(body).unwrap_err();
        }
    }
}
