//! Believable ratings of starship captains: what a rating is, and a seeded generator of them.
//!
//! The record is that of a well-known tutorial on streaming analytics with Kinesis Data Firehose:
//! who rated which captain, how highly, and when. One in 25 ratings is an outlier, so that whoever
//! analyses the stream has something to find and can check whether all of it was found.
//!
//! # What is in it
//!
//! - [`CaptainRating`]: the record, for serde and as JSON.
//! - [`RatingGenerator`]: the records of a seed, as an endless iterator, as JSON in a
//!   [`JsonBatch`], and behind the feature `arrow` as a `RecordBatch`.
//! - [`DrawnRating`]: a generated record that owns nothing, for those who count nanoseconds.
//! - [`EventTime`] with [`FixedStep`] and [`Readings`]: when a record happened.
//! - [`JsonStyle`]: compact, or exactly as Python's `json.dumps` prints it.
//! - [`CAPTAINS`], [`OUTLIER_CAPTAIN`], [`FIRST_NAMES`] and so on: the tables and figures;
//!   [`COLUMNS`]: the record as a Glue table; [`tutorial`]: the names of its AWS resources.
//!
//! There is no I/O, no clock and no error type: it cannot fail. (Only a `RecordBatch` has a largest
//! size, and Arrow's own error for it.)
//!
//! # Why it is shaped so
//!
//! **A record depends on its seed and its index, on nothing else.** It takes 16 bytes of a ChaCha8
//! stream whose key is the seed and whose stream number is the record's chunk of 1024. So records
//! can be skipped, repeated, resumed and shared out among threads or machines, and nobody has to
//! agree on anything but the seed. Nothing is rejected and drawn again; the price is a bias of
//! less than 2 × 10⁻¹³ of each probability.
//!
//! **Time is given.** By default it starts at 2022-01-08T06:00:00Z and goes on by a millisecond, so
//! that the same seed gives the same bytes. A clock is a function that the caller passes.
//!
//! **Names are copied, not composed.** All texts come from static tables, and JSON is put together
//! from ready-made pieces, which is several times as quick as filling structs and serialising them;
//! no `unsafe` is needed for it.
//!
//! # Examples
//!
//! Some records:
//!
//! ```
//! use captain_ratings::RatingGenerator;
//!
//! let rating = RatingGenerator::with_seed(42).record(0);
//! assert_eq!(
//!     rating.to_json(),
//!     r#"{"user":"Cheyanne Collins","favoritecaptain":"Malcolm Reynolds","rating":571,"timestamp":1641621600.0}"#
//! );
//! let outliers = RatingGenerator::with_seed(42).take(10_000).filter(|r| r.is_outlier()).count();
//! assert!((320..480).contains(&outliers));
//! ```
//!
//! Many records in one buffer, with the time of a clock that is read once for each 500, and a line
//! break after each:
//!
//! ```
//! use std::time::SystemTime;
//! use captain_ratings::{JsonBatch, JsonStyle, RatingGenerator};
//!
//! let mut live = RatingGenerator::with_seed(42).timed_by(|_| SystemTime::now()).shared_by(500);
//! let mut batch = JsonBatch::new(JsonStyle::Python).with_newlines();
//! for _ in 0..3 {
//!     batch.clear();
//!     live.fill_json(500, &mut batch);
//!     for record in batch.iter() {
//!         assert!(record.starts_with(br#"{"user": ""#));
//!     }
//! }
//! ```
//!
//! The second half of a run, on its own:
//!
//! ```
//! use captain_ratings::RatingGenerator;
//!
//! let resumed: Vec<_> = RatingGenerator::with_seed(42).at_index(500).take(500).collect();
//! assert_eq!(resumed, RatingGenerator::with_seed(42).skip(500).take(500).collect::<Vec<_>>());
//! ```
//!
//! Records that arrive in bursts: time is any function of the index.
//!
//! ```
//! use captain_ratings::RatingGenerator;
//!
//! let bursts = RatingGenerator::with_seed(42).timed_by(|index| 1.7e9 + (index / 100) as f64 * 60.0);
//! assert_eq!(bursts.record(250).timestamp, 1.7e9 + 120.0);
//! ```
//!
//! On several threads: see [`RatingGenerator::chunk`].
//!
//! # Features
//!
//! - `arrow` (off by default): `RatingGenerator::record_batch` and `arrow_schema`.

#[cfg(feature = "arrow")]
mod arrow;
mod batch;
mod captains;
mod columns;
mod drawn;
mod generator;
mod json;
mod line;
mod names;
mod random;
mod record;
mod time;
pub mod tutorial;

#[cfg(feature = "arrow")]
pub use crate::arrow::{MAX_BATCH_ROWS, arrow_schema};
pub use crate::batch::JsonBatch;
pub use crate::captains::{
    CAPTAINS, NORMAL_RATINGS, OUTLIER_CAPTAIN, OUTLIER_PERCENT, OUTLIER_RATINGS, OUTLIER_SHARE,
};
pub use crate::columns::COLUMNS;
pub use crate::drawn::DrawnRating;
pub use crate::generator::{Chunk, RatingGenerator};
pub use crate::json::JsonStyle;
pub use crate::names::{FIRST_NAMES, LAST_NAMES};
pub use crate::random::RECORDS_PER_CHUNK;
pub use crate::record::CaptainRating;
pub use crate::time::{DEFAULT_STEP, EpochSeconds, EventTime, FixedStep, Readings, TUTORIAL_START};

/// The README's example runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
