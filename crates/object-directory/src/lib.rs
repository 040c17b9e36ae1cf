//! S3 buckets as plain directories.
//!
//! An object is a file under `bucket/key`: open it with any tool, copy one in and it is an object.
//! What S3 has and a file has not (content type, metadata, ETag) is kept in a directory beside the
//! buckets.
//!
//! # What is in it
//!
//! - [`Buckets`]: the buckets in one directory; create, list, delete.
//! - [`Bucket`]: put, get, head, delete, copy and [list](Bucket::list) objects,
//!   [upload them in parts](Bucket::create_upload).
//! - [`Bucket::object_store`]: the same for whoever knows [`object_store`] only.
//!
//! # Why it is shaped so
//!
//! - **Every key of S3 round-trips, and none leaves its bucket.** `..`, `a//b`, `a/`, control
//!   characters, 1,024 bytes in one segment, `a` and `a/b` at once: odd segments are escaped with
//!   `%`, ordinary keys lie under exactly their own name.
//! - **Objects appear whole or not at all.** Bytes are written to a file elsewhere on the same file
//!   system and renamed. [`Staged`] bytes may be checked in between.
//! - **Attributes belong to one version of a file.** Who replaces a file by hand gets an object
//!   with the default attributes, not with those of its predecessor.
//! - **Writing creates no bucket**, and a bucket that is not there is looked for again each time.
//! - **Memory is bounded.** Objects are streamed; file work runs on threads that may block.
//!
//! # Example
//!
//! ```
//! use bytes::Bytes;
//! use object_directory::{Buckets, ByteRange, Conditions, Error, ListOptions, PutOptions};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let buckets = Buckets::new(folder.path());
//! buckets.create("captains-rating", "us-east-1").await?;
//! let bucket = buckets.bucket("captains-rating")?;
//!
//! let body = futures::stream::iter([Ok::<_, Error>(Bytes::from("Kirk,Picard"))]);
//! let info = bucket.put("ratings2022/01/08/06/x.csv", body, PutOptions::default()).await?;
//! assert_eq!(std::fs::read(folder.path().join("captains-rating/ratings2022/01/08/06/x.csv"))?, b"Kirk,Picard");
//!
//! let tail = bucket.get(&info.key, ByteRange::Last(6), Conditions::default()).await?;
//! assert_eq!(tail.bytes().await?, "Picard");
//! let all = ListOptions { prefix: "ratings".to_owned(), limit: 1000, ..ListOptions::default() };
//! assert_eq!(bucket.list(all).await?.objects, [info]);
//! # Ok(()) }
//! ```

mod attributes;
mod bucket;
mod buckets;
mod conditions;
mod disk;
mod error;
mod key;
mod list;
mod name;
mod read;
mod sidecar;
mod staged;
mod store;
mod upload;

pub use attributes::{Attributes, Checksum, ObjectInfo};
pub use bucket::{Bucket, PutOptions};
pub use buckets::{BucketInfo, Buckets};
pub use conditions::{Conditions, ETags};
pub use error::{Error, Result};
pub use list::{ListOptions, Listing};
pub use read::{ByteRange, Content};
pub use staged::Staged;
pub use upload::{Assembled, MINIMUM_PART_BYTES, PartInfo, UploadInfo};

#[cfg(test)]
mod tests;

/// The README's code runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
