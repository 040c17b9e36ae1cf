//! Whose credentials, which region, which endpoint: AWS's configuration as the flags of a program say.

use aws_config::{BehaviorVersion, Region, SdkConfig};

/// Neither a flag nor the environment, the profile or the machine names a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRegion;

impl NoRegion {
    /// What to do about it.
    pub const HELP: &'static str =
        "add --region us-east-1, set AWS_REGION, or name a --profile that has one";
}

impl std::fmt::Display for NoRegion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no AWS region is set")
    }
}

impl std::error::Error for NoRegion {}

/// What a flag does not say is taken from where the AWS CLI takes it.
///
/// # Errors
///
/// [`NoRegion`].
pub async fn configuration(
    profile: Option<&str>,
    region: Option<&str>,
    endpoint_url: Option<&str>,
) -> Result<SdkConfig, NoRegion> {
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    if let Some(url) = endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let config = loader.load().await;
    if config.region().is_some() { Ok(config) } else { Err(NoRegion) }
}
