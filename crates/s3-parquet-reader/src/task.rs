//! A task that dies with its owner, and whose panic becomes an error that names the object.
//!
//! parquet's decoders can panic on damaged files; the task is the barrier.

use std::any::Any;
use std::pin::Pin;

use tokio::task::JoinHandle;

use crate::error::{Error, Stage};
use crate::list::ObjectInfo;

/// A spawned task; dropping it aborts it.
#[derive(Debug)]
pub(crate) struct Task<T>(JoinHandle<T>);

impl<T: Send + 'static> Task<T> {
    pub(crate) fn spawn(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(tokio::spawn(work))
    }

    /// Waits for the end of the task, which reads `object`.
    pub(crate) async fn join(&mut self, object: &ObjectInfo) -> Result<T, Error> {
        Pin::new(&mut self.0).await.map_err(|error| match error.try_into_panic() {
            Ok(panic) => Error::Corrupt {
                key: object.key.clone(),
                stage: Stage::Data,
                size: object.size,
                e_tag: object.e_tag.clone(),
                source: told(panic.as_ref()).into(),
            },
            Err(_) => Error::Cancelled { key: object.key.clone() },
        })
    }
}

/// What a panic said, for not each one is about the object.
fn told(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().copied();
    let words = words.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the decoder panicked: {}", words.unwrap_or("it did not say why"))
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
