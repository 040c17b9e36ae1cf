//! What the measurements over the AWS wire have in common.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use captain_ratings::{JsonStyle, RatingGenerator, tutorial};

/// Calls that run at once.
pub(crate) const IN_FLIGHT: usize = 4;
/// Records in a call.
pub(crate) const BATCH: usize = 500;
/// Batches made beforehand: what is measured is the way, not the generator.
const PREPARED: usize = 20;

/// The tutorial's records as JSON, batch by batch, the same in each run.
pub(crate) fn prepared() -> Vec<Vec<Vec<u8>>> {
    let mut ratings = RatingGenerator::with_seed(42);
    let mut record = || {
        let mut json = Vec::with_capacity(128);
        ratings.draw().write_json(JsonStyle::Python, &mut json);
        json
    };
    (0..PREPARED).map(|_| (0..BATCH).map(|_| record()).collect()).collect()
}

/// The records of a batch that were refused, by the answer's word on each.
pub(crate) fn refused<R>(batch: Vec<R>, refused: impl Iterator<Item = bool>) -> Vec<R> {
    batch
        .into_iter()
        .zip(refused)
        .filter(|(_, refused)| *refused)
        .map(|(record, _)| record)
        .collect()
}

/// The SDK's configuration for an endpoint on this machine, and nothing from the environment.
pub(crate) fn config(url: &str) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "measure");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(tutorial::REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(url)
        .build()
}
