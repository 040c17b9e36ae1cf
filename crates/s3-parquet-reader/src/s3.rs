//! An AWS configuration becomes an object store: region, endpoint, addressing style, credentials.
//!
//! The configuration itself is aws-config's, so profiles, SSO, roles and the environment work as
//! they do in AWS's own tools: `config.rs` loads it. Credentials cross over in `credentials.rs`; time
//! limits and retries stand in `http.rs`.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use object_store::aws::{AmazonS3, AmazonS3Builder};

use crate::credentials::SdkCredentials;
use crate::error::Error;
use crate::http;
use crate::options::ReadOptions;

/// Where requests go when nothing names a region, as with the older AWS tools.
pub(crate) const DEFAULT_REGION: &str = "us-east-1";

/// The store of one bucket.
pub(crate) fn store(
    config: &SdkConfig,
    bucket: &str,
    options: &ReadOptions,
) -> Result<AmazonS3, Error> {
    let connection = Connection::new(config, bucket, options);
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(&connection.region)
        .with_client_options(http::client_options().with_allow_http(connection.allow_http()))
        .with_http_connector(http::Connector::to(connection.endpoint.as_deref()))
        .with_retry(http::retries())
        .with_request_payer(options.requester_pays)
        .with_virtual_hosted_style_request(!connection.path_style);
    if let Some(endpoint) = &connection.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    builder = match config.credentials_provider().filter(|_| !options.anonymous) {
        Some(provider) => {
            let who = who(options);
            builder.with_credentials(Arc::new(SdkCredentials::new(provider, who)))
        }
        // A public bucket: the options say so, or the caller's `no_credentials()`.
        None => builder.with_skip_signature(true),
    };
    builder.build().map_err(|error| Error::Location {
        location: format!("s3://{bucket}"),
        reason: error.to_string(),
    })
}

/// The credentials' owner, for messages.
pub(crate) fn who(options: &ReadOptions) -> String {
    match options.profile.clone().or_else(|| std::env::var("AWS_PROFILE").ok()) {
        Some(profile) => format!("profile `{profile}`"),
        None => "default chain".to_owned(),
    }
}

/// How to reach a bucket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) region: String,
    pub(crate) endpoint: Option<String>,
    pub(crate) path_style: bool,
}

impl Connection {
    pub(crate) fn new(config: &SdkConfig, bucket: &str, options: &ReadOptions) -> Self {
        let region = options.region.clone().or_else(|| config.region().map(ToString::to_string));
        let region = region.unwrap_or_else(|| DEFAULT_REGION.to_owned());
        let endpoint = options.endpoint_url.clone().or_else(|| endpoint_of(config));
        // An endpoint of one's own rarely has a name for each bucket, and an address cannot have
        // one. A dot in the bucket's name breaks TLS's wildcard.
        let path_style = endpoint.is_some() || bucket.contains('.');
        // object_store knows only the domain of the `aws` partition.
        let endpoint = endpoint.or_else(|| {
            let domain = region.starts_with("cn-").then_some("amazonaws.com.cn")?;
            let host = if path_style { String::new() } else { format!("{bucket}.") };
            Some(format!("https://{host}s3.{region}.{domain}"))
        });
        Self { region, endpoint, path_style }
    }

    /// Plain HTTP only where the endpoint says so in as many words.
    pub(crate) fn allow_http(&self) -> bool {
        self.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"))
    }
}

/// The endpoint as the SDK's S3 client finds it: set in code, else for S3 in the environment or
/// the profile, else for all services.
pub(crate) fn endpoint_of(config: &SdkConfig) -> Option<String> {
    let for_all = || config.endpoint_url().map(str::to_owned);
    if config.get_origin("endpoint_url").is_client_config() {
        return for_all();
    }
    let key = ServiceConfigKey::builder()
        .service_id("S3")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok();
    let for_s3 = key.and_then(|key| config.service_config()?.load_config(key));
    for_s3.or_else(for_all)
}

#[cfg(test)]
mod tests {
    use aws_config::Region;

    use super::*;

    fn check(bucket: &str, options: &ReadOptions, region: &str, endpoint: &str, path_style: bool) {
        let config = SdkConfig::builder().region(Region::new("eu-west-1")).build();
        let endpoint = Some(endpoint.to_owned()).filter(|e| !e.is_empty());
        let want = Connection { region: region.to_owned(), endpoint, path_style };
        assert_eq!(Connection::new(&config, bucket, options), want, "{bucket} {options:?}");
    }

    #[test]
    fn options_and_bucket_decide_how_s3_is_addressed() {
        let plain = ReadOptions::default();
        let local = plain.clone().with_endpoint_url("http://127.0.0.1:4566");
        let china = plain.clone().with_region("cn-north-1");
        check("captains-rating", &plain, "eu-west-1", "", false);
        check("captains.rating", &plain, "eu-west-1", "", true);
        check("captains-rating", &local, "eu-west-1", "http://127.0.0.1:4566", true);
        let virtual_hosted = "https://b.s3.cn-north-1.amazonaws.com.cn";
        check("b", &china, "cn-north-1", virtual_hosted, false);
        check("b.c", &china, "cn-north-1", "https://s3.cn-north-1.amazonaws.com.cn", true);
    }

    #[test]
    fn the_endpoint_of_the_configuration_counts_unless_the_options_have_one() {
        let config = SdkConfig::builder().endpoint_url("http://minio:9000").build();
        let plain = ReadOptions::default();
        let connection = Connection::new(&config, "b", &plain);
        assert_eq!(connection.endpoint.as_deref(), Some("http://minio:9000"));
        assert_eq!(connection.region, DEFAULT_REGION);
        assert!(connection.allow_http() && connection.path_style);
        let other = plain.with_endpoint_url("https://s3.example.com");
        let connection = Connection::new(&config, "b", &other);
        assert_eq!(connection.endpoint.as_deref(), Some("https://s3.example.com"));
        assert!(!connection.allow_http());
    }

    #[test]
    fn a_configuration_without_credentials_means_unsigned_requests() {
        let config = SdkConfig::builder().region(Region::new("us-east-1")).build();
        let store = store(&config, "public", &ReadOptions::default()).unwrap();
        assert!(format!("{store:?}").contains("skip_signature: true"));
    }
}
