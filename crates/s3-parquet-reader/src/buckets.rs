//! The names of one's buckets, by AWS's own S3 client: object_store knows no buckets.
//!
//! How often it asks is up to the configuration (`AWS_MAX_ATTEMPTS`, three by default), but the
//! first pause is a fifth of the SDK's, so that an endpoint where nobody listens is told of at once.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Region;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::list_buckets::ListBucketsError;
use chrono::{DateTime, Utc};

use crate::diagnose::is_about_credentials;
use crate::error::Error;
use crate::options::ReadOptions;
use crate::{config, s3};

/// The SDK waits for up to this long, drawn by lot, before it asks again, then for up to twice as
/// long. Its own second would keep a person waiting who has mistyped an endpoint.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// A bucket that one owns.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// When it was created, where the service says so.
    pub created: Option<DateTime<Utc>>,
}

/// Lists the buckets of the account that `options` lead to, by name.
///
/// # Errors
///
/// [`Error::Credentials`], [`Error::AccessDenied`] without `s3:ListAllMyBuckets`,
/// [`Error::Unreachable`] when no connection came about, [`Error::List`] when the service answered
/// something else.
pub async fn buckets(options: &ReadOptions) -> Result<Vec<Bucket>, Error> {
    let config = config::load(options).await;
    buckets_from_sdk_config(&config, options).await
}

/// Lists the buckets of the account of a configuration that the caller has loaded, by name. The
/// endpoint and the region of `options` win over those of `config`.
///
/// # Errors
///
/// Those of [`buckets`].
pub async fn buckets_from_sdk_config(
    config: &SdkConfig,
    options: &ReadOptions,
) -> Result<Vec<Bucket>, Error> {
    let region = options.region.clone().map(Region::new).or_else(|| config.region().cloned());
    let retries = config.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
    let mut client = aws_sdk_s3::config::Builder::from(config)
        .region(region.unwrap_or_else(|| Region::from_static(s3::DEFAULT_REGION)))
        .retry_config(retries.with_initial_backoff(FIRST_PAUSE))
        .force_path_style(true);
    if let Some(endpoint) = &options.endpoint_url {
        client = client.endpoint_url(endpoint);
    }
    let client = Client::from_conf(client.build());
    let mut pages = client.list_buckets().into_paginator().send();
    let mut buckets = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| failed(config, options, error))?;
        buckets.extend(page.buckets.unwrap_or_default().into_iter().filter_map(|bucket| {
            let created = bucket
                .creation_date
                .and_then(|at| DateTime::from_timestamp(at.secs(), at.subsec_nanos()));
            Some(Bucket { name: bucket.name?, created })
        }));
    }
    buckets.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(buckets)
}

fn failed(config: &SdkConfig, options: &ReadOptions, error: SdkError<ListBucketsError>) -> Error {
    if has_no_credentials(&error) {
        return Error::Credentials { provider: s3::who(options), source: Box::new(error) };
    }
    let endpoint = options.endpoint_url.clone().or_else(|| s3::endpoint_of(config));
    let endpoint = endpoint.unwrap_or_else(|| "S3".to_owned());
    let status = error.raw_response().map(|response| response.status().as_u16());
    match (error.code(), status) {
        (code, status) if status == Some(401) || code.is_some_and(is_about_credentials) => {
            let provider = "S3 refused the ones in use".to_owned();
            Error::Credentials { provider, source: Box::new(error) }
        }
        (Some("AccessDenied"), _) | (_, Some(403)) => Error::AccessDenied {
            what: "the list of buckets".to_owned(),
            needs: "s3:ListAllMyBuckets",
            source: Box::new(error),
        },
        _ if no_connection(&error) => Error::Unreachable { endpoint, source: Box::new(error) },
        _ => {
            let location = format!("the buckets at {endpoint}");
            Error::List { location, source: Box::new(error) }
        }
    }
}

/// True when the request did not get as far as an answer. The SDK does not tell a connection that
/// was refused from one that broke off; there is little between them where one request is all.
fn no_connection(error: &SdkError<ListBucketsError>) -> bool {
    match error {
        SdkError::DispatchFailure(failure) => failure.is_io() || failure.is_timeout(),
        _ => false,
    }
}

fn has_no_credentials(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<CredentialsError>() {
            return true;
        }
        cause = error.source();
    }
    false
}
