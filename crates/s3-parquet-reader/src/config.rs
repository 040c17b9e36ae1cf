//! Loads the AWS configuration as AWS's own tools do, without their patience for what is not there.
//!
//! Off EC2 the instance metadata service does not answer, and the SDK asks four times for the
//! region and four times for credentials. Here each step of each is tried once and has one second;
//! on EC2 it takes milliseconds. `AWS_EC2_METADATA_DISABLED=true` leaves it out altogether.

use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::imds::{self, region::ImdsRegionProvider};
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::on_demand::OnDemand;
use crate::options::ReadOptions;
use crate::s3::DEFAULT_REGION;

/// How long the metadata service may take to accept a connection, and then to answer.
const METADATA_TIMEOUT: Duration = Duration::from_secs(1);
/// How often it is asked for one thing.
const METADATA_ATTEMPTS: u32 = 1;

/// Loads the configuration that `options` ask for; what they leave open comes from the
/// environment and the files in `~/.aws`. Credentials are those of the SDK's default chain, and
/// are not asked for yet.
pub(crate) async fn load(options: &ReadOptions) -> SdkConfig {
    let http = SharedHttpClient::new(OnDemand::default());
    let providers = ProviderConfig::default().with_http_client(http);
    let metadata = imds::Client::builder()
        .configure(&providers)
        .connect_timeout(METADATA_TIMEOUT)
        .read_timeout(METADATA_TIMEOUT)
        .max_attempts(METADATA_ATTEMPTS)
        .build();
    let region = region(options, metadata.clone()).await;
    if options.anonymous {
        return anonymous(options, region).await;
    }
    let mut chain = DefaultCredentialsChain::builder()
        .configure(providers)
        .imds_client(metadata)
        .region(region.clone());
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).region(region);
    if let Some(profile) = &options.profile {
        chain = chain.profile_name(profile);
        loader = loader.profile_name(profile);
    }
    if let Some(endpoint) = &options.endpoint_url {
        loader = loader.endpoint_url(endpoint);
    }
    loader.credentials_provider(chain.build().await).load().await
}

/// Without credentials, and without looking for any.
async fn anonymous(options: &ReadOptions, region: Region) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).region(region);
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(endpoint) = &options.endpoint_url {
        loader = loader.endpoint_url(endpoint);
    }
    loader.no_credentials().load().await
}

/// The region of the options, the environment, the profile, or the machine on EC2; else the
/// default. There is always one, because the SDK would look for it anew, with patience, in each of
/// its providers that has none.
async fn region(options: &ReadOptions, metadata: imds::Client) -> Region {
    let mut profile = ProfileFileRegionProvider::builder();
    if let Some(name) = &options.profile {
        profile = profile.profile_name(name);
    }
    RegionProviderChain::first_try(options.region.clone().map(Region::new))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(profile.build())
        .or_else(ImdsRegionProvider::builder().imds_client(metadata).build())
        .region()
        .await
        .unwrap_or_else(|| Region::from_static(DEFAULT_REGION))
}
