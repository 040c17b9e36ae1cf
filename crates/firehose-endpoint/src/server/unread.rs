//! Bodies that are not read to their end: what is left of them must not spoil the connection.
//!
//! A server that closes a connection while its client still sends makes the client lose the
//! answer. So the rest is read on in the background and thrown away; and where the client waits
//! with its body for a word that does not come, the answer says that the connection ends.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures::StreamExt;
use http::{
    HeaderMap, HeaderValue, Version,
    header::{CONNECTION, EXPECT},
};
use http_body::{Frame, SizeHint};
use s3s::{Body, HttpRequest, HttpResponse, StdError};
use tokio::{
    runtime::Handle,
    time::{Duration, timeout},
};

/// A refused request's body is read on for so long and so far.
const DISCARD_TIME: Duration = Duration::from_secs(2);
const DISCARD_BYTES: usize = 64 << 20;

/// Reads what is left of a refused request's body and throws it away. A client that asked before
/// it sends (`Expect: 100-continue`) has its answer and sends nothing.
pub(super) fn discard(headers: &HeaderMap, body: Body) {
    if !headers.contains_key(EXPECT) {
        read_to_the_end(body);
    }
}

/// Has the rest of the request's body read on when whoever answers drops it.
pub(super) fn read_on_when_dropped(request: &mut HttpRequest) {
    if request.headers().contains_key(EXPECT) || http_body::Body::is_end_stream(request.body()) {
        return;
    }
    let body = std::mem::take(request.body_mut());
    *request.body_mut() = Body::http_body_unsync(ReadOn { body });
}

/// Whether the client keeps its body back until it is told to send it.
pub(super) fn is_kept_back(request: &HttpRequest) -> bool {
    request.version() <= Version::HTTP_11 && request.headers().contains_key(EXPECT)
}

/// Tells such a client that the connection ends with a refusal: whether the body would still
/// come, neither side can know.
pub(super) fn end_after_refusal(answer: &mut HttpResponse) {
    if !answer.status().is_success() {
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
}

struct ReadOn {
    body: Body,
}

impl Drop for ReadOn {
    fn drop(&mut self) {
        read_to_the_end(std::mem::take(&mut self.body));
    }
}

impl http_body::Body for ReadOn {
    type Data = Bytes;
    type Error = StdError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StdError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.body = Body::empty();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn read_to_the_end(mut body: Body) {
    if http_body::Body::is_end_stream(&body) {
        return;
    }
    // A client in this process may drop its request when there is no runtime any more.
    let Ok(runtime) = Handle::try_current() else { return };
    runtime.spawn(timeout(DISCARD_TIME, async move {
        let mut read = 0;
        while let Some(Ok(piece)) = body.next().await {
            read += piece.len();
            if read > DISCARD_BYTES {
                break;
            }
        }
    }));
}
