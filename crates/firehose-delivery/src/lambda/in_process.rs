//! Functions in this process.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{FunctionError, LambdaFunction};

/// A record as a function is given it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceRecord {
    /// Its bytes.
    pub data: Vec<u8>,
    /// When the stream took it, to the millisecond.
    pub arrival: DateTime<Utc>,
}

/// What a function makes of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transformed {
    /// The record goes on as these bytes.
    Ok(Vec<u8>),
    /// The record goes on as these bytes, filed under these partition keys.
    Partitioned(Vec<u8>, Vec<(String, String)>),
    /// The record is to go no further, which is no failure.
    Dropped,
    /// The record goes to the error prefix, as it came.
    ProcessingFailed,
}

/// A function that looks at one record after the other, for
/// [`LambdaProcessor::new`](super::LambdaProcessor::new).
///
/// ```
/// use firehose_delivery::{DeliveryStreamConfig, LambdaProcessor, Transformed, for_each_record};
///
/// let function = for_each_record(|record| Transformed::Ok(record.data.to_ascii_uppercase()));
/// let arn = "arn:aws:lambda:us-east-1:000000000000:function:shout";
/// let config = DeliveryStreamConfig::new("s").transformed_by(LambdaProcessor::new(arn, function));
/// # config.validate().unwrap();
/// ```
pub fn for_each_record(
    function: impl Fn(&SourceRecord) -> Transformed + Send + Sync + 'static,
) -> Arc<dyn LambdaFunction> {
    Arc::new(ForEachRecord(function))
}

struct ForEachRecord<F>(F);

impl<F> fmt::Debug for ForEachRecord<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ForEachRecord")
    }
}

#[derive(Deserialize)]
struct Event {
    records: Vec<Given>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Given {
    record_id: String,
    approximate_arrival_timestamp: i64,
    data: String,
}

#[async_trait]
impl<F: Fn(&SourceRecord) -> Transformed + Send + Sync + 'static> LambdaFunction
    for ForEachRecord<F>
{
    async fn invoke(&self, event: Bytes) -> Result<Bytes, FunctionError> {
        let unread = |why: &dyn fmt::Display| FunctionError::new(format!("the event: {why}"));
        let event: Event = serde_json::from_slice(&event).map_err(|why| unread(&why))?;
        let mut answers = Vec::with_capacity(event.records.len());
        for Given { record_id, approximate_arrival_timestamp, data } in event.records {
            let data = STANDARD.decode(data).map_err(|why| unread(&why))?;
            let arrival =
                DateTime::from_timestamp_millis(approximate_arrival_timestamp).unwrap_or_default();
            answers.push(answer(record_id, (self.0)(&SourceRecord { data, arrival })));
        }
        Ok(json!({ "records": answers }).to_string().into())
    }
}

fn answer(record_id: String, made: Transformed) -> Value {
    let done = |data: Vec<u8>| json!({ "recordId": record_id, "result": "Ok", "data": STANDARD.encode(data) });
    match made {
        Transformed::Ok(data) => done(data),
        Transformed::Partitioned(data, keys) => {
            let keys: Map<String, Value> =
                keys.into_iter().map(|(name, value)| (name, value.into())).collect();
            let mut answer = done(data);
            answer["metadata"] = json!({ "partitionKeys": keys });
            answer
        }
        Transformed::Dropped => json!({ "recordId": record_id, "result": "Dropped" }),
        Transformed::ProcessingFailed => {
            json!({ "recordId": record_id, "result": "ProcessingFailed" })
        }
    }
}
