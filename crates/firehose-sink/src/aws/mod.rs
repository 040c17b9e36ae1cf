//! Sinks over the AWS SDK: Firehose and Kinesis Data Streams.
//!
//! What both have in common is here: how a client is set up, in one place, and what its errors
//! mean, in `errors`.
//!
//! - **The SDK's own retries are off.** It retries whole requests and tells nobody, so that a
//!   batch that was stored is stored again; and after some failures its retry budget is empty. The
//!   [`Producer`](crate::Producer) retries records instead, and counts.
//! - **Timeouts are explicit**: five seconds to connect, ten for the whole attempt. The SDK has no
//!   attempt timeout of its own.
//! - **Stalled-stream protection is off.** It would end an attempt that is slow but moves; the
//!   attempt timeout bounds every attempt already. Ten seconds for the 5.6 MB that a full batch
//!   takes on the wire need an uplink of 4.5 Mbit/s: over a slower one lower the limits, or bring
//!   a client with a longer timeout.

mod aggregation;
mod answer;
mod body;
mod check;
mod errors;
mod firehose;
mod kinesis;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use aws_config::{BehaviorVersion, SdkConfig, timeout::TimeoutConfig};
use aws_smithy_types::error::operation::BuildError;

pub use self::{firehose::AwsFirehoseSink, kinesis::AwsKinesisSink};
use crate::{PutError, PutErrorKind, Stored};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build()
}

/// The configuration of the environment. Without a region no call can succeed, and saying so at
/// once beats saying so for each batch.
async fn environment(stream: &str) -> Result<SdkConfig, PutError> {
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    if config.region().is_some() {
        return Ok(config);
    }
    Err(PutError::new(stream, PutErrorKind::Invalid, Stored::Nothing)
        .with_detail(errors::NO_REGION))
}

/// The endpoint that a configuration names, or else the environment for one service. Only for
/// words: the SDK finds its way by itself.
fn endpoint(config: &SdkConfig, service_variable: &str) -> Option<String> {
    let named = config.endpoint_url().map(str::to_owned);
    named.or_else(|| std::env::var(service_variable).ok())
}

/// Where a sink sends to, for the words of its errors.
#[derive(Debug)]
struct Target {
    stream: Arc<str>,
    /// What AWS calls such a stream.
    noun: &'static str,
    /// The command of the AWS CLI that lists such streams.
    list: &'static str,
    region: Option<String>,
    endpoint: Option<String>,
}

impl Target {
    fn error(&self, kind: PutErrorKind, stored: Stored) -> PutError {
        PutError::new(Arc::clone(&self.stream), kind, stored)
    }

    /// A request that could not even be put together.
    fn failed_build(&self, error: BuildError) -> PutError {
        self.error(PutErrorKind::Invalid, Stored::Nothing).with_source(error)
    }

    /// The count of failures in an answer may be wrong, the entries themselves count.
    fn check_entries(&self, entries: usize, records: usize) -> Result<(), PutError> {
        match entries == records {
            true => Ok(()),
            false => {
                Err(self.misfit(format!("the answer has {entries} entries for {records} records")))
            }
        }
    }

    /// An answer that does not fit its request: nothing in it can be believed.
    fn misfit(&self, detail: String) -> PutError {
        self.error(PutErrorKind::Unreadable, Stored::Maybe).with_detail(detail)
    }
}
