//! What an endpoint is told when it is built.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use firehose_delivery::{Clock, Durability, Observer, TimestampType};
use kinesis_stream::ShardLimits;

use crate::{FaultRule, LambdaHook};

/// How callers prove who they are.
#[derive(Clone, Default)]
pub(crate) enum Auth {
    /// Signatures are parsed for region and account, and not verified.
    #[default]
    Off,
    /// Signatures are verified: access key id to secret.
    Verify(BTreeMap<String, String>),
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Off => "Off",
            Self::Verify(_) => "Verify",
        })
    }
}

/// How long an object is tried for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryFor {
    /// 24 hours; those of partitions as their stream says.
    AsAws,
    /// This long, whatever streams say; none: for ever.
    Given(Option<Duration>),
}

/// What an endpoint is told when it is built.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// None: a temporary directory that goes with the endpoint.
    pub(crate) data_dir: Option<PathBuf>,
    /// Region of callers that sign nothing.
    pub(crate) region: String,
    /// Account of callers whose access key id is not an account.
    pub(crate) account: String,
    pub(crate) clock: Clock,
    pub(crate) auth: Auth,
    /// Names that `Host` may carry besides loopback names and addresses.
    pub(crate) host_names: Vec<String>,
    /// Overrides every stream's size hint, in bytes.
    pub(crate) buffer_size: Option<usize>,
    /// Overrides every stream's interval.
    pub(crate) buffer_interval: Option<Duration>,
    /// Accepts the tutorial's 1 MB with conversion.
    pub(crate) relaxed: bool,
    /// What `timestamp` columns are in Parquet objects.
    pub(crate) timestamps: TimestampType,
    pub(crate) retry_for: RetryFor,
    /// What an acknowledged record survives; none: nothing.
    pub(crate) durability: Option<Durability>,
    /// Bytes of records that may wait in each stream; none: as many as the engine says.
    pub(crate) undelivered_limit: Option<usize>,
    /// How long a stream stays in CREATING and in DELETING.
    pub(crate) transition: Duration,
    /// What a shard takes and gives in a second; none: whatever comes.
    pub(crate) shard_limits: Option<ShardLimits>,
    pub(crate) faults: Vec<FaultRule>,
    /// What stands for Lambda functions.
    pub(crate) lambdas: Vec<LambdaHook>,
    /// Told about every delivery of every stream.
    pub(crate) observer: Observer,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data_dir: None,
            region: "us-east-1".to_owned(),
            account: "000000000000".to_owned(),
            clock: Clock::system(),
            auth: Auth::Off,
            host_names: Vec::new(),
            buffer_size: None,
            buffer_interval: None,
            relaxed: false,
            timestamps: TimestampType::default(),
            retry_for: RetryFor::AsAws,
            durability: None,
            undelivered_limit: None,
            transition: Duration::ZERO,
            shard_limits: Some(ShardLimits::AWS),
            faults: Vec::new(),
            lambdas: Vec::new(),
            observer: Observer::silent(),
        }
    }
}
