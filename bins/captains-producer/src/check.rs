//! The stream before the first record: is it there, does it take records, and whose is it?

use firehose_sink::{FirehoseSink, Health, PutErrorKind};
use serde_json::{Value, json};

use crate::{Args, TargetUri, cost, source::Source};

/// Records whose mean size stands for all.
const SAMPLE: usize = 200;

/// The stream is there and takes no records.
#[derive(Debug, thiserror::Error)]
#[error("the stream of {to} is {status}, not ACTIVE")]
pub(crate) struct NotActive {
    to: TargetUri,
    status: String,
}

/// A stream that was found and takes records.
pub(crate) struct Found {
    to: TargetUri,
    health: Health,
}

/// Asks the stream. Nothing when it cannot tell: then the first record does.
pub(crate) async fn stream(
    sink: &dyn FirehoseSink,
    to: &TargetUri,
) -> anyhow::Result<Option<Found>> {
    let health = match sink.check().await {
        Ok(Some(health)) => health,
        Ok(None) => return Ok(None),
        // What a record would meet as well.
        Err(error)
            if matches!(
                error.kind(),
                PutErrorKind::NotFound | PutErrorKind::Network | PutErrorKind::Timeout
            ) =>
        {
            return Err(error.into());
        }
        // Credentials may allow to send and not to ask, and some endpoints only know how to take.
        Err(_) => return Ok(None),
    };
    let to = to.clone();
    match health.is_active() {
        true => Ok(Some(Found { to, health })),
        false => Err(NotActive { to, status: health.status }.into()),
    }
}

impl Found {
    /// Where it is, said so that nobody overlooks it.
    pub(crate) fn line(&self) -> String {
        let colour = if self.health.is_aws() { 33 } else { 36 };
        let Health { status, .. } = &self.health;
        format!("\x1b[1;{colour}m{}\x1b[0m: {} is {status}", self.health, self.to)
    }

    /// The same for scripts.
    pub(crate) fn document(&self) -> Value {
        json!({
            "event": "target",
            "to": self.to.to_string(),
            "aws": self.health.is_aws(),
            "status": self.health.status,
            "arn": self.health.arn,
            "region": self.health.region(),
            "account": self.health.account(),
            "endpoint": self.health.endpoint,
        })
    }

    /// What it will cost, where it costs anything.
    pub(crate) fn cost(&self, args: &Args, mut like: Source) -> Option<String> {
        if !self.health.is_aws() || !matches!(self.to, TargetUri::Firehose(_)) {
            return None;
        }
        let bytes: usize = like.next(SAMPLE).map(|record| record.len()).sum();
        Some(cost::estimate(args, bytes / SAMPLE))
    }
}
