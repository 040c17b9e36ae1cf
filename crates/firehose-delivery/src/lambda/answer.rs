//! The answer of a function: what is to become of each record. Pure.

use std::{borrow::Cow, collections::BTreeMap};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;

use super::event::RecordIds;

/// What a function made of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The record goes on, as this, with these partition keys.
    Ok {
        data: Vec<u8>,
        keys: Vec<(String, Option<String>)>,
    },
    Dropped,
    Failed(Fault),
}

/// AWS's name for a failure, and its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) code: &'static str,
    pub(super) message: &'static str,
}

/// The function failed, or could not be called.
pub(super) const FUNCTION_ERROR: Fault = Fault {
    code: "Lambda.FunctionError",
    message: "The Lambda function was successfully invoked but it returned an error result.",
};
/// The function took longer than Firehose waits.
pub(super) const TIMED_OUT: Fault = Fault {
    code: "Lambda.FunctionTimedOut",
    message: "Firehose encountered timeout errors when calling AWS Lambda. The maximum supported \
              function timeout is 5 minutes.",
};
const NOT_READ: Fault = Fault {
    code: "Lambda.JsonProcessingException",
    message: "There was an error parsing returned records from the Lambda function. Ensure that \
              the returned records follow the status model required by Firehose.",
};
const MISSING: Fault = Fault {
    code: "Lambda.MissingRecordId",
    message: "One or more record Ids were not returned. Ensure that the Lambda function returns \
              all received record Ids.",
};
const DUPLICATED: Fault = Fault {
    code: "Lambda.DuplicatedRecordId",
    message: "Multiple records were returned with the same record Id. Ensure that the Lambda \
              function returns a unique record Id for each record.",
};
const PROCESSING_FAILED: Fault = Fault {
    code: "Lambda.ProcessingFailedStatus",
    message: "ProcessingFailed status set for record",
};
const NO_DATA: Fault = Fault {
    code: "Lambda.InvalidReturnFormat",
    message: "The data field cannot be null when the SourceType is DirectPut or \
              KinesisStreamAsSource and processing result is Ok. The value field cannot be null \
              when the SourceType is MSKAsSource and processing result is Ok.",
};

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    records: Option<Vec<Returned<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Returned<'a> {
    #[serde(borrow, default)]
    record_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    result: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    data: Option<Cow<'a, str>>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    partition_keys: Option<BTreeMap<String, Value>>,
}

/// What a function says when it fails, where there is no header for it: an object with
/// `errorMessage` and without records, as Lambda's own runtimes print it.
pub(super) fn error_message(answer: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Failure {
        error_message: Value,
        #[serde(default)]
        records: Option<IgnoredAny>,
    }
    let failure: Failure = serde_json::from_slice(answer).ok()?;
    let message = Some(failure.error_message).filter(|_| failure.records.is_none())?;
    Some(message.as_str().map_or_else(|| message.to_string(), str::to_owned))
}

/// What becomes of each of `count` records. An answer that keeps to no form at all, a `result` that
/// is none, or data that is not base64 fails all of them, as at AWS.
pub(super) fn read(answer: &[u8], ids: RecordIds, count: usize) -> Vec<Verdict> {
    let all = |fault| vec![Verdict::Failed(fault); count];
    let returned = match serde_json::from_slice::<Answer<'_>>(answer) {
        Ok(answer) => answer.records.unwrap_or_default(),
        // JSON of another kind returns no record; what is no JSON, or has records of another form,
        // cannot be read.
        Err(_) if has_no_records(answer) => Vec::new(),
        Err(_) => return all(NOT_READ),
    };
    let mut verdicts = vec![Verdict::Failed(MISSING); count];
    for one in returned {
        // An id that was not given out says nothing about any record.
        let Some(index) = one.record_id.as_deref().and_then(|id| ids.index(id)) else { continue };
        let Ok(verdict) = verdict(one) else { return all(FUNCTION_ERROR) };
        match verdicts.get_mut(index) {
            Some(missing @ Verdict::Failed(MISSING)) => *missing = verdict,
            Some(twice) => *twice = Verdict::Failed(DUPLICATED),
            None => {}
        }
    }
    verdicts
}

fn has_no_records(answer: &[u8]) -> bool {
    match serde_json::from_slice::<Value>(answer) {
        Ok(Value::Object(members)) => !matches!(members.get("records"), Some(Value::Array(_))),
        Ok(_) => true,
        Err(_) => false,
    }
}

/// What was said of one record; nothing when it makes the whole answer worthless.
fn verdict(one: Returned<'_>) -> Result<Verdict, ()> {
    match one.result.as_deref() {
        Some("Ok") => {
            let Some(data) = one.data else { return Ok(Verdict::Failed(NO_DATA)) };
            let data = STANDARD.decode(data.as_bytes()).map_err(|_| ())?;
            let keys = one.metadata.and_then(|metadata| metadata.partition_keys);
            let keys = keys.into_iter().flatten().map(|(name, value)| (name, text(&value)));
            Ok(Verdict::Ok { data, keys: keys.collect() })
        }
        Some("Dropped") => Ok(Verdict::Dropped),
        Some("ProcessingFailed") => Ok(Verdict::Failed(PROCESSING_FAILED)),
        _ => Err(()),
    }
}

/// The text of a partition key, if it has one.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use kinesis_stream::ShardId;

    use super::*;
    use crate::{
        LambdaProcessor, Transformed, for_each_record,
        lambda::{Origin, event, raw::tests::sealed},
    };

    /// What is read of an answer about three records; `<n>` stands for the id of record n.
    fn verdicts(answer: &str) -> Vec<Verdict> {
        let raw = sealed(&[b"a", b"b", b"c"]);
        let ids = RecordIds::of(&raw);
        let written =
            (0..4).fold(answer.to_owned(), |text, n| text.replace(&format!("<{n}>"), &ids.id(n)));
        read(written.as_bytes(), ids, 3)
    }

    fn ok(data: &str) -> Verdict {
        Verdict::Ok { data: data.as_bytes().to_vec(), keys: Vec::new() }
    }

    #[test]
    fn each_record_has_its_own_answer() {
        let told = verdicts(
            r#"{"records":[{"recordId":"<2>","result":"Dropped","data":"ignored"},
              {"recordId":"<0>","result":"Ok","data":"eA==","metadata":{"partitionKeys":
              {"a":"x","b":7,"c":null,"d":""}}},
              {"recordId":"<1>","result":"ProcessingFailed","data":null}]}"#,
        );
        let keys = [("a", Some("x")), ("b", Some("7")), ("c", None), ("d", None)];
        let keys = keys.map(|(key, value)| (key.to_owned(), value.map(str::to_owned))).into();
        let expected = Verdict::Ok { data: b"x".to_vec(), keys };
        assert_eq!(told, [expected, Verdict::Failed(PROCESSING_FAILED), Verdict::Dropped]);
    }

    #[test]
    fn section_5_7_what_is_wrong_with_an_answer_is_told_of_each_record() {
        let missing = Verdict::Failed(MISSING);
        let all = |fault| vec![Verdict::Failed(fault); 3];
        let one = |first: Verdict| vec![first, missing.clone(), missing.clone()];
        let table = [
            ("not JSON", all(NOT_READ)),
            ("", all(NOT_READ)),
            (r#"{"records":[{"recordId":1}]}"#, all(NOT_READ)),
            (r#"{"records":["x"]}"#, all(NOT_READ)),
            ("{}", all(MISSING)),
            ("null", all(MISSING)),
            ("[1]", all(MISSING)),
            (r#"{"records":null}"#, all(MISSING)),
            (r#"{"records":{}}"#, all(MISSING)),
            (r#"{"records":[]}"#, all(MISSING)),
            // An id that is unknown, one beyond the records, and none at all.
            (r#"{"records":[{"recordId":"x","result":"Ok","data":""}]}"#, all(MISSING)),
            (r#"{"records":[{"recordId":"<3>","result":"Ok","data":""}]}"#, all(MISSING)),
            (r#"{"records":[{"result":"Ok","data":""}]}"#, all(MISSING)),
            (r#"{"records":[{"recordId":"<0>","result":"Ok","data":""}]}"#, one(ok(""))),
            (r#"{"records":[{"recordId":"<0>","result":"Ok"}]}"#, one(Verdict::Failed(NO_DATA))),
            (
                r#"{"records":[{"recordId":"<0>","result":"Ok","data":"eA=="},
                  {"recordId":"<0>","result":"Dropped"},{"recordId":"<0>","result":"Dropped"}]}"#,
                one(Verdict::Failed(DUPLICATED)),
            ),
            (r#"{"records":[{"recordId":"<0>","result":"OK","data":""}]}"#, all(FUNCTION_ERROR)),
            (r#"{"records":[{"recordId":"<0>","data":""}]}"#, all(FUNCTION_ERROR)),
            (r#"{"records":[{"recordId":"<0>","result":"Ok","data":"%"}]}"#, all(FUNCTION_ERROR)),
        ];
        for (answer, expected) in table {
            assert_eq!(verdicts(answer), expected, "{answer}");
        }
    }

    #[test]
    fn a_runtimes_word_of_a_failure_is_known() {
        let table = [
            (r#"{"errorMessage":"boom","errorType":"E"}"#, Some("boom")),
            (r#"{"errorMessage":7}"#, Some("7")),
            (r#"{"errorMessage":"x","records":[]}"#, None),
            (r"{}", None),
            ("boom", None),
        ];
        for (answer, expected) in table {
            assert_eq!(error_message(answer.as_bytes()).as_deref(), expected, "{answer}");
        }
    }

    #[test]
    fn an_event_has_firehoses_members_and_its_size_is_foreseen() {
        let records: [&[u8]; 4] = [b"", b"a", "ü\"\\".as_bytes(), &[0xff; 1000]];
        let arn = "arn:aws:firehose:eu-west-1:123456789012:deliverystream/s";
        let function = for_each_record(|_| Transformed::Dropped);
        let put = LambdaProcessor::new("arn:f", function).called_by(arn);
        let read =
            put.clone().reading(Some("arn:aws:kinesis:eu-west-1:123456789012:stream/d".into()));
        // Any character of a partition key may be six as JSON.
        let origin = Origin {
            shard: ShardId(u32::MAX),
            partition_key: "\u{1}".repeat(256),
            sequence_number: "9".repeat(56).parse().unwrap(),
            subsequence_number: u64::MAX,
            arrival: DateTime::UNIX_EPOCH,
        };
        for (lambda, origin, members) in [(put, None, 3), (read, Some(origin), 4)] {
            let mut raw = sealed(&records);
            raw.origins = vec![origin.clone(); records.len()];
            let bytes = event::write(&raw, &lambda, "s");
            let event: Value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(event["deliveryStreamArn"], arn);
            assert_eq!(event["region"], "eu-west-1");
            assert_eq!(event["sourceKinesisStreamArn"].is_string(), members == 4);
            let ids = RecordIds::of(&raw);
            for (index, record) in records.iter().enumerate() {
                let told = &event["records"][index];
                assert_eq!(told["data"], STANDARD.encode(record));
                assert_eq!(told["approximateArrivalTimestamp"], 1_641_621_859_000_i64);
                let id = told["recordId"].as_str().unwrap();
                assert_eq!((id.len(), ids.index(id)), (62, Some(index)));
                assert_eq!(told.as_object().unwrap().len(), members, "{told}");
            }
            let again = event::write(&raw, &lambda, "s");
            let again: Value = serde_json::from_slice(&again).unwrap();
            assert_ne!(event["invocationId"], again["invocationId"]);
            assert_eq!(event["records"], again["records"]);
            let size = |record: &&[u8]| event::record_bytes(record.len(), origin.as_ref());
            let foreseen: usize = records.iter().map(size).sum();
            assert!(bytes.len() <= foreseen + event::HEAD_BYTES, "{}", bytes.len());
        }
    }
}
