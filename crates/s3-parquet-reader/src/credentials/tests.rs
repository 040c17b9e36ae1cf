use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use object_store::CredentialProvider;

use super::*;

/// Gives `key-1`, `key-2` and so on, each living for `life`; from call `fails_from` on nothing.
#[derive(Debug)]
struct Tokens {
    calls: Arc<AtomicU32>,
    life: Option<Duration>,
    fails_from: u32,
}

impl ProvideCredentials for Tokens {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
            // Another request gets its turn, as it does while a real provider waits.
            tokio::task::yield_now().await;
            if call >= self.fails_from {
                return Err(CredentialsError::provider_error("the token service is down"));
            }
            let expiry = self.life.map(|life| SystemTime::now() + life);
            Ok(Credentials::new(format!("key-{call}"), "secret", None, expiry, "test"))
        })
    }
}

fn bridge(life: Option<u64>, fails_from: u32) -> (SdkCredentials, Arc<AtomicU32>) {
    let calls = Arc::new(AtomicU32::new(0));
    let life = life.map(Duration::from_secs);
    let tokens = Tokens { calls: Arc::clone(&calls), life, fails_from };
    let provider = SharedCredentialsProvider::new(tokens);
    (SdkCredentials::new(provider, "profile `dev`".to_owned()), calls)
}

async fn key(bridge: &SdkCredentials) -> String {
    bridge.get_credential().await.unwrap().key_id.clone()
}

#[tokio::test(start_paused = true)]
async fn a_lasting_credential_is_asked_for_once() {
    for life in [None, Some(3_600)] {
        let (bridge, calls) = bridge(life, u32::MAX);
        for _ in 0..100 {
            assert_eq!(key(&bridge).await, "key-1");
            tokio::time::advance(PAUSE).await;
        }
        assert_eq!(calls.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_expiring_credential_is_renewed_with_pauses() {
    let (bridge, calls) = bridge(Some(200), u32::MAX);
    for _ in 0..10 {
        assert_eq!(key(&bridge).await, "key-1");
    }
    tokio::time::advance(PAUSE).await;
    for _ in 0..10 {
        assert_eq!(key(&bridge).await, "key-2");
    }
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn an_expiring_credential_serves_on_while_renewing_fails() {
    let (bridge, calls) = bridge(Some(200), 2);
    for _ in 0..5 {
        assert_eq!(key(&bridge).await, "key-1");
        tokio::time::advance(PAUSE).await;
    }
    assert_eq!(calls.load(Ordering::SeqCst), 5);
}

#[tokio::test(start_paused = true)]
async fn an_expired_credential_is_never_given_out() {
    let (bridge, calls) = bridge(Some(0), u32::MAX);
    assert_eq!(key(&bridge).await, "key-1");
    tokio::time::advance(PAUSE).await;
    assert_eq!(key(&bridge).await, "key-2");
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn many_requests_at_once_ask_once_and_all_learn_why_it_failed() {
    let (bridge, calls) = bridge(None, 1);
    let answers = futures::future::join_all((0..32).map(|_| bridge.get_credential())).await;
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    for answer in answers {
        let error = crate::diagnose::listing("s3://b/p", "b", answer.unwrap_err());
        let message = error.to_string();
        assert!(
            message.contains("profile `dev`") && message.contains("aws sso login"),
            "{message}"
        );
        let mut causes = String::new();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            causes.push_str(&error.to_string());
            cause = error.source();
        }
        assert!(causes.contains("loading credentials") || causes.contains("provider"), "{causes}");
    }
}
