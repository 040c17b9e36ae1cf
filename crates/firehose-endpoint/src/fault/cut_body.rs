//! An answer that breaks off.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use s3s::StdError;

/// Gives the first bytes of a body and then fails, so that the server ends the connection. The
/// length that it announces stays that of the whole body, or no client would notice.
pub(crate) struct CutBody {
    body: s3s::Body,
    left: u64,
    /// The server writes what it has when it is told to wait, and only then meets the failure.
    waited: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("the answer is cut off by a fault rule")]
struct CutOff;

impl CutBody {
    pub(crate) fn new(body: s3s::Body, bytes: u64) -> Self {
        Self { body, left: bytes, waited: false }
    }
}

impl Body for CutBody {
    type Data = Bytes;
    type Error = StdError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StdError>>> {
        if self.left == 0 {
            if !self.waited {
                self.waited = true;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            return Poll::Ready(Some(Err(CutOff.into())));
        }
        let next = Pin::new(&mut self.body).poll_frame(cx);
        let Poll::Ready(Some(Ok(frame))) = next else {
            return next;
        };
        let Ok(mut data) = frame.into_data() else {
            return Poll::Ready(None);
        };
        data.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= u64::try_from(data.remaining()).unwrap_or(self.left);
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    /// A body that is shorter than the cut comes whole.
    fn is_end_stream(&self) -> bool {
        self.left > 0 && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
