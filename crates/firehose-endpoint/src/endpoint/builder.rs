//! Settings on their way to an endpoint.

use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use firehose_delivery::{Clock, Durability, Observer, TimestampType};
use kinesis_stream::ShardLimits;
use tempfile::TempDir;

use super::Endpoint;
use crate::{
    Error, FaultRule, LambdaHook, firehose,
    server::Router,
    settings::{Auth, RetryFor, Settings},
    state::{OWN_FOLDER, State},
};

/// Settings on their way to an [`Endpoint`].
#[derive(Debug, Default)]
#[must_use]
pub struct EndpointBuilder {
    settings: Settings,
}

impl EndpointBuilder {
    /// Sets where objects and the endpoint's own state are kept; it is made if need be. Without
    /// it: a temporary directory that goes with the endpoint.
    pub fn data_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.data_dir = Some(path.into());
        self
    }

    /// Sets the region of callers whose requests name none. Default `us-east-1`.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.settings.region = region.into();
        self
    }

    /// Sets the account (twelve digits) of callers whose access key id is not one itself. Default
    /// `000000000000`.
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.settings.account = account.into();
        self
    }

    /// Sets the clock that arrival times, keys and signatures are judged by.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.settings.clock = clock;
        self
    }

    /// Verifies every signature with these keys: access key id to secret. Without it any
    /// credentials will do.
    pub fn verifying(mut self, keys: BTreeMap<String, String>) -> Self {
        self.settings.auth = Auth::Verify(keys);
        self
    }

    /// Adds a name that the `Host` header may carry, with its sub-domains, besides those of this
    /// machine.
    pub fn host_name(mut self, name: impl Into<String>) -> Self {
        self.settings.host_names.push(name.into());
        self
    }

    /// Sets the bytes at which a buffer goes out, whatever the streams' own hints say.
    pub fn buffer_size(mut self, bytes: usize) -> Self {
        self.settings.buffer_size = Some(bytes);
        self
    }

    /// Sets the age at which a buffer goes out, whatever the streams' own hints say.
    pub fn buffer_interval(mut self, interval: Duration) -> Self {
        self.settings.buffer_interval = Some(interval);
        self
    }

    /// Accepts a `SizeInMBs` below 64 with conversion, as the tutorial has it and AWS refuses it.
    pub fn relaxed(mut self, relaxed: bool) -> Self {
        self.settings.relaxed = relaxed;
        self
    }

    /// Writes `timestamp` columns as INT96, as AWS does. Default: INT64 with microseconds.
    pub fn int96_timestamps(mut self, int96: bool) -> Self {
        let timestamps = [TimestampType::Int64Micros, TimestampType::Int96];
        self.settings.timestamps = timestamps[usize::from(int96)];
        self
    }

    /// Sets how long an object that the bucket refuses is tried for, before its records are given
    /// up, whatever streams say; none: for ever. Default: as AWS does it, 24 hours, and for the
    /// objects of partitions the `RetryOptions` of their stream.
    pub fn retry_for(mut self, time: Option<Duration>) -> Self {
        self.settings.retry_for = RetryFor::Given(time);
        self
    }

    /// Sets what a record survives that was acknowledged with 200: it is kept in the data directory
    /// until its object stands, and delivered by the next endpoint on that directory if need be.
    /// None, the default: it is in memory, and survives nothing but [`Endpoint::close`].
    pub fn durability(mut self, durability: Option<Durability>) -> Self {
        self.settings.durability = durability;
        self
    }

    /// Sets how many bytes of records may wait in each stream, in its buffers and on their way;
    /// beyond it puts wait, and are then told to slow down. Default: four buffers and 16 MiB.
    pub fn undelivered_limit(mut self, bytes: usize) -> Self {
        self.settings.undelivered_limit = Some(bytes);
        self
    }

    /// Sets how long a stream stays in CREATING and in DELETING. Default: no time.
    pub fn transition(mut self, transition: Duration) -> Self {
        self.settings.transition = transition;
        self
    }

    /// Leaves out what a shard takes and gives in a second. Default: AWS's limits hold, and whoever
    /// exceeds them gets `ProvisionedThroughputExceededException`.
    pub fn without_shard_limits(mut self, without: bool) -> Self {
        self.settings.shard_limits = (!without).then_some(ShardLimits::AWS);
        self
    }

    /// Tells `observer` about every delivery of every stream.
    pub fn observed_by(mut self, observer: Observer) -> Self {
        self.settings.observer = observer;
        self
    }

    /// Adds what stands for a Lambda function: processors of delivery streams may name it.
    pub fn lambda(mut self, hook: LambdaHook) -> Self {
        self.settings.lambdas.push(hook);
        self
    }

    /// Adds a fault to inject.
    pub fn fault(mut self, rule: FaultRule) -> Self {
        self.settings.faults.push(rule);
        self
    }

    /// Builds the endpoint: reads back what is kept in the data directory and opens its streams.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] for a setting that breaks a rule, [`Error::InUse`] when another process
    /// has the data directory, [`Error::DataDirectory`] and [`Error::Damaged`] with the file.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub async fn build(self) -> Result<Endpoint, Error> {
        check(&self.settings)?;
        let data = DataDirectory::open(self.settings.data_dir.as_deref())?;
        let state = Arc::new(State::open(self.settings, &data.path).await?);
        firehose::reopen(&state).await?;
        let router = Arc::new(Router::new(Arc::clone(&state)));
        Ok(Endpoint { router, state, _data: Arc::new(data) })
    }
}

fn check(settings: &Settings) -> Result<(), Error> {
    let refuse = |setting, problem: String| Err(Error::Setting { setting, problem });
    let account = &settings.account;
    if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
        return refuse("account", format!("`{account}` must have twelve digits"));
    }
    let region = &settings.region;
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if region.is_empty() || !region.bytes().all(letter) {
        return refuse("region", format!("`{region}` must look like `us-east-1`"));
    }
    if settings.undelivered_limit == Some(0) {
        return refuse("undelivered_limit", "must be at least 1 byte".to_owned());
    }
    if settings.buffer_size == Some(0) {
        return refuse("buffer_size", "must be at least 1 byte".to_owned());
    }
    Ok(())
}

/// The data directory, held against other processes for as long as the endpoint lives.
#[derive(Debug)]
pub(super) struct DataDirectory {
    path: PathBuf,
    _lock: File,
    _temporary: Option<TempDir>,
}

impl DataDirectory {
    fn open(path: Option<&Path>) -> Result<Self, Error> {
        let (path, temporary) = match path {
            Some(path) => (path.to_owned(), None),
            None => {
                let failed = |source| Error::DataDirectory { path: std::env::temp_dir(), source };
                let made = tempfile::Builder::new().prefix("firehose-local-").tempdir();
                let made = made.map_err(failed)?;
                (made.path().to_owned(), Some(made))
            }
        };
        let own = path.join(OWN_FOLDER);
        let failed = |source| Error::DataDirectory { path: own.clone(), source };
        fs::create_dir_all(&own).map_err(failed)?;
        let lock = File::create(own.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock, _temporary: temporary }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse { path }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}
