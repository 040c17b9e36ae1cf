//! The objects of a set: keys that end in `.parquet`, in key order.
//!
//! S3's prefixes are strings; object_store's `list` takes whole path segments only. So there are
//! two ways to list a prefix: by pages, where the store can do S3's own request, and by segments,
//! where a prefix that ends within a segment is looked up among the entries of its parent, so
//! that only matching subtrees are walked. Time ranges become prefixes in `layout.rs`.

use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::stream::{self, BoxStream, Peekable, StreamExt, TryStreamExt};
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};

use crate::diagnose;
use crate::error::Error;
use crate::layout;
use crate::report::Ledger;

/// Hour prefixes that are listed at once.
const LISTINGS_AT_ONCE: usize = 16;
/// How many keys decide whether hours stand elsewhere: one page of S3's listing.
const PROBE_KEYS: usize = 1_000;

/// One Parquet object, as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectInfo {
    /// The whole key; for a directory the path relative to it.
    pub key: String,
    /// Size in bytes.
    pub size: u64,
    /// When it was written.
    pub last_modified: DateTime<Utc>,
    /// ETag, where the store gives one.
    pub e_tag: Option<String>,
    /// The hour that the key carries, see [`hour_of`](crate::hour_of).
    pub hour: Option<DateTime<Utc>>,
}

impl ObjectInfo {
    /// True when the key carries its hour right below `prefix`, where Firehose puts it.
    pub(crate) fn hour_is_directly_below(&self, prefix: &str) -> bool {
        self.hour.is_some_and(|hour| layout::is_directly_below(prefix, &self.key, hour))
    }

    pub(crate) fn from_meta(meta: ObjectMeta) -> Self {
        let key = String::from(meta.location);
        let hour = layout::hour_of(&key);
        let ObjectMeta { size, last_modified, e_tag, .. } = meta;
        Self { key, size, last_modified, e_tag, hour }
    }
}

/// A time range of whole hours and the instant it ends before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeRange {
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
}

impl TimeRange {
    /// True when the hour that begins at `hour` overlaps the range.
    fn covers(self, hour: DateTime<Utc>) -> bool {
        layout::floor_hour(self.from).is_some_and(|first| hour >= first) && hour < self.to
    }
}

/// A store and how to list it.
#[derive(Clone)]
pub(crate) struct Lister {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) pages: Option<Arc<dyn PaginatedListStore>>,
    /// For messages: the location as the user knows it, and the bucket's name.
    pub(crate) location: String,
    pub(crate) bucket: String,
    /// True where the store is S3, which may be near or far. No other store needs a runtime with timers.
    pub(crate) is_s3: bool,
    /// How the keys that count end.
    pub(crate) suffix: String,
}

type Metas = BoxStream<'static, Result<ObjectMeta, Error>>;
type Objects = BoxStream<'static, Result<ObjectInfo, Error>>;

impl Lister {
    /// The objects below `prefix` in key order, within `range` if there is one.
    pub(crate) fn objects(
        &self,
        prefix: &str,
        range: Option<TimeRange>,
        ledger: &Ledger,
    ) -> Objects {
        let Some(range) = range else {
            return self.wanted(self.keys(prefix), prefix, None, ledger);
        };
        let Some(hours) = layout::hour_prefixes(prefix, range.from, range.to) else {
            return self.wanted(self.keys(prefix), prefix, Some(range), ledger);
        };
        let this = self.clone();
        let (prefix, ledger) = (prefix.to_owned(), ledger.clone());
        stream::once(async move { this.within_hours(hours, &prefix, range, &ledger).await })
            .try_flatten()
            .boxed()
    }

    /// The objects of `hour` and later below `prefix`, where hours stand right below it. A store
    /// that lists by pages is asked only for these, because such keys sort by time.
    pub(crate) fn objects_from(
        &self,
        prefix: &str,
        hour: DateTime<Utc>,
        ledger: &Ledger,
    ) -> Objects {
        let metas = match &self.pages {
            None => self.keys(prefix),
            Some(pages) => {
                let starts = layout::starts_of(prefix, hour).into_iter().map(|(base, start)| {
                    // Keys of the other bases come with those.
                    let of_base = move |meta: &ObjectMeta| {
                        let (key, years) = (meta.location.as_ref(), base.len()..base.len() + 4);
                        key.starts_with(&base)
                            && key.get(years).is_some_and(|y| y.bytes().all(|b| b.is_ascii_digit()))
                    };
                    let keys = self.by_pages(Arc::clone(pages), prefix.to_owned(), Some(start));
                    keys.try_filter(move |meta| std::future::ready(of_base(meta))).boxed()
                });
                stream::iter(starts.collect::<Vec<_>>()).flatten().boxed()
            }
        };
        let since = move |object: &ObjectInfo| object.hour.is_some_and(|own| own >= hour);
        self.wanted(metas, prefix, None, ledger)
            .try_filter(move |object| std::future::ready(since(object)))
            .boxed()
    }

    /// Lists the hours' prefixes. Where they hold nothing, one page of the whole prefix tells
    /// whether the hours stand deeper in the keys; then all of it is listed.
    async fn within_hours(
        &self,
        hours: Vec<String>,
        prefix: &str,
        range: TimeRange,
        ledger: &Ledger,
    ) -> Result<Objects, Error> {
        let metas = self.all_of(hours);
        let mut found: Peekable<Objects> =
            self.wanted(metas, prefix, Some(range), ledger).peekable();
        if Pin::new(&mut found).peek().await.is_some() {
            return Ok(found.boxed());
        }
        let mut sample = self.keys(prefix).take(PROBE_KEYS);
        while let Some(meta) = sample.try_next().await? {
            let object = ObjectInfo::from_meta(meta);
            if object.hour.is_some() && !object.hour_is_directly_below(prefix) {
                return Ok(self.wanted(self.keys(prefix), prefix, Some(range), ledger));
            }
        }
        Ok(stream::empty().boxed())
    }

    /// The keys of several prefixes, which are sorted and apart, one after the other; listed a
    /// few at a time.
    fn all_of(&self, prefixes: Vec<String>) -> Metas {
        let this = self.clone();
        stream::iter(prefixes)
            .map(move |prefix| {
                let keys = this.keys(&prefix);
                async move { keys.try_collect::<Vec<_>>().await }
            })
            .buffered(LISTINGS_AT_ONCE)
            .map_ok(|metas| stream::iter(metas.into_iter().map(Ok)))
            .try_flatten()
            .boxed()
    }

    /// All keys that start with `prefix`, in key order.
    fn keys(&self, prefix: &str) -> Metas {
        match &self.pages {
            Some(pages) => self.by_pages(Arc::clone(pages), prefix.to_owned(), None),
            None => {
                let (this, prefix) = (self.clone(), prefix.to_owned());
                stream::once(async move {
                    let mut metas = this.by_segments(&prefix).await?;
                    metas.sort_unstable_by(|a, b| a.location.cmp(&b.location));
                    Ok(stream::iter(metas.into_iter().map(Ok)))
                })
                .try_flatten()
                .boxed()
            }
        }
    }

    /// S3's own request, for the keys after `start`. S3 answers in key order, page after page.
    fn by_pages(
        &self,
        pages: Arc<dyn PaginatedListStore>,
        prefix: String,
        start: Option<String>,
    ) -> Metas {
        let this = self.clone();
        let state = (pages, Some(None::<String>));
        stream::try_unfold(state, move |(pages, next)| {
            let (this, prefix, offset) = (this.clone(), prefix.clone(), start.clone());
            async move {
                let Some(page_token) = next else { return Ok(None) };
                let options = PaginatedListOptions { page_token, offset, ..Default::default() };
                let page = pages
                    .list_paginated(Some(prefix.as_str()).filter(|p| !p.is_empty()), options)
                    .await
                    .map_err(|error| this.failed(error))?;
                let mut objects = page.result.objects;
                objects.sort_unstable_by(|a, b| a.location.cmp(&b.location));
                let next = page.page_token.map(Some);
                Ok(Some((stream::iter(objects.into_iter().map(Ok)), (pages, next))))
            }
        })
        .try_flatten()
        .boxed()
    }

    /// What object_store's own listing can do: the parent's entries that match the last, partial
    /// segment, and everything below them.
    async fn by_segments(&self, prefix: &str) -> Result<Vec<ObjectMeta>, Error> {
        let (parent, partial) = prefix.rsplit_once('/').unwrap_or(("", prefix));
        let directory = self.path(parent)?;
        if partial.is_empty() {
            return self.walk(directory.as_ref()).await;
        }
        let entries = self
            .store
            .list_with_delimiter(directory.as_ref())
            .await
            .map_err(|error| self.failed(error))?;
        let matches = |path: &Path| path.filename().is_some_and(|n| n.starts_with(partial));
        let mut metas: Vec<ObjectMeta> =
            entries.objects.into_iter().filter(|meta| matches(&meta.location)).collect();
        for child in entries.common_prefixes.iter().filter(|path| matches(path)) {
            metas.extend(self.walk(Some(child)).await?);
        }
        Ok(metas)
    }

    async fn walk(&self, directory: Option<&Path>) -> Result<Vec<ObjectMeta>, Error> {
        self.store.list(directory).try_collect().await.map_err(|error| self.failed(error))
    }

    fn path(&self, directory: &str) -> Result<Option<Path>, Error> {
        if directory.is_empty() {
            return Ok(None);
        }
        Path::parse(directory).map(Some).map_err(|error| Error::Location {
            location: self.location.clone(),
            reason: error.to_string(),
        })
    }

    fn failed(&self, error: object_store::Error) -> Error {
        diagnose::listing(&self.location, &self.bucket, error)
    }

    /// Keeps the Parquet objects and counts the rest.
    fn wanted(
        &self,
        metas: Metas,
        prefix: &str,
        range: Option<TimeRange>,
        ledger: &Ledger,
    ) -> Objects {
        let (prefix, suffix) = (prefix.to_owned(), self.suffix.clone());
        let ledger = ledger.clone();
        metas
            .try_filter_map(move |meta| {
                let object = ObjectInfo::from_meta(meta);
                let within = match range {
                    Some(range) => object.hour.is_some_and(|hour| range.covers(hour)),
                    None => true,
                };
                let keep = within && object.key.ends_with(&suffix) && !hidden(&object.key, &prefix);
                ledger.note(|report| match keep {
                    true => report.listed += 1,
                    false => report.ignored += 1,
                });
                std::future::ready(Ok(keep.then_some(object)))
            })
            .boxed()
    }
}

/// True when a file or directory below the prefix starts with `_` or `.`, as those of unfinished
/// writers do.
fn hidden(key: &str, prefix: &str) -> bool {
    let below = prefix.rfind('/').map_or(0, |slash| slash + 1);
    let rest = key.get(below..).unwrap_or(key);
    let named = prefix.get(below..).unwrap_or_default();
    rest.split('/').enumerate().any(|(depth, segment)| {
        // The user asked for the first segment by name, hidden or not.
        let asked_for = depth == 0 && !named.is_empty();
        segment.starts_with(['_', '.']) && !asked_for
    })
}
