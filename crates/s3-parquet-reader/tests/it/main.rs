//! The reader from outside, on stores in memory and on disk, and on an S3 that
//! answers from a script (feature `aws`).

mod bad_objects;
mod drift;
#[cfg(feature = "aws")]
mod endpoint;
mod files;
mod listing;
mod locations;
mod mutants;
mod reading;
#[cfg(feature = "aws")]
mod s3;
mod store;
