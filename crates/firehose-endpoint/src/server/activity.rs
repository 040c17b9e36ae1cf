//! What a connection does: which of its times is running out, and whether it may be closed to
//! make room.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::Notify,
    time::Instant,
};

/// From the first byte of a request (of a connection's first: from its opening) to the end of its
/// headers.
pub(crate) const HEADER_TIME: Duration = Duration::from_secs(10);
/// Between two requests, and between two pieces of an answer that the client takes.
pub(crate) const IDLE_TIME: Duration = Duration::from_secs(60);
/// A connection that just answered is not closed to make room for another.
const SETTLE_TIME: Duration = Duration::from_secs(1);
const NEVER: u64 = u64::MAX;

/// What one connection does. Times are milliseconds since it was opened.
#[derive(Debug)]
pub(crate) struct Activity {
    opened: Instant,
    /// The last byte written, or the last request done.
    last_progress: AtomicU64,
    /// The first byte of the next request.
    header_begun: AtomicU64,
    requests: AtomicU64,
    under_way: AtomicUsize,
    /// Streams of HTTP/2 have no header times: their frames tell nothing from the outside.
    http2: AtomicBool,
    evicted: AtomicBool,
    evict: Notify,
}

impl Activity {
    pub(crate) fn new() -> Self {
        Self {
            opened: Instant::now(),
            last_progress: AtomicU64::new(0),
            header_begun: AtomicU64::new(NEVER),
            requests: AtomicU64::new(0),
            under_way: AtomicUsize::new(0),
            http2: AtomicBool::new(false),
            evicted: AtomicBool::new(false),
            evict: Notify::new(),
        }
    }

    /// A request's headers are complete; it is under way until the answer is dropped.
    pub(crate) fn begin(self: &Arc<Self>, version: http::Version) -> UnderWay {
        self.http2.store(version == http::Version::HTTP_2, Relaxed);
        self.requests.fetch_add(1, Relaxed);
        self.under_way.fetch_add(1, Relaxed);
        self.header_begun.store(NEVER, Relaxed);
        UnderWay(Arc::clone(self))
    }

    /// When the connection has waited long enough; None while a request is under way, whose body
    /// and handler have times of their own.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        if self.under_way.load(Relaxed) > 0 {
            return None;
        }
        if self.requests.load(Relaxed) == 0 {
            return Some(self.opened + HEADER_TIME);
        }
        let header_begun = self.header_begun.load(Relaxed);
        if header_begun != NEVER && !self.http2.load(Relaxed) {
            return Some(self.opened + Duration::from_millis(header_begun) + HEADER_TIME);
        }
        Some(self.opened + Duration::from_millis(self.last_progress.load(Relaxed)) + IDLE_TIME)
    }

    /// How readily this connection makes room for another: those that never asked for anything
    /// first, then those that waited longest. None: not at all.
    pub(crate) fn dispensable(&self) -> Option<(bool, Instant)> {
        if self.under_way.load(Relaxed) > 0 || self.evicted.load(Relaxed) {
            return None;
        }
        let asked = self.requests.load(Relaxed) > 0;
        let since = self.opened + Duration::from_millis(self.last_progress.load(Relaxed));
        (!asked || since.elapsed() >= SETTLE_TIME).then_some((asked, since))
    }

    /// Tells the connection to close.
    pub(crate) fn evict(&self) {
        self.evicted.store(true, Relaxed);
        self.evict.notify_one();
    }

    /// Resolves when the connection is told to close.
    pub(crate) async fn evicted(&self) {
        self.evict.notified().await;
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(NEVER - 1)
    }

    fn wrote(&self) {
        self.last_progress.store(self.now(), Relaxed);
    }

    fn read(&self) {
        if self.under_way.load(Relaxed) == 0 && self.header_begun.load(Relaxed) == NEVER {
            self.header_begun.store(self.now(), Relaxed);
        }
    }
}

/// A request under way.
#[derive(Debug)]
pub(crate) struct UnderWay(Arc<Activity>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Relaxed);
        self.0.wrote();
    }
}

/// A stream that tells an [`Activity`] what happens on it.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
}

impl<S> Watched<S> {
    pub(crate) fn new(stream: S, activity: Arc<Activity>) -> Self {
        Self { stream, activity }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.activity.read();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.activity.wrote();
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, pieces))?;
        self.activity.wrote();
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
