//! GetShardIterator and GetRecords.

use std::io::Write;

use base64_simd::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use kinesis_stream::{
    Error, ReadLimits, ReadPage, SequenceNumber, ShardId, ShardIterator, Start, StreamRecord,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Target,
    error::{invalid, no_shard, rate_exceeded},
    seconds,
    streams::shard_json,
    time,
};
use crate::{
    protocol::{AwsError, Caller},
    state::{LiveDataStream, State},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct IteratorInput {
    shard_id: String,
    shard_iterator_type: String,
    starting_sequence_number: Option<String>,
    timestamp: Option<f64>,
}

impl IteratorInput {
    fn start(&self, now: DateTime<Utc>) -> Result<Start, AwsError> {
        let number = self.starting_sequence_number.as_deref();
        match (self.shard_iterator_type.as_str(), number) {
            ("AT_SEQUENCE_NUMBER", Some(number)) => Ok(Start::AtSequenceNumber(read(number)?)),
            ("AFTER_SEQUENCE_NUMBER", Some(number)) => {
                Ok(Start::AfterSequenceNumber(read(number)?))
            }
            ("TRIM_HORIZON", None) => Ok(Start::TrimHorizon),
            ("LATEST", None) => Ok(Start::Latest),
            ("AT_TIMESTAMP", None) => self.at_timestamp(now),
            (kind, number) => {
                let with = if number.is_some() { "and also" } else { "and no" };
                Err(invalid(format!(
                    "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and \
                     StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no \
                     StartingSequenceNumber. Request specified {kind} {with} a \
                     StartingSequenceNumber."
                )))
            }
        }
    }

    fn at_timestamp(&self, now: DateTime<Utc>) -> Result<Start, AwsError> {
        let at = self.timestamp.and_then(time).ok_or_else(|| {
            invalid(
                "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. \
                 Current request has no timestamp parameter.",
            )
        })?;
        if at > now {
            let (at, now) = (at.timestamp_millis(), now.timestamp_millis());
            return Err(invalid(format!(
                "The timestampInMillis parameter cannot be greater than the \
                 currentTimestampInMillis. timestampInMillis: {at}, currentTimestampInMillis: {now}"
            )));
        }
        Ok(Start::AtTimestamp(at))
    }
}

fn read(number: &str) -> Result<SequenceNumber, AwsError> {
    // The model lets nothing else through.
    number.parse().map_err(|_| invalid("StartingSequenceNumber is not a decimal number"))
}

/// A place in a shard.
pub(super) fn get_shard_iterator(
    state: &State,
    target: &Target,
    input: &IteratorInput,
) -> Result<Value, AwsError> {
    let live = target.live(state)?;
    let missing = || no_shard(&target.owner, &target.name, &input.shard_id);
    let shard: ShardId = input.shard_id.parse().map_err(|_| missing())?;
    let now = state.settings.clock.now();
    let position = live.stream.position(shard, input.start(now)?).map_err(|why| match why {
        Error::ForeignSequenceNumber { sequence_number, shard } => invalid(format!(
            "StartingSequenceNumber {sequence_number} used in GetShardIterator on shard {shard} in \
             stream {} under account {} is invalid because it did not come from this stream.",
            target.name, target.owner.account
        )),
        _ => missing(),
    })?;
    let iterator = iterator(&target.name, &live, shard, position, now);
    Ok(json!({ "ShardIterator": iterator }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RecordsInput {
    shard_iterator: String,
    limit: Option<usize>,
    #[serde(rename = "StreamARN")]
    arn: Option<String>,
}

/// The records from an iterator on.
pub(super) fn get_records(
    state: &State,
    caller: &Caller,
    input: &Value,
) -> Result<Bytes, AwsError> {
    let given: RecordsInput = super::read(input.clone())?;
    let now = state.settings.clock.now();
    let from: ShardIterator =
        given.shard_iterator.parse().map_err(|_| invalid("Invalid ShardIterator."))?;
    let mut named = input.clone();
    named["StreamName"] = json!(from.stream);
    let target = Target::of(caller, &named).map_err(|why| match given.arn {
        Some(_) if why.message.contains("different streams") => invalid("Invalid ShardIterator."),
        _ => why,
    })?;
    if from.is_expired(now) {
        return Err(expired(&from, now));
    }
    let live = target.live(state)?;
    if live.created.timestamp_millis() != from.created.timestamp_millis() {
        return Err(invalid("Invalid ShardIterator."));
    }
    let mut limits = ReadLimits::default();
    limits.records = given.limit.unwrap_or(limits.records);
    let page = live.stream.read_within_limits(now, from.shard, from.position, limits);
    let page = page.map_err(|why| match why {
        Error::Throttled(shard) => rate_exceeded(&target.owner, &target.name, shard),
        _ => no_shard(&target.owner, &target.name, &from.shard.to_string()),
    })?;
    let next = page.next.map(|next| iterator(&target.name, &live, from.shard, next, now));
    Ok(answer(&page, next.as_deref()))
}

fn expired(from: &ShardIterator, now: DateTime<Utc>) -> AwsError {
    let print = |time: DateTime<Utc>| time.format("%a %b %d %H:%M:%S UTC %Y").to_string();
    AwsError::client(
        "ExpiredIteratorException",
        format!(
            "Iterator expired. The iterator was created at time {} while right now it is {} which \
             is further in the future than the tolerated delay of 300000 milliseconds.",
            print(from.given),
            print(now)
        ),
    )
}

fn iterator(
    stream: &str,
    live: &LiveDataStream,
    shard: ShardId,
    position: u64,
    now: DateTime<Utc>,
) -> String {
    let stream = stream.to_owned();
    ShardIterator { stream, created: live.created, shard, position, given: now }.to_string()
}

/// Written by hand: this may be ten thousand records.
fn answer(page: &ReadPage, next: Option<&str>) -> Bytes {
    let bytes: usize = page.records.iter().map(|record| record.bytes() * 4 / 3 + 200).sum();
    let mut answer = Vec::with_capacity(bytes + 512);
    answer.extend_from_slice(br#"{"Records":["#);
    for (index, record) in page.records.iter().enumerate() {
        if index > 0 {
            answer.push(b',');
        }
        entry(&mut answer, record);
    }
    // Writes to memory do not fail; iterators are base64.
    let _ = write!(answer, r#"],"MillisBehindLatest":{}"#, page.behind.as_millis());
    if let Some(next) = next {
        let _ = write!(answer, r#","NextShardIterator":"{next}""#);
    }
    if !page.children.is_empty() {
        let children: Vec<Value> = page
            .children
            .iter()
            .map(|child| {
                let described = shard_json(child);
                let parents: Vec<String> = child.parents.iter().map(ShardId::to_string).collect();
                json!({
                    "ShardId": described["ShardId"],
                    "ParentShards": parents,
                    "HashKeyRange": described["HashKeyRange"],
                })
            })
            .collect();
        let _ = write!(answer, r#","ChildShards":{}"#, Value::from(children));
    }
    answer.push(b'}');
    answer.into()
}

fn entry(answer: &mut Vec<u8>, record: &StreamRecord) {
    let _ = write!(
        answer,
        r#"{{"SequenceNumber":"{}","ApproximateArrivalTimestamp":{},"PartitionKey":{},"Data":""#,
        record.sequence_number(),
        seconds(record.arrival()),
        Value::from(record.partition_key()),
    );
    let data = record.data();
    let start = answer.len();
    answer.resize(start + STANDARD.encoded_length(data.len()), 0);
    if let Some(room) = answer.get_mut(start..) {
        let _ = STANDARD.encode(&data, base64_simd::Out::from_slice(room));
    }
    answer.extend_from_slice(br#""}"#);
}
