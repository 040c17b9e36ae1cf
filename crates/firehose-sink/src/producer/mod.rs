//! The [`Producer`]: from single records to batches, with retries, receipts and an orderly end.
//!
//! A record's way through the files of this folder:
//!
//! ```text
//! admit ── room for its bytes? ──> batch (queue) ──> dispatch (in flight, back-off) ──> the sink
//!                                    ^                                                     │
//!                                    └── refused: at the head again ── settle <── outcomes ┘
//!                                                                        │
//!                        receipt, watermark, flush, drain (report), dead letters <┘
//! ```
//!
//! In `pack` several records of the sender become one of the stream's, when that was asked for.
//! `retry` says how long a pause is, `window` how many calls may run, `suspects` which part of an
//! invalid call is tried next.
//!
//! One task, the driver in `dispatch`, decides when a batch goes out; each call to the sink is a
//! task of its own. Everything they share lies behind one mutex in `shared`, held for a push, for
//! the cut of a batch and for the settlement of one, and never across an await.

mod admit;
mod answers;
mod batch;
mod builder;
mod dead_letter;
mod dispatch;
mod drain;
mod error;
#[cfg(feature = "metrics")]
mod export;
mod flush;
mod histogram;
mod metrics;
mod notes;
mod pack;
mod receipt;
mod report;
mod retry;
mod settle;
mod settlement;
mod shared;
mod suspects;
#[cfg(test)]
mod tests;
mod watermark;
mod window;

pub use admit::Producer;
pub use builder::ProducerBuilder;
pub use dead_letter::{DeadLetter, DeadLetterFile, DeadLetters};
pub use drain::Drain;
pub use error::{Reason, SendAllError, SendError, Undelivered};
pub use histogram::Histogram;
pub use metrics::Metrics;
pub use receipt::{Delivered, Receipt};
pub use report::{Report, Stats};
pub use retry::{Retry, Stop};
