//! Kinesis data streams in memory: shards, sequence numbers, iterators, resharding.
//!
//! A [`DataStream`] keeps records in order within each shard, for as long as its retention says,
//! and any number of readers go through them, each at its own pace. It does what a data stream of
//! AWS does, without HTTP, without an account, and without a clock of its own.
//!
//! # What is in it
//!
//! - [`DataStream`]: put, read, split, merge, scale.
//! - [`HashKey`] and [`HashKeyRange`]: which shard a partition key falls into.
//! - [`SequenceNumber`]: in the form that AWS's have.
//! - [`ShardIterator`]: a place in a shard as an opaque text that expires.
//! - [`deaggregate`] and [`aggregate`]: several records in one, in the format of the Kinesis
//!   Producer Library.
//! - [`ShardLimits`]: what a shard takes and gives in a second.
//!
//! # Why it is shaped so
//!
//! - **Time is given.** Every call that needs it is told what time it is, so that a test of a
//!   retention of a year takes no time.
//! - **Readers leave no trace.** A place in a shard is a number that the reader keeps. Only who
//!   must not miss anything leaves one with the stream: [`DataStream::hold`].
//! - **Children begin where their parents end.** A reader that goes on to
//!   [`children`](ReadPage::children) when [`next`](ReadPage::next) is none gets every record
//!   once, and those of one partition key in order, whatever is split and merged meanwhile.
//! - **No number is given twice**, also by a stream that was opened again without its records.
//!
//! # Examples
//!
//! ```
//! use chrono::{DateTime, Utc};
//! use kinesis_stream::{DataStream, HashKey, NewRecord, ReadLimits, Start, StreamSettings};
//!
//! let now: DateTime<Utc> = "2022-01-08T06:00:00Z".parse().unwrap();
//! let stream = DataStream::create(StreamSettings::default(), 2, now);
//! for outcome in stream.put(now, &[NewRecord::new("Ahab", b"1"), NewRecord::new("Ahab", b"2")]) {
//!     let placed = outcome.unwrap();
//!     println!("{} {}", placed.shard, placed.sequence_number);
//! }
//! let shard = stream.shard_of(HashKey::of("Ahab"));
//! let from = stream.position(shard, Start::TrimHorizon)?;
//! let page = stream.read(now, shard, from, ReadLimits::default())?;
//! assert_eq!(page.records[1].data(), &b"2"[..]);
//! # Ok::<(), kinesis_stream::Error>(())
//! ```
//!
//! A program that reads through a reshard: `examples/reshard.rs`.
//!
//! # Features
//!
//! None.

mod aggregation;
mod data_stream;
mod error;
mod hash_key;
mod iterator;
mod layout;
mod limits;
mod record;
mod sequence;
mod shard;
mod shard_id;

pub use aggregation::{UserRecord, aggregate, deaggregate};
pub use data_stream::{
    DataStream, Placed, ReadLimits, ReadPage, ShardDescription, Start, StreamSettings, StreamStats,
    Throttled,
};
pub use error::Error;
pub use hash_key::{HashKey, HashKeyRange, ParseHashKeyError};
pub use iterator::{ParseIteratorError, ShardIterator};
pub use layout::StreamLayout;
pub use limits::ShardLimits;
pub use record::{NewRecord, StreamRecord};
pub use sequence::{ParseSequenceNumberError, SequenceNumber};
pub use shard_id::{ParseShardIdError, ShardId};

/// The README's code runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
