//! A store for tests: in memory, and refusing puts for as long as it is told to.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, memory::InMemory, path::Path,
};

#[derive(Debug, Default)]
pub(crate) struct FlakyStore {
    pub(crate) inner: InMemory,
    /// Puts to refuse from now on.
    refuse: AtomicI64,
    attempts: AtomicUsize,
    /// Whether a refusal is a panic.
    panics: std::sync::atomic::AtomicBool,
    /// Whether a refused put is stored all the same, as after an answer that got lost.
    stores_anyway: std::sync::atomic::AtomicBool,
}

impl FlakyStore {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    pub(crate) fn refuse(&self, puts: i64) {
        self.refuse.store(puts, Ordering::SeqCst);
    }

    pub(crate) fn lose_answers(&self, puts: i64) {
        self.stores_anyway.store(true, Ordering::SeqCst);
        self.refuse(puts);
    }

    pub(crate) fn panic(&self, puts: i64) {
        self.panics.store(true, Ordering::SeqCst);
        self.refuse(puts);
    }

    pub(crate) fn attempts(&self) -> usize {
        self.attempts.load(Ordering::SeqCst)
    }
}

impl fmt::Display for FlakyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FlakyStore")
    }
}

#[async_trait]
impl ObjectStore for FlakyStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        self.attempts.fetch_add(1, Ordering::SeqCst);
        let refused = self.refuse.fetch_sub(1, Ordering::SeqCst) > 0;
        assert!(!(refused && self.panics.load(Ordering::SeqCst)), "as the test asked for");
        let stored = !refused || self.stores_anyway.load(Ordering::SeqCst);
        let result =
            if stored { Some(self.inner.put_opts(location, payload, opts).await?) } else { None };
        match result {
            Some(result) if !refused => Ok(result),
            _ => {
                Err(object_store::Error::Generic { store: "flaky", source: "no space left".into() })
            }
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
