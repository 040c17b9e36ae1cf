//! What is done to a record before it is buffered: taken apart, asked for its partition keys,
//! given a delimiter. Pure.
//!
//! Source: <https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning.html>

mod deaggregation;
mod query;

use std::{borrow::Cow, sync::Arc};

pub use self::deaggregation::SubRecords;
use self::query::Query;
use crate::{DynamicPartitioning, Error, PartitionKeys, Processing};

/// Why a record was turned away before it was buffered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProcessingFailure {
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: String,
}

impl ProcessingFailure {
    fn extraction(message: impl Into<String>) -> Self {
        Self {
            code: "DynamicPartitioning.MetadataExtractionFailed".into(),
            message: message.into(),
        }
    }

    fn deaggregation(message: impl Into<String>) -> Self {
        Self { code: "DynamicPartitioning.DeaggregationFailed".into(), message: message.into() }
    }

    /// Why it was turned away was in a part of the journal that is damaged.
    pub(crate) fn unknown() -> Self {
        Self { code: "Unknown".into(), message: "The reason is lost".to_owned() }
    }

    /// The key of the partition's objects cannot be.
    pub(crate) fn bad_prefix(problem: &str) -> Self {
        Self::extraction(format!("The prefix of the partition {problem}"))
    }

    /// There are as many active partitions as there may be.
    pub(crate) fn partition_limit(most: usize) -> Self {
        let message = format!("The stream has {most} active partitions, the most that it may have");
        Self { code: "activePartitionExceeded".into(), message }
    }
}

/// A record on its way into a buffer.
#[derive(Debug)]
pub(crate) struct Item<'a> {
    pub(crate) data: Cow<'a, [u8]>,
    /// Where it belongs: with all others, in a partition, or with what failed.
    pub(crate) place: Result<Option<PartitionKeys>, Arc<ProcessingFailure>>,
}

/// The processors of a stream, ready for use.
#[derive(Debug)]
pub(crate) struct Intake {
    sub_records: Option<SubRecords>,
    query: Option<Query>,
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
            sub_records: processing.sub_records.clone(),
            query: partitioning.map(|partitioning| read(&partitioning.query)).transpose()?,
            delimiter: processing.delimiter.clone(),
            most_partitions: partitioning.map_or(0, |partitioning| partitioning.most_active),
        }))
    }

    /// What a record becomes: at least one item.
    pub(crate) fn process<'a>(&self, record: &'a [u8]) -> Vec<Item<'a>> {
        let parts = match &self.sub_records {
            None => Ok(vec![record]),
            Some(kind) => kind.split(record),
        };
        match parts {
            Ok(parts) => parts.into_iter().map(|part| self.item(part)).collect(),
            Err(why) => {
                let why = ProcessingFailure::deaggregation(why);
                vec![Item { data: record.into(), place: Err(Arc::new(why)) }]
            }
        }
    }

    fn item<'a>(&self, data: &'a [u8]) -> Item<'a> {
        let keys = self.query.as_ref().map(|query| query.keys(data)).transpose();
        let place = keys.map_err(|why| Arc::new(ProcessingFailure::extraction(why)));
        let data = match &self.delimiter {
            // What failed stays as it came.
            Some(delimiter) if place.is_ok() => [data, delimiter].concat().into(),
            _ => data.into(),
        };
        Item { data, place }
    }
}

#[cfg(test)]
mod tests;
