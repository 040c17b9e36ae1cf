//! Credentials from aws-config for object_store, which asks for them on every request.
//!
//! A credential is kept until five minutes before it expires. In those five minutes one request
//! renews it while the others go on with the old one, and a renewal that fails is not tried again
//! at once: neither a pause in the scan nor a flood on the token service.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use tokio::time::Instant;

use crate::diagnose::NoCredentials;

/// How long before its expiry a credential is renewed.
const MARGIN: Duration = Duration::from_mins(5);
/// How long after an attempt the next one waits.
const PAUSE: Duration = Duration::from_secs(5);

/// aws-config's provider as object_store wants it.
#[derive(Debug)]
pub(crate) struct SdkCredentials {
    provider: SharedCredentialsProvider,
    /// For messages.
    who: String,
    cache: Mutex<Cache>,
    /// Held by the one request that renews.
    renewing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default, Clone)]
struct Cache {
    credential: Option<Arc<AwsCredential>>,
    expiry: Option<SystemTime>,
    attempted: Option<Instant>,
    failure: Option<String>,
}

/// What a cached credential is good for.
#[derive(Debug, PartialEq, Eq)]
enum State {
    Fresh,
    Expiring,
    Unusable,
}

impl Cache {
    fn state(&self) -> State {
        match (&self.credential, self.expiry) {
            (None, _) => State::Unusable,
            (Some(_), None) => State::Fresh,
            (Some(_), Some(expiry)) => match expiry.duration_since(SystemTime::now()) {
                Ok(left) if left > MARGIN => State::Fresh,
                Ok(left) if !left.is_zero() => State::Expiring,
                _ => State::Unusable,
            },
        }
    }

    fn attempted_just_now(&self) -> bool {
        self.attempted.is_some_and(|at| at.elapsed() < PAUSE)
    }
}

impl SdkCredentials {
    /// A bridge to `provider`; `who` names it in messages.
    pub(crate) fn new(provider: SharedCredentialsProvider, who: String) -> Self {
        let (cache, renewing) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { provider, who, cache, renewing }
    }

    fn cached(&self) -> Cache {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks the provider, once, and remembers what came.
    async fn renew(&self) -> Result<Arc<AwsCredential>, object_store::Error> {
        let answer = self.provider.provide_credentials().await;
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.attempted = Some(Instant::now());
        match answer {
            Ok(credentials) => {
                let credential = Arc::new(AwsCredential {
                    key_id: credentials.access_key_id().to_owned(),
                    secret_key: credentials.secret_access_key().to_owned(),
                    token: credentials.session_token().map(str::to_owned),
                });
                cache.credential = Some(Arc::clone(&credential));
                cache.expiry = credentials.expiry();
                cache.failure = None;
                Ok(credential)
            }
            Err(error) => {
                cache.failure = Some(error.to_string());
                Err(self.refused(Box::new(error)))
            }
        }
    }

    fn refused(&self, source: crate::error::Cause) -> object_store::Error {
        let source = Box::new(NoCredentials { provider: self.who.clone(), source });
        object_store::Error::Generic { store: "S3", source }
    }
}

#[async_trait]
impl CredentialProvider for SdkCredentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let cache = self.cached();
        match (cache.state(), &cache.credential) {
            (State::Fresh, Some(credential)) => return Ok(Arc::clone(credential)),
            (State::Expiring, Some(credential)) => {
                let Ok(_one) = self.renewing.try_lock() else { return Ok(Arc::clone(credential)) };
                if self.cached().attempted_just_now() {
                    return Ok(Arc::clone(credential));
                }
                return self.renew().await.or_else(|error| {
                    tracing::warn!(%error, who = self.who, "credentials not renewed yet");
                    Ok(Arc::clone(credential))
                });
            }
            _ => {}
        }
        let _one = self.renewing.lock().await;
        // Another request may have done it, or failed to, while this one waited.
        let cache = self.cached();
        match (cache.state(), cache.credential.as_ref(), &cache.failure) {
            (State::Fresh | State::Expiring, Some(credential), _) => Ok(Arc::clone(credential)),
            (_, _, Some(failure)) if cache.attempted_just_now() => {
                Err(self.refused(failure.clone().into()))
            }
            _ => self.renew().await,
        }
    }
}

#[cfg(test)]
mod tests;
