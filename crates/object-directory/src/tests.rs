//! Buckets on a real disk.

mod keys;
mod life;
mod listing;
mod store;
mod uploads;

use std::{collections::BTreeMap, path::Path};

use bytes::Bytes;

use crate::*;

/// A bucket in a directory that goes away.
pub(crate) struct Fixture {
    pub(crate) root: tempfile::TempDir,
    pub(crate) buckets: Buckets,
    pub(crate) bucket: Bucket,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let buckets = Buckets::new(root.path());
        buckets.create("ratings", "us-east-1").await.unwrap();
        let bucket = buckets.bucket("ratings").unwrap();
        Self { root, buckets, bucket }
    }

    pub(crate) async fn put(&self, key: &str, body: &str) -> ObjectInfo {
        self.put_with(key, body, PutOptions::default()).await.unwrap()
    }

    pub(crate) async fn put_with(
        &self,
        key: &str,
        body: &str,
        options: PutOptions,
    ) -> Result<ObjectInfo> {
        self.bucket.put(key, bytes(body), options).await
    }

    pub(crate) async fn read(&self, key: &str) -> Result<String> {
        let content = self.bucket.get(key, ByteRange::Whole, Conditions::default()).await?;
        Ok(String::from_utf8(content.bytes().await?.to_vec()).unwrap())
    }

    pub(crate) async fn keys(&self) -> Vec<String> {
        let options = ListOptions { limit: usize::MAX, ..ListOptions::default() };
        let listing = self.bucket.list(options).await.unwrap();
        assert_eq!(listing.next, None);
        listing.objects.into_iter().map(|info| info.key).collect()
    }

    pub(crate) fn path(&self, below: &str) -> std::path::PathBuf {
        self.root.path().join(below)
    }
}

pub(crate) fn bytes(body: &str) -> impl futures::Stream<Item = Result<Bytes>> + Send + use<> {
    let pieces: Vec<_> = body.as_bytes().chunks(1000).map(Bytes::copy_from_slice).collect();
    futures::stream::iter(pieces.into_iter().map(Ok))
}

/// All files below a directory, with what they hold.
pub(crate) fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, std::fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}
