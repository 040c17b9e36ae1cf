//! The bodies of puts. The usual body is read in one pass straight into records; whatever is
//! unusual about it is left to the model, which says what AWS would say.

use std::borrow::Cow;

use base64_simd::STANDARD;
use bytes::{Bytes, BytesMut};
use kinesis_stream::{HashKey, NewRecord};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    kinesis::{
        checked,
        error::{invalid, not_built},
    },
    protocol::AwsError,
};

/// A put as it came: decoded, and within the model's constraints.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Put {
    pub(super) operation: &'static str,
    pub(super) stream: Option<String>,
    pub(super) arn: Option<String>,
    pub(super) records: Vec<NewRecord>,
}

/// `PutRecords`: 1 to 500 records. A key has 1 to 256 characters. `Data`: 10 MiB.
const MOST_RECORDS: usize = 500;
const MOST_KEY_CHARS: usize = 256;
const MOST_DATA_BYTES: usize = 10 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordsBody<'a> {
    #[serde(borrow, rename = "StreamName")]
    stream: Cow<'a, str>,
    #[serde(borrow, rename = "Records")]
    records: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry<'a> {
    #[serde(borrow, rename = "Data")]
    data: Cow<'a, str>,
    #[serde(borrow, rename = "PartitionKey")]
    key: Cow<'a, str>,
    #[serde(borrow, default, rename = "ExplicitHashKey")]
    hash_key: Option<Cow<'a, str>>,
}

/// Reads the body of a PutRecords.
///
/// # Errors
///
/// `SerializationException` or `ValidationException`, in AWS's words; `InvalidArgumentException`
/// for a hash key of 2^128 and more.
pub(super) fn put_records(body: &Bytes) -> Result<Put, AwsError> {
    let quick = serde_json::from_slice::<RecordsBody<'_>>(body).ok().and_then(|put| {
        let usual = is_stream_name(&put.stream)
            && (1..=MOST_RECORDS).contains(&put.records.len())
            && put.records.iter().all(Entry::is_usual);
        let records = usual.then(|| decoded(&put.records))??;
        let stream = Some(put.stream.into_owned());
        Some(Put { operation: "PutRecords", stream, arn: None, records })
    });
    match quick {
        Some(put) => Ok(put),
        None => explained("PutRecords", body),
    }
}

/// Reads the body of a PutRecord.
///
/// # Errors
///
/// As [`put_records`].
pub(super) fn put_record(body: &Bytes) -> Result<Put, AwsError> {
    explained("PutRecord", body)
}

impl Entry<'_> {
    /// Whether the model would find nothing wrong with the key, and no hash key is given.
    fn is_usual(&self) -> bool {
        // Characters are at most as many as bytes.
        (1..=MOST_KEY_CHARS).contains(&self.key.len()) && self.hash_key.is_none()
    }
}

/// The records, in one piece of memory; nothing when anything is out of bounds.
fn decoded(entries: &[Entry<'_>]) -> Option<Vec<NewRecord>> {
    let most = |entry: &Entry<'_>| entry.key.len() + entry.data.len() / 4 * 3 + 3;
    let mut memory = BytesMut::zeroed(entries.iter().map(most).sum());
    let mut records = Vec::with_capacity(entries.len());
    for entry in entries {
        let (key, data) = (entry.key.as_bytes(), entry.data.as_bytes());
        memory.get_mut(..key.len())?.copy_from_slice(key);
        let out = base64_simd::Out::from_slice(memory.get_mut(key.len()..most(entry))?);
        let length = STANDARD.decode(data, out).ok()?.len();
        if length > MOST_DATA_BYTES {
            return None;
        }
        let payload = memory.split_to(key.len() + length).freeze();
        records.push(NewRecord::from_payload(payload, key.len())?);
    }
    Some(records)
}

fn is_stream_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

/// The long way: the model finds what is wrong, and what it finds nothing wrong with is read from
/// what is left.
fn explained(operation: &'static str, body: &Bytes) -> Result<Put, AwsError> {
    let input = checked(operation, body)?;
    if input.get("StreamId").is_some() {
        return Err(not_built("StreamId"));
    }
    if input.get("DryRun") == Some(&Value::Bool(true)) {
        return Err(not_built("DryRun"));
    }
    let values: Vec<&Value> = match input.get("Records").and_then(Value::as_array) {
        Some(records) => records.iter().collect(),
        None => vec![&input],
    };
    let records = values.into_iter().map(record).collect::<Result<_, _>>()?;
    let text = |member| input.get(member).and_then(Value::as_str).map(str::to_owned);
    Ok(Put { operation, stream: text("StreamName"), arn: text("StreamARN"), records })
}

fn record(value: &Value) -> Result<NewRecord, AwsError> {
    let text = |member| value.get(member).and_then(Value::as_str);
    let key = text("PartitionKey").unwrap_or_default();
    let data = STANDARD
        .decode_to_vec(text("Data").unwrap_or_default())
        .map_err(|_| AwsError::serialization("A record's Data is not base64 with padding"))?;
    let record = NewRecord::new(key, &data);
    let Some(given) = text("ExplicitHashKey") else { return Ok(record) };
    let hash_key: HashKey = given.parse().map_err(|_| {
        invalid(format!(
            "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified \
             value was {given}"
        ))
    })?;
    Ok(record.with_hash_key(hash_key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Put, AwsError> {
        put_records(&Bytes::copy_from_slice(body.as_bytes()))
    }

    #[test]
    fn records_are_decoded_in_order() {
        let put = read(
            r#"{"StreamName":"s","Records":[{"Data":"YQ==","PartitionKey":"k"},{"PartitionKey":"ä","Data":""}]}"#,
        );
        let records = vec![NewRecord::new("k", b"a"), NewRecord::new("ä", b"")];
        let stream = Some("s".to_owned());
        assert_eq!(put.unwrap(), Put { operation: "PutRecords", stream, arn: None, records });
    }

    #[test]
    fn the_unusual_is_read_the_long_way() {
        let arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s";
        for (body, expected) in [
            (
                r#"{"StreamName":"s","Records":[{"Data":"YQ==","PartitionKey":"k","ExplicitHashKey":"7"}]}"#.to_owned(),
                NewRecord::new("k", b"a").with_hash_key(HashKey(7)),
            ),
            (
                format!(r#"{{"StreamARN":"{arn}","Records":[{{"Data":"YQ==","PartitionKey":"k"}}]}}"#),
                NewRecord::new("k", b"a"),
            ),
            (
                format!(r#"{{"StreamName":"s","Records":[{{"Data":"YQ==","PartitionKey":"{}"}}]}}"#, "é".repeat(256)),
                NewRecord::new(&"é".repeat(256), b"a"),
            ),
        ] {
            assert_eq!(read(&body).unwrap().records, [expected], "{body}");
        }
    }

    #[test]
    fn what_is_not_a_put_is_refused() {
        for (body, code) in [
            ("", "SerializationException"),
            ("[]", "SerializationException"),
            (r#"{"StreamName":"s","Records":[]}"#, "ValidationException"),
            (r#"{"StreamName":"s","Records":[{"Data":"YQ=="}]}"#, "ValidationException"),
            (
                r#"{"StreamName":"s","Records":[{"Data":"YQ==","PartitionKey":""}]}"#,
                "ValidationException",
            ),
            (
                r#"{"StreamName":"s","Records":[{"Data":"YQ","PartitionKey":"k"}]}"#,
                "SerializationException",
            ),
            (
                r#"{"StreamName":"s","Records":[{"Data":"","PartitionKey":"k","ExplicitHashKey":"340282366920938463463374607431768211456"}]}"#,
                "InvalidArgumentException",
            ),
        ] {
            assert_eq!(read(body).unwrap_err().code, code, "{body}");
        }
    }
}
