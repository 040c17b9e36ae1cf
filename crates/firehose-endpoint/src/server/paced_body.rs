//! A request's body that has to come at a pace.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use s3s::StdError;
use tokio::time::{Instant, Sleep};

use crate::protocol::body::TooSlow;

/// What every body may take, however short it is.
pub(crate) const BODY_TIME: Duration = Duration::from_secs(30);
/// And what each of its bytes may take beyond that: 16 KiB a second.
const BYTES_PER_SECOND: u64 = 16 << 10;

/// Fails with [`TooSlow`] when the next piece is waited for too long. A body that is not asked for
/// its next piece costs its sender no time.
pub(crate) struct PacedBody<B> {
    body: B,
    begun: Instant,
    bytes: u64,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<B> PacedBody<B> {
    pub(crate) fn new(body: B) -> Self {
        Self { body, begun: Instant::now(), bytes: 0, timer: None }
    }

    fn deadline(&self) -> Instant {
        self.begun + BODY_TIME + Duration::from_secs(self.bytes / BYTES_PER_SECOND)
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline();
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if timer.deadline() < deadline {
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(cx)
    }
}

impl<B> Body for PacedBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<StdError>,
{
    type Data = Bytes;
    type Error = StdError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StdError>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let length = frame.data_ref().map_or(0, Bytes::len);
                self.bytes = self.bytes.saturating_add(u64::try_from(length).unwrap_or(0));
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(why))) => Poll::Ready(Some(Err(why.into()))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => {
                ready!(self.poll_timer(cx));
                Poll::Ready(Some(Err(TooSlow.into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
