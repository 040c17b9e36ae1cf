//! What is kept of a delivery stream.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::SourceRecord;
use crate::{protocol::Caller, state::Named};

/// A delivery stream as it was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StreamRecord {
    pub(crate) name: String,
    pub(crate) caller: Caller,
    pub(crate) created: DateTime<Utc>,
    pub(crate) updated: Option<DateTime<Utc>>,
    /// When CREATING ends.
    pub(crate) active_at: DateTime<Utc>,
    /// When DELETING ends, once the stream is being deleted.
    pub(crate) gone_at: Option<DateTime<Utc>>,
    /// From 1; goes up with each UpdateDestination.
    pub(crate) version: u32,
    /// The extended S3 destination with its defaults filled in, in the names of the request.
    pub(crate) destination: Value,
    pub(crate) throughput_hint_mbs: Option<u64>,
    pub(crate) encryption: Encryption,
    /// In order of their keys, as AWS lists them.
    pub(crate) tags: BTreeMap<String, String>,
    /// None: records are put.
    #[serde(default)]
    pub(crate) source: Option<SourceRecord>,
}

/// Server-side encryption of the stream: what was asked for. Records are not encrypted here.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Encryption {
    pub(crate) enabled: bool,
    pub(crate) key_type: Option<String>,
    pub(crate) key_arn: Option<String>,
}

impl Named for StreamRecord {
    fn is_gone(&self, now: DateTime<Utc>) -> bool {
        self.gone_at.is_some_and(|gone_at| gone_at <= now)
    }
}

impl StreamRecord {
    /// `CREATING`, `ACTIVE` or `DELETING`.
    pub(crate) fn status(&self, now: DateTime<Utc>) -> &'static str {
        if self.gone_at.is_some() {
            "DELETING"
        } else if now < self.active_at {
            "CREATING"
        } else {
            "ACTIVE"
        }
    }

    pub(crate) fn is_active(&self, now: DateTime<Utc>) -> bool {
        self.status(now) == "ACTIVE"
    }

    pub(crate) fn arn(&self) -> String {
        self.caller.arn("firehose", &format!("deliverystream/{}", self.name))
    }
}
