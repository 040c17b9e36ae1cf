//! What a stream keeps of accepted records until they are delivered: its journal.
//!
//! [`Book`] is the bookkeeping, under the stream's lock and in memory: which frames are to be
//! written, which buffers have frames in which segment, what is committed. [`writer`] does it to
//! the disk. [`recovery`] makes buffers of what is found when a stream is opened.
//!
//! Records are in their buffer before they are committed. A buffer that is sealed meanwhile waits
//! for its commit before it goes out, and when a commit fails the buffers are cut back to what is
//! committed: a record that was refused is not delivered, and one that was acknowledged is in a
//! segment until its object stands.

mod book;
pub(crate) mod frame;
mod note;
mod options;
pub(crate) mod recovery;
mod task;
mod writer;

pub use self::options::{Journaling, Place};
pub(crate) use self::{
    book::{Book, Written},
    note::{Counted, Entry, Logged, TransformCounted, Waiting},
    task::write_until_closed,
    writer::{Log, Op},
};
