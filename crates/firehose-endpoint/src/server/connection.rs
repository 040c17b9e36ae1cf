//! One connection: HTTP/1.1 or h2c, as its first bytes say.

use std::{convert::Infallible, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use http_body::Body as _;
use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use s3s::{Body, HttpRequest};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{
    Router,
    activity::{Activity, Watched},
    host::LocalAddress,
    paced_body::PacedBody,
};

/// How often a connection looks whether its time is over; it is closed this much late at most.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// For an idle connection of HTTP/2 to say goodbye.
const GOODBYE_TIME: Duration = Duration::from_secs(1);
/// Far above what any SDK sends, session tokens and presigned queries included.
const MAX_HEADER_BYTES: u32 = 64 << 10;
/// hyper reads bodies by pieces of at most this size; it also bounds the headers of HTTP/1.
const READ_BUFFER_BYTES: usize = 512 << 10;
const MAX_STREAMS: u32 = 128;
/// Room for a full PutRecordBatch to be on its way without waiting for window updates.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 4 << 20;

/// What every connection of one listener shares.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) router: Arc<Router>,
    /// Becomes true when the server stops.
    pub(super) stopping: watch::Receiver<bool>,
}

/// Serves one connection until it ends, its time is over, it is told to make room, or the server
/// stops and what is under way is answered.
pub(super) async fn serve_connection<S>(
    shared: Shared,
    stream: S,
    local: Option<SocketAddr>,
    activity: Arc<Activity>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Shared { router, mut stopping } = shared;
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&activity)));
    let counted = Arc::clone(&activity);
    let service = service_fn(move |request: Request<Incoming>| {
        let under_way = counted.begin(request.version());
        let router = Arc::clone(&router);
        async move {
            let answer = router.call(take_in(request, local)).await;
            drop(under_way);
            Ok::<_, Infallible>(answer)
        }
    });
    let builder = builder();
    let mut connection = pin!(builder.serve_connection(io, service));
    let mut leaving = *stopping.borrow();
    if leaving {
        connection.as_mut().graceful_shutdown();
    }
    let mut last_call = None;
    loop {
        let check = Instant::now() + CHECK_EVERY;
        let wake = last_call.or_else(|| activity.deadline()).unwrap_or(check).min(check);
        tokio::select! {
            // How it ended is the client's business: a broken connection is no news here.
            _ = connection.as_mut() => return,
            () = activity.evicted() => return,
            _ = stopping.changed(), if !leaving => {
                leaving = true;
                connection.as_mut().graceful_shutdown();
            }
            () = sleep_until(wake) => {
                let now = Instant::now();
                if last_call.is_some_and(|last_call| last_call <= now) {
                    return;
                }
                if last_call.is_none() && activity.deadline().is_some_and(|end| end <= now) {
                    last_call = Some(now + GOODBYE_TIME);
                    leaving = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

/// A request as the router takes it: with a body that must keep its pace.
fn take_in(request: Request<Incoming>, local: Option<SocketAddr>) -> HttpRequest {
    let mut request = request.map(|body| {
        if body.is_end_stream() { Body::empty() } else { Body::http_body(PacedBody::new(body)) }
    });
    if let Some(local) = local {
        request.extensions_mut().insert(LocalAddress(local));
    }
    request
}

fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // `Activity` counts this time, for hyper's timer would also end idle connections.
        .header_read_timeout(None)
        // A client may close its half once it has asked, and is answered all the same.
        .half_close(true)
        .max_buf_size(READ_BUFFER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADER_BYTES)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES);
    builder
}
