//! What is done to a record before it is buffered: taken apart, asked for its partition keys,
//! given a delimiter. Pure.
//!
//! Source: <https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning.html>

mod deaggregation;
mod decompression;
mod projection;
mod query;

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};

use self::query::Query;
pub use self::{deaggregation::SubRecords, decompression::LogDecompression};
use crate::{
    DynamicPartitioning, Error, PartitionKeys, Processing, key::ErrorOutputType, prefix::KeySource,
};

/// A partition key as it is found: who gave it, its name, its value.
pub(crate) type FoundKey = (KeySource, String, String);

/// Why a record was turned away before it was buffered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProcessingFailure {
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: String,
    /// Whose error object it belongs to.
    pub(crate) kind: ErrorOutputType,
    /// The calls of a function that it comes from.
    pub(crate) invocation: Option<Invocation>,
}

/// The calls of a function with one raw buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invocation {
    pub(crate) arn: Arc<str>,
    pub(crate) attempts: u32,
    /// When the last one ended.
    pub(crate) ended: DateTime<Utc>,
}

impl ProcessingFailure {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        let (message, kind) = (message.into(), ErrorOutputType::Processing);
        Self { code: code.into(), message, kind, invocation: None }
    }

    fn extraction(message: impl Into<String>) -> Self {
        Self::new("DynamicPartitioning.MetadataExtractionFailed", message)
    }

    fn deaggregation(message: impl Into<String>) -> Self {
        Self::new("DynamicPartitioning.DeaggregationFailed", message)
    }

    fn decompression(message: impl Into<String>) -> Self {
        // AWS's code, as it was captured.
        let failure = Self::new("Decompression failed.", message);
        Self { kind: ErrorOutputType::Decompression, ..failure }
    }

    /// Why it was turned away was in a part of the journal that is damaged.
    pub(crate) fn unknown() -> Self {
        Self::new("Unknown", "The reason is lost")
    }

    /// A partition key has no value.
    pub(crate) fn empty_key() -> Self {
        Self::extraction(EMPTY_KEY)
    }

    /// A function turned it away, or its calls failed.
    pub(crate) fn of_lambda(code: &'static str, message: &str, invocation: Invocation) -> Self {
        Self { invocation: Some(invocation), ..Self::new(code, message) }
    }

    /// The key of the partition's objects cannot be.
    pub(crate) fn bad_prefix(problem: &str) -> Self {
        Self::extraction(format!("The prefix of the partition {problem}"))
    }

    /// There are as many active partitions as there may be.
    pub(crate) fn partition_limit(most: usize) -> Self {
        let message = format!("The stream has {most} active partitions, the most that it may have");
        Self::new("activePartitionExceeded", message)
    }
}

const EMPTY_KEY: &str = "partitionKeys values must not be null or empty";

/// A record on its way into a buffer.
#[derive(Debug, Clone)]
pub(crate) struct Item<'a> {
    pub(crate) data: Cow<'a, [u8]>,
    /// Where it belongs: with all others, in a partition, or with what failed.
    pub(crate) place: Result<Option<PartitionKeys>, Arc<ProcessingFailure>>,
}

impl Item<'_> {
    /// A copy of a record to which nothing was done.
    pub(crate) fn as_it_came(record: &[u8]) -> Item<'static> {
        Item { data: record.to_vec().into(), place: Ok(None) }
    }
}

/// The processors of a stream, ready for use.
#[derive(Debug)]
pub(crate) struct Intake {
    decompression: Option<LogDecompression>,
    sub_records: Option<SubRecords>,
    partitions: bool,
    query: Option<Query>,
    /// Queries that are not counted yet, and the nanoseconds that they took.
    queries: (AtomicU64, AtomicU64),
    delimiter: Option<Vec<u8>>,
    /// The most partitions that may be active.
    pub(crate) most_partitions: usize,
}

impl Intake {
    /// The processors; none when there is nothing to do.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a query that does not read.
    pub(crate) fn new(
        stream: &str,
        processing: &Processing,
        partitioning: Option<&DynamicPartitioning>,
    ) -> Result<Option<Self>, Error> {
        if *processing == Processing::default() && partitioning.is_none() {
            return Ok(None);
        }
        let read = |text: &String| {
            Query::new(text)
                .map_err(|problem| Error::config(stream, "MetadataExtractionQuery", problem))
        };
        Ok(Some(Self {
            decompression: processing.decompression,
            sub_records: processing.sub_records.clone(),
            partitions: partitioning.is_some(),
            query: partitioning.and_then(|by| by.query.as_ref()).map(read).transpose()?,
            queries: Default::default(),
            delimiter: processing.delimiter.clone(),
            most_partitions: partitioning.map_or(0, |partitioning| partitioning.most_active),
        }))
    }

    /// The queries since this was asked last, and how long they took.
    pub(crate) fn count_queries(&self) -> (u64, Duration) {
        let (count, nanos) = &self.queries;
        let taken = (count.swap(0, Ordering::Relaxed), nanos.swap(0, Ordering::Relaxed));
        (taken.0, Duration::from_nanos(taken.1))
    }

    /// What a record becomes: at least one item.
    pub(crate) fn process<'a>(&self, record: &'a [u8]) -> Vec<Item<'a>> {
        let mut items = self.split(record);
        for item in items.iter_mut().filter(|item| item.place.is_ok()) {
            *item = self.file(std::mem::take(&mut item.data), Ok(Vec::new()));
        }
        items
    }

    /// The records in a record: at least one item, which is to be filed unless it failed.
    pub(crate) fn split<'a>(&self, record: &'a [u8]) -> Vec<Item<'a>> {
        let failed = |why| vec![Item { data: record.into(), place: Err(Arc::new(why)) }];
        let unpacked = match self.decompression {
            None => Cow::Borrowed(record),
            Some(logs) => match logs.unpack(record) {
                Ok(unpacked) => Cow::Owned(unpacked),
                Err(why) => return failed(ProcessingFailure::decompression(why)),
            },
        };
        let whole = |data: Cow<'a, [u8]>| Item { data, place: Ok(None) };
        let Some(kind) = &self.sub_records else { return vec![whole(unpacked)] };
        let parts = match &unpacked {
            Cow::Borrowed(bytes) => {
                kind.split(bytes).map(|parts| parts.into_iter().map(Cow::Borrowed).collect())
            }
            Cow::Owned(bytes) => kind.split(bytes).map(|parts| {
                parts.into_iter().map(|part| Cow::Owned(part.to_vec())).collect::<Vec<_>>()
            }),
        };
        match parts {
            Ok(parts) => parts.into_iter().map(whole).collect(),
            Err(why) => failed(ProcessingFailure::deaggregation(why)),
        }
    }

    /// Files a record by what is in it and by the keys that a function gave it.
    pub(crate) fn file<'a>(
        &self,
        data: Cow<'a, [u8]>,
        given: Result<Vec<FoundKey>, ProcessingFailure>,
    ) -> Item<'a> {
        let place = self.keys(&data, given).map_err(Arc::new);
        let data = match &self.delimiter {
            // What failed stays as it came.
            Some(delimiter) if place.is_ok() => [&*data, delimiter].concat().into(),
            _ => data,
        };
        Item { data, place }
    }

    fn keys(
        &self,
        data: &[u8],
        given: Result<Vec<FoundKey>, ProcessingFailure>,
    ) -> Result<Option<PartitionKeys>, ProcessingFailure> {
        if !self.partitions {
            return Ok(None);
        }
        let mut keys = given?;
        if let Some(query) = &self.query {
            let began = Instant::now();
            let found = query.keys(data);
            let took = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
            self.queries.0.fetch_add(1, Ordering::Relaxed);
            self.queries.1.fetch_add(took, Ordering::Relaxed);
            keys.extend(found.map_err(ProcessingFailure::extraction)?);
        }
        Ok(Some(PartitionKeys::new(keys)))
    }
}

#[cfg(test)]
mod tests;
