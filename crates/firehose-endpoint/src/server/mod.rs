//! One port: connections in, requests to the door that they belong to.

mod accept;
mod activity;
mod connection;
mod framing;
mod host;
mod paced_body;
mod quiet;
mod router;
mod s3_operation;
#[cfg(test)]
mod tests;
mod unread;

pub(crate) use accept::serve;
pub(crate) use router::Router;
