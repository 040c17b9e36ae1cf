//! A store in memory that counts requests, answers late, and misbehaves on demand.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::list::{PaginatedListOptions, PaginatedListResult, PaginatedListStore};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result,
};

/// What happens to the next request for an object.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    Deleted,
    Denied,
    Reset,
    /// The object is replaced just before the request with this number, counted from 0.
    Replaced(u64, Bytes),
    Late(Duration),
    Panic,
    /// The last byte of every answer is missing.
    Short,
}

#[derive(Debug, Default)]
struct State {
    gets: AtomicU64,
    bytes: AtomicU64,
    in_flight: AtomicU64,
    most_in_flight: AtomicU64,
    lists: Mutex<Vec<String>>,
    faults: Mutex<HashMap<String, Fault>>,
    seen: Mutex<HashMap<String, u64>>,
}

#[derive(Debug, Clone)]
pub(crate) struct TestStore {
    pub(crate) inner: Arc<InMemory>,
    state: Arc<State>,
    page: usize,
}

impl TestStore {
    pub(crate) fn new() -> Self {
        Self { inner: Arc::default(), state: Arc::default(), page: 1_000 }
    }

    pub(crate) fn with_page(page: usize) -> Self {
        Self { page, ..Self::new() }
    }

    pub(crate) fn shared(&self) -> Arc<dyn ObjectStore> {
        Arc::new(self.clone())
    }

    pub(crate) fn forget_lists(&self) {
        self.state.lists.lock().unwrap().clear();
    }

    pub(crate) fn mend(&self, key: &str) {
        self.state.faults.lock().unwrap().remove(key);
    }

    pub(crate) fn fault(&self, key: &str, fault: Fault) {
        self.state.faults.lock().unwrap().insert(key.to_owned(), fault);
    }

    pub(crate) fn gets(&self) -> u64 {
        self.state.gets.load(Ordering::SeqCst)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.state.bytes.load(Ordering::SeqCst)
    }

    pub(crate) fn most_in_flight(&self) -> u64 {
        self.state.most_in_flight.load(Ordering::SeqCst)
    }

    /// The prefixes that were listed, one entry for each request.
    pub(crate) fn lists(&self) -> Vec<String> {
        let mut lists = self.state.lists.lock().unwrap().clone();
        lists.sort();
        lists
    }

    fn note_list(&self, prefix: impl fmt::Display) {
        self.state.lists.lock().unwrap().push(prefix.to_string());
    }

    fn turn(&self, key: &str) -> u64 {
        let mut seen = self.state.seen.lock().unwrap();
        let count = seen.entry(key.to_owned()).or_default();
        *count += 1;
        *count - 1
    }
}

impl fmt::Display for TestStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("test-bucket")
    }
}

#[async_trait]
impl ObjectStore for TestStore {
    async fn put_opts(&self, at: &Path, what: PutPayload, how: PutOptions) -> Result<PutResult> {
        self.inner.put_opts(at, what, how).await
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        how: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, how).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let state = &self.state;
        let now = state.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        state.most_in_flight.fetch_max(now, Ordering::SeqCst);
        state.gets.fetch_add(1, Ordering::SeqCst);
        let turn = self.turn(location.as_ref());
        let fault = state.faults.lock().unwrap().get(location.as_ref()).cloned();
        let (path, source) = (location.to_string(), "as the test wants it");
        let answer = match fault {
            Some(Fault::Deleted) => Err(Error::NotFound { path, source: source.into() }),
            Some(Fault::Denied) => Err(Error::PermissionDenied { path, source: source.into() }),
            Some(Fault::Reset) => Err(Error::Generic { store: "test", source: source.into() }),
            Some(Fault::Replaced(at, content)) if at == turn => {
                self.inner.put(location, content.into()).await?;
                self.inner.get_opts(location, options).await
            }
            Some(Fault::Panic) => panic!("as the test wants it"),
            Some(Fault::Short) => self.inner.get_opts(location, options).await.map(shortened),
            Some(Fault::Late(pause)) => {
                tokio::time::sleep(pause).await;
                self.inner.get_opts(location, options).await
            }
            _ => self.inner.get_opts(location, options).await,
        };
        if let Ok(answer) = &answer {
            let Range { start, end } = answer.range;
            state.bytes.fetch_add(end - start, Ordering::SeqCst);
        }
        state.in_flight.fetch_sub(1, Ordering::SeqCst);
        answer
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.note_list(format!("{}/**", prefix.map_or("", |path| path.as_ref())));
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.note_list(format!("{}/*", prefix.map_or("", |path| path.as_ref())));
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

/// The answer without its last byte.
fn shortened(answer: GetResult) -> GetResult {
    use futures::{FutureExt, StreamExt};
    let (meta, range, attributes) =
        (answer.meta.clone(), answer.range.clone(), answer.attributes.clone());
    let bytes = answer.bytes().map(|bytes| bytes.map(|bytes| bytes.slice(..bytes.len() - 1)));
    let payload = GetResultPayload::Stream(bytes.into_stream().boxed());
    GetResult { payload, meta, range, attributes }
}

/// As S3 lists: string prefixes, key order, pages.
#[async_trait]
impl PaginatedListStore for TestStore {
    async fn list_paginated(
        &self,
        prefix: Option<&str>,
        options: PaginatedListOptions,
    ) -> Result<PaginatedListResult> {
        use futures::TryStreamExt;
        let prefix = prefix.unwrap_or_default();
        match &options.offset {
            Some(offset) => self.note_list(format!("{prefix} after {offset}")),
            None => self.note_list(prefix),
        }
        let after = options.page_token.or(options.offset).unwrap_or_default();
        let mut objects: Vec<ObjectMeta> = self.inner.list(None).try_collect().await?;
        objects.retain(|meta| {
            let key = meta.location.as_ref();
            key.starts_with(prefix) && key > after.as_str()
        });
        objects.sort_by(|a, b| a.location.cmp(&b.location));
        let more = objects.len() > self.page;
        objects.truncate(self.page);
        let last = objects.last().map(|meta| meta.location.to_string());
        let page_token = if more { last } else { None };
        Ok(PaginatedListResult {
            result: ListResult { common_prefixes: Vec::new(), objects },
            page_token,
        })
    }
}
