//! The answers to puts, written by hand: half of a put's cost to its client is reading them.

use std::io::Write;

use bytes::Bytes;
use firehose_sink::{Outcome, RecordId};

/// Bytes of one entry of an answer, about.
const ENTRY: usize = 48;

/// `{"RecordId":"…","Encrypted":false}`
pub(super) fn put_record(id: &RecordId, encrypted: bool) -> Bytes {
    format!(r#"{{"RecordId":"{id}","Encrypted":{encrypted}}}"#).into()
}

/// One entry for each record, in order.
pub(super) fn put_record_batch(outcomes: &[Outcome], refused: usize, encrypted: bool) -> Bytes {
    let mut answer = Vec::with_capacity(80 + ENTRY * outcomes.len());
    // A write to memory does not fail.
    let _ = write!(
        answer,
        r#"{{"FailedPutCount":{refused},"Encrypted":{encrypted},"RequestResponses":["#
    );
    for (index, outcome) in outcomes.iter().enumerate() {
        if index > 0 {
            answer.push(b',');
        }
        entry(&mut answer, outcome);
    }
    answer.extend_from_slice(b"]}");
    answer.into()
}

fn entry(answer: &mut Vec<u8>, outcome: &Outcome) {
    // Ids are hexadecimal, so that they need no escaping; codes and messages might.
    let _ = match outcome {
        Outcome::Accepted(id) => write!(answer, r#"{{"RecordId":"{id}"}}"#),
        Outcome::Refused(refusal) => {
            let entry = serde_json::json!({
                "ErrorCode": &*refusal.code,
                "ErrorMessage": &*refusal.message,
            });
            write!(answer, "{entry}")
        }
        // An outcome that is new to us is no acceptance.
        _ => write!(answer, r#"{{"ErrorCode":"InternalFailure","ErrorMessage":""}}"#),
    };
}

#[cfg(test)]
mod tests {
    use firehose_sink::Refusal;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn each_record_has_its_entry() {
        let outcomes = [
            Outcome::Accepted(RecordId::numbered("ab".into(), 255)),
            Outcome::Refused(Refusal::slow_down()),
        ];
        let answer: Value = serde_json::from_slice(&put_record_batch(&outcomes, 1, true)).unwrap();
        let expected = json!({
            "FailedPutCount": 1, "Encrypted": true,
            "RequestResponses": [
                { "RecordId": "abff" },
                { "ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down." }
            ]
        });
        assert_eq!(answer, expected);
    }
}
