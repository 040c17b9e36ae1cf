//! A segment log: what was accepted survives the death of the process and a power cut.
//!
//! A [`Journal`] is a directory of segments. A segment is opened with a header, takes frames (opaque
//! bytes), and is removed whole once what is in it has been delivered. Nothing is ever looked up,
//! changed or compacted: the log is written once, read back once at most, and unlinked.
//!
//! ```
//! use firehose_journal::{Durability, Journal};
//!
//! # let directory = tempfile::tempdir()?;
//! # let directory = directory.path();
//! let journal = Journal::open(directory, Durability::Sync)?;
//! let mut segment = journal.begin(b"where it goes")?;
//! segment.append(b"first")?;
//! segment.append(b"second")?;
//! segment.commit()?; // both are on stable storage now, or this is an error
//! drop((segment, journal)); // the process dies here, say
//!
//! let journal = Journal::open(directory, Durability::Sync)?;
//! for id in journal.recovered() {
//!     let found = journal.read(id)?;
//!     assert_eq!(found.header(), Some(&b"where it goes"[..]));
//!     assert_eq!(found.frames().collect::<Vec<_>>(), [&b"first"[..], b"second"]);
//!     journal.remove(id)?; // delivered
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What is left to others: threads and waiting (a commit blocks; whoever has many writers commits
//! once for all of them), what the bytes mean, and when a segment is done.

mod damage;
mod disk;
mod durability;
mod error;
mod frame;
mod journal;
mod read;
mod segment;

pub use damage::Damage;
pub use disk::{Disk, DiskFile, Files};
pub use durability::{Durability, DurabilityError};
pub use error::Error;
pub use journal::{Journal, SegmentId};
pub use read::RecoveredSegment;
pub use segment::Segment;

/// The README's code runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
