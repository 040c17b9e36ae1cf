//! The endpoint: built once, served on as many listeners as wanted.

mod builder;

use std::{future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::net::TcpListener;

use self::builder::DataDirectory;
pub use self::builder::EndpointBuilder;
use crate::{
    Error, firehose, glue, kinesis,
    protocol::{AwsError, Caller},
    server::{self, Router},
    state::{FlushAnswer, State},
};

/// Firehose, Kinesis, Glue and S3 in this process.
///
/// Cheap to clone; clones are the same endpoint.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub(crate) router: Arc<Router>,
    state: Arc<State>,
    _data: Arc<DataDirectory>,
}

/// What became of one delivery stream's records when the endpoint closed or was flushed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamReport {
    /// Name of the delivery stream.
    pub stream: String,
    /// Whether every accepted record is in the store.
    pub delivered: bool,
    /// Records accepted since the endpoint started.
    pub accepted_records: u64,
    /// Records that an earlier endpoint had accepted and not delivered.
    pub recovered_records: u64,
    /// Records in objects under the prefix.
    pub delivered_records: u64,
    /// Objects under the prefix.
    pub delivered_objects: u64,
    /// Records in error objects.
    pub failed_records: u64,
    /// Records accepted and not delivered.
    pub buffered_records: u64,
    /// What the store said when it last refused an object.
    pub last_error: Option<String>,
}

/// An operation that was refused: AWS's exception.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refused {
    /// Name of the exception, such as `ResourceNotFoundException`.
    pub code: &'static str,
    /// Its text.
    pub message: String,
}

impl Endpoint {
    /// An endpoint with the defaults: a temporary directory, region `us-east-1`, any credentials.
    pub fn builder() -> EndpointBuilder {
        EndpointBuilder::default()
    }

    /// Serves connections until `shutdown` resolves and those under way are answered. Records
    /// stay buffered: see [`close`](Self::close).
    ///
    /// # Errors
    ///
    /// [`Error::Accept`]: the listener failed for good.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), Error> {
        server::serve(Arc::clone(&self.router), listener, shutdown).await
    }

    /// Answers one HTTP request in this process, as it would be answered on a port.
    pub async fn answer(&self, request: http::Request<Bytes>) -> http::Response<Bytes> {
        let answer = self.router.call(request.map(s3s::Body::from)).await;
        let (head, body) = answer.into_parts();
        match body.collect().await {
            Ok(body) => http::Response::from_parts(head, body.to_bytes()),
            // A body that breaks off has no other way to say so here.
            Err(_) => {
                let mut broken = http::Response::new(Bytes::new());
                *broken.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
                broken
            }
        }
    }

    /// Calls one operation of Firehose, Glue or Kinesis without HTTP, in the endpoint's own account and
    /// region: `call("Firehose", "ListDeliveryStreams", &json!({}))`.
    ///
    /// # Errors
    ///
    /// [`Refused`]: AWS's exception, or `UnknownOperationException` for another service.
    pub async fn call(
        &self,
        service: &str,
        operation: &str,
        input: &Value,
    ) -> Result<Value, Refused> {
        let settings = &self.state.settings;
        let caller = Caller { account: settings.account.clone(), region: settings.region.clone() };
        let body = Bytes::from(input.to_string());
        let answer = match service {
            "Firehose" => firehose::call(&self.state, &caller, operation, &body).await,
            "Glue" => glue::call(&self.state, &caller, operation, &body).await,
            "Kinesis" => kinesis::call(&self.state, &caller, operation, &body).await,
            other => Err(AwsError::not_built("UnknownOperationException", other)),
        };
        let refused = |why: AwsError| Refused { code: why.code, message: why.message };
        let answer = answer.map_err(refused)?;
        // Answers are our own JSON.
        Ok(serde_json::from_slice(&answer).unwrap_or_default())
    }

    /// Creates an S3 bucket; one that is there stays as it is.
    ///
    /// # Errors
    ///
    /// [`Refused`]: `InvalidBucketName`, or what the disk said.
    pub async fn create_bucket(&self, name: &str) -> Result<(), Refused> {
        match self.state.buckets.create(name, &self.state.settings.region).await {
            Ok(_) | Err(object_directory::Error::BucketExists { .. }) => Ok(()),
            Err(why @ object_directory::Error::InvalidBucketName { .. }) => {
                Err(Refused { code: "InvalidBucketName", message: why.to_string() })
            }
            Err(why) => Err(Refused { code: "InternalError", message: why.to_string() }),
        }
    }

    /// What became of the records of each delivery stream so far.
    #[must_use]
    pub fn reports(&self) -> Vec<StreamReport> {
        self.state.streams.answers().into_iter().map(report).collect()
    }

    /// Delivers what is buffered in every stream, or in the one named, waiting at most `within`.
    pub async fn flush(&self, stream: Option<&str>, within: Duration) -> Vec<StreamReport> {
        self.state.streams.flush(stream, within).await.into_iter().map(report).collect()
    }

    /// Takes no more records and delivers what is buffered, waiting at most `within`.
    pub async fn close(&self, within: Duration) -> Vec<StreamReport> {
        self.state.streams.close(within).await.into_iter().map(report).collect()
    }

    /// Forgets every stream, table, bucket and object.
    ///
    /// # Errors
    ///
    /// What could not be removed.
    pub async fn reset(&self) -> Result<(), Error> {
        self.state.reset().await
    }
}

fn report(answer: FlushAnswer) -> StreamReport {
    StreamReport {
        stream: answer.name,
        delivered: answer.delivered,
        accepted_records: answer.stats.accepted_records,
        recovered_records: answer.stats.recovered_records,
        delivered_records: answer.stats.delivered_records,
        delivered_objects: answer.stats.delivered_objects,
        failed_records: answer.stats.failed_records,
        buffered_records: answer.stats.buffered_records,
        last_error: answer.last_error,
    }
}
