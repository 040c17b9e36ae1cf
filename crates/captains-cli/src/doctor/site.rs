//! Where requests go: region and endpoints, as the SDKs find them.

use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::imds::{self, region::ImdsRegionProvider};
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_types::service_config::ServiceConfigKey;

use super::{Check, Questions};

/// Off EC2 the metadata service does not answer, and the SDK would ask it for half a minute.
const METADATA_TIMEOUT: Duration = Duration::from_secs(1);
/// Where questions go when no region is known, so that at least the credentials are looked at.
const ASSUMED_REGION: &str = "us-east-1";

/// A service, as AWS names it in different places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Firehose,
    Glue,
    Kinesis,
    S3,
    Sts,
}

impl Service {
    /// In signatures and host names.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Firehose => "firehose",
            Self::Glue => "glue",
            Self::Kinesis => "kinesis",
            Self::S3 => "s3",
            Self::Sts => "sts",
        }
    }

    /// In the names of configuration keys, such as `AWS_ENDPOINT_URL_FIREHOSE`.
    fn id(self) -> &'static str {
        match self {
            Self::Firehose => "Firehose",
            Self::Glue => "Glue",
            Self::Kinesis => "Kinesis",
            Self::S3 => "S3",
            Self::Sts => "STS",
        }
    }
}

/// The configuration, and where its region came from.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) config: SdkConfig,
    pub(super) region: String,
    /// Whether anybody named that region.
    named: bool,
    endpoint_url: Option<String>,
    profile: Option<String>,
}

impl Site {
    pub(super) async fn load(questions: &Questions) -> Self {
        let metadata = imds::Client::builder()
            .connect_timeout(METADATA_TIMEOUT)
            .read_timeout(METADATA_TIMEOUT)
            .max_attempts(1)
            .build();
        let found = region(questions, metadata.clone()).await;
        let named = found.is_some();
        let region = found.unwrap_or_else(|| Region::from_static(ASSUMED_REGION));
        let mut chain =
            DefaultCredentialsChain::builder().imds_client(metadata).region(region.clone());
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).region(region.clone());
        if let Some(profile) = &questions.profile {
            chain = chain.profile_name(profile);
            loader = loader.profile_name(profile);
        }
        let config = loader.credentials_provider(chain.build().await).load().await;
        Self {
            config,
            region: region.to_string(),
            named,
            endpoint_url: questions.endpoint_url.clone(),
            profile: questions.profile.clone().or_else(|| std::env::var("AWS_PROFILE").ok()),
        }
    }

    /// The profile in use, where one is named.
    pub(super) fn profile(&self) -> Option<&str> {
        self.profile.as_deref()
    }

    pub(super) fn region_check(&self) -> Check {
        if self.named {
            return Check::ok("region", &self.region);
        }
        let found = format!("no AWS region is set; {ASSUMED_REGION} is assumed below");
        Check::fail("region", found, "add --region, set AWS_REGION, or give the profile a region")
            .ending(crate::ExitStatus::Usage)
    }

    /// The endpoint of a service where it is not AWS's own: by flag, by the service's variable or
    /// by the variable for all.
    pub(super) fn override_of(&self, service: Service) -> Option<String> {
        if let Some(url) = &self.endpoint_url {
            return Some(url.trim_end_matches('/').to_owned());
        }
        let key = ServiceConfigKey::builder()
            .service_id(service.id())
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build()
            .ok();
        let own = key.and_then(|key| self.config.service_config()?.load_config(key));
        let url = own.or_else(|| self.config.endpoint_url().map(str::to_owned))?;
        Some(url.trim_end_matches('/').to_owned())
    }

    /// Whether the service is at AWS, and not an endpoint of one's own.
    pub(super) fn is_aws(&self, service: Service) -> bool {
        let Some(url) = self.override_of(service) else { return true };
        let host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let host = host.split(['/', ':', '?']).next().unwrap_or_default();
        [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"].iter().any(|end| host.ends_with(end))
    }

    /// Where a service answers in a region. The domains are those of AWS's regions for all, for
    /// China and for the US government.
    pub(super) fn endpoint(&self, service: Service, region: &str) -> String {
        self.override_of(service).unwrap_or_else(|| {
            let domain =
                if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
            format!("https://{}.{region}.{domain}", service.name())
        })
    }
}

async fn region(questions: &Questions, metadata: imds::Client) -> Option<Region> {
    let mut profile = ProfileFileRegionProvider::builder();
    if let Some(name) = &questions.profile {
        profile = profile.profile_name(name);
    }
    RegionProviderChain::first_try(questions.region.clone().map(Region::new))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(profile.build())
        .or_else(ImdsRegionProvider::builder().imds_client(metadata).build())
        .region()
        .await
}
