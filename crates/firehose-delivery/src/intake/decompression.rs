//! Records of CloudWatch Logs: JSON in gzip, an envelope around log events.
//!
//! Sources: <https://docs.aws.amazon.com/firehose/latest/dev/writing-with-cloudwatch-logs-decompression.html>,
//! <https://docs.aws.amazon.com/firehose/latest/dev/Message_extraction.html>.

use std::{borrow::Cow, io::Read};

use flate2::read::MultiGzDecoder;
use serde::{Deserialize, de::IgnoredAny};

/// Bytes that a record may have once it is unpacked. A put takes 1,000 KiB; gzip makes it a
/// thousandth of what it was, if need be.
const MOST_UNPACKED: u64 = 16 * 1024 * 1024;

/// How the records of CloudWatch Logs are unpacked: AWS's processors `Decompression` and
/// `CloudWatchLogProcessing`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogDecompression {
    /// Takes the messages out of their envelope, each with a line feed behind it:
    /// `DataMessageExtraction`. Without it the record is the envelope.
    pub extract_messages: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(borrow)]
    message_type: Cow<'a, str>,
    #[serde(borrow)]
    log_events: Vec<LogEvent<'a>>,
}

#[derive(Deserialize)]
struct LogEvent<'a> {
    #[serde(borrow)]
    message: Cow<'a, str>,
}

impl LogDecompression {
    /// What is in a record.
    pub(super) fn unpack(self, record: &[u8]) -> Result<Vec<u8>, String> {
        let mut json = Vec::new();
        MultiGzDecoder::new(record)
            .take(MOST_UNPACKED + 1)
            .read_to_end(&mut json)
            .map_err(|why| format!("The record is not in gzip: {why}"))?;
        if json.len() as u64 > MOST_UNPACKED {
            return Err(format!("The record has more than {MOST_UNPACKED} bytes once unpacked"));
        }
        if !self.extract_messages {
            serde_json::from_slice::<IgnoredAny>(&json)
                .map_err(|why| format!("The record is not JSON in gzip: {why}"))?;
            return Ok(json);
        }
        let envelope: Envelope<'_> = serde_json::from_slice(&json)
            .map_err(|why| format!("The record is not of CloudWatch Logs: {why}"))?;
        // What CloudWatch Logs sends to see whether anybody is there has no messages of anybody.
        if envelope.message_type == "CONTROL_MESSAGE" {
            return Ok(Vec::new());
        }
        let messages = envelope.log_events.iter();
        Ok(messages.flat_map(|event| event.message.bytes().chain([b'\n'])).collect())
    }
}
