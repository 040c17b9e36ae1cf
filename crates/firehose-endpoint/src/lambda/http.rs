//! A function behind a URL.

use std::fmt::Display;

use async_trait::async_trait;
use bytes::Bytes;
use firehose_delivery::{FunctionError, LambdaFunction, LambdaProcessor};
use http::{Request, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What Lambda says of an answer that is the function's failure.
const FUNCTION_ERROR: &str = "X-Amz-Function-Error";

/// A function behind a URL, with a connection for each call.
#[derive(Debug)]
pub(super) struct HttpFunction {
    address: String,
    host: String,
    path: String,
}

impl HttpFunction {
    /// Reads a URL.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in a sentence that follows it.
    pub(super) fn new(url: &str) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|why| format!("is no URL: {why}"))?;
        if uri.scheme_str() != Some("http") {
            return Err("must begin with http://".to_owned());
        }
        let authority = uri.authority().ok_or("has no host")?;
        if authority.as_str().contains('@') {
            return Err("must not have a user".to_owned());
        }
        let host = authority.host();
        let port = authority.port_u16().unwrap_or(80);
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            address: format!("{host}:{port}"),
            host: authority.to_string(),
            path: path.to_owned(),
        })
    }

    fn failed(&self, problem: impl Display) -> FunctionError {
        FunctionError::new(format!("http://{}{}: {problem}", self.host, self.path))
    }
}

#[async_trait]
impl LambdaFunction for HttpFunction {
    async fn invoke(&self, event: Bytes) -> Result<Bytes, FunctionError> {
        let connection = TcpStream::connect(&self.address).await;
        let connection = connection.map_err(|why| self.failed(why))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(connection))
                .await
                .map_err(|why| self.failed(why))?;
        let request = Request::post(&self.path)
            .header(header::HOST, &self.host)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(event))
            .map_err(|why| self.failed(why))?;
        let answered = async {
            let answer = sender.send_request(request).await.map_err(|why| self.failed(why))?;
            let (head, body) = answer.into_parts();
            // One byte more than is allowed tells that there is more; the engine words it.
            let body = Limited::new(body, LambdaProcessor::MOST_BYTES + 1);
            let body = body.collect().await.map_err(|why| self.failed(why))?.to_bytes();
            let shown = String::from_utf8_lossy(body.get(..200).unwrap_or(&body)).into_owned();
            if head.headers.contains_key(FUNCTION_ERROR) {
                return Err(self.failed(format!("the function failed: {shown}")));
            }
            if !head.status.is_success() {
                return Err(self.failed(format!("status {}: {shown}", head.status)));
            }
            Ok(body)
        };
        let mut answered = std::pin::pin!(answered);
        let mut connection = std::pin::pin!(connection);
        // Driven here and not by a task of its own: a call that is given up takes it along.
        tokio::select! {
            biased;
            answer = &mut answered => answer,
            // It ends before the body is read when the server closes; what was read is still there.
            _ = &mut connection => answered.await,
        }
    }
}
