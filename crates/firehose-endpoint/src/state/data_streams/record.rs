//! What is kept of a data stream: everything but its records.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kinesis_stream::StreamLayout;
use serde::{Deserialize, Serialize};

use crate::{protocol::Caller, state::Named};

/// A data stream as it was asked for and resharded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct DataStreamRecord {
    pub(crate) name: String,
    pub(crate) caller: Caller,
    pub(crate) created: DateTime<Utc>,
    /// When CREATING ends.
    pub(crate) active_at: DateTime<Utc>,
    /// When UPDATING ends.
    pub(crate) updated_at: Option<DateTime<Utc>>,
    /// When DELETING ends, once the stream is being deleted.
    pub(crate) gone_at: Option<DateTime<Utc>>,
    pub(crate) on_demand: bool,
    pub(crate) retention_hours: u32,
    pub(crate) max_record_kib: u32,
    /// In order of their keys, as AWS lists them.
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) layout: StreamLayout,
}

impl Named for DataStreamRecord {
    fn is_gone(&self, now: DateTime<Utc>) -> bool {
        self.gone_at.is_some_and(|gone_at| gone_at <= now)
    }
}

impl DataStreamRecord {
    /// `CREATING`, `ACTIVE`, `UPDATING` or `DELETING`.
    pub(crate) fn status(&self, now: DateTime<Utc>) -> &'static str {
        if self.gone_at.is_some() {
            "DELETING"
        } else if now < self.active_at {
            "CREATING"
        } else if self.updated_at.is_some_and(|updated_at| now < updated_at) {
            "UPDATING"
        } else {
            "ACTIVE"
        }
    }

    /// Records that came before are forgotten.
    pub(crate) fn horizon(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now - chrono::TimeDelta::hours(i64::from(self.retention_hours))
    }

    pub(crate) fn arn(&self) -> String {
        self.caller.arn("kinesis", &format!("stream/{}", self.name))
    }

    /// `PROVISIONED` or `ON_DEMAND`.
    pub(crate) fn mode(&self) -> &'static str {
        if self.on_demand { "ON_DEMAND" } else { "PROVISIONED" }
    }
}
