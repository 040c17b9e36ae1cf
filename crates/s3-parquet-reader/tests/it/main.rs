//! The reader from outside, on stores in memory and on disk, and on an S3 that
//! answers from a script (feature `aws`).

mod bad_objects;
#[cfg(feature = "aws")]
mod credentials;
#[cfg(feature = "datafusion")]
mod datafusion;
mod drift;
#[cfg(feature = "aws")]
mod endpoint;
mod files;
mod filters;
mod foreign;
mod listing;
mod locations;
mod mutants;
mod reading;
#[cfg(all(feature = "rows", feature = "blocking"))]
mod rows;
#[cfg(feature = "aws")]
mod s3;
mod store;
mod watch;
