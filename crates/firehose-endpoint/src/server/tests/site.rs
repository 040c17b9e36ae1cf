//! An endpoint on a free port, and clients that write what they like.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt;
use s3s::Body;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};

use crate::{
    Error,
    server::{Router, accept},
    settings::Settings,
    state::State,
};

/// A test that waits this long hangs.
pub(super) const HANGS: Duration = Duration::from_secs(30);
pub(super) const HEALTH: &[u8] = b"GET /_firehose-local/health HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A router over an empty data directory inside a directory of its own.
pub(super) struct Inside {
    pub(super) router: Arc<Router>,
    pub(super) folder: TempDir,
}

/// The same, served on a port.
pub(super) struct Site {
    pub(super) inside: Inside,
    pub(super) address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), Error>>,
}

/// An answer whose body has come.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: http::HeaderMap,
    pub(super) body: Bytes,
}

impl Inside {
    pub(super) async fn new(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir_all(data.join(crate::state::OWN_FOLDER)).unwrap();
        let state = State::open(settings, &data).await.unwrap();
        Self { router: Arc::new(Router::new(Arc::new(state))), folder }
    }

    pub(super) async fn call(&self, request: http::request::Builder, body: &str) -> Answer {
        let body = Body::from(Bytes::copy_from_slice(body.as_bytes()));
        Answer::collect(self.router.call(request.body(body).unwrap()).await).await
    }

    /// Every file and directory beside the data directory.
    pub(super) fn outside(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().path()).filter(|path| !path.ends_with("data")).collect()
    }
}

impl Site {
    pub(super) async fn new(settings: Settings) -> Self {
        Self::up_to(1024, settings).await
    }

    pub(super) async fn up_to(most: usize, settings: Settings) -> Self {
        let inside = Inside::new(settings).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let router = Arc::clone(&inside.router);
        let server = tokio::spawn(accept::serve_up_to(most, router, listener, async {
            drop(stopped.await);
        }));
        Self { inside, address, stop, server }
    }

    pub(super) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Everything that comes back for `bytes` until the endpoint closes the connection; the
    /// client keeps its own half open.
    pub(super) async fn ask(&self, bytes: &[u8]) -> String {
        let stream = self.connect().await;
        let (mut from, mut to) = stream.into_split();
        let bytes = bytes.to_vec();
        // The endpoint may well close before all is written.
        let writer = tokio::spawn(async move {
            let _ = to.write_all(&bytes).await;
            to
        });
        let text = read_to_end(&mut from).await;
        writer.abort();
        text
    }

    /// Ends the server, and waits until it has ended.
    pub(super) async fn stop(self) -> Inside {
        drop(self.stop);
        timeout(HANGS, self.server).await.unwrap().unwrap().unwrap();
        self.inside
    }
}

impl Answer {
    pub(super) async fn collect(answer: s3s::HttpResponse) -> Self {
        let (parts, body) = answer.into_parts();
        let body = BodyExt::collect(body).await.unwrap().to_bytes();
        Self { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub(super) fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A call of an operation, unsigned.
pub(super) fn operation(target: &str) -> http::request::Builder {
    Request::post("/")
        .header("host", "localhost")
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", target)
}

/// The same as bytes; headers of a length or an encoding are the caller's.
pub(super) fn operation_bytes(target: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-amz-json-1.1\r\n\
         x-amz-target: {target}\r\n{headers}\r\n{body}"
    )
    .into_bytes()
}

/// Reads until the other side closes; a reset is an end too.
pub(super) async fn read_to_end(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut bytes = Vec::new();
    let _ = timeout(HANGS, stream.read_to_end(&mut bytes)).await.expect("the test hangs");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Asks for the health route on a connection that stays open.
pub(super) async fn is_healthy<S>(stream: &mut S) -> bool
where
    S: AsyncReadExt + AsyncWriteExt + Unpin,
{
    if stream.write_all(HEALTH).await.is_err() {
        return false;
    }
    let mut seen = Vec::new();
    let mut piece = [0; 1024];
    while !seen.ends_with(b"\"}\n") {
        match timeout(HANGS, stream.read(&mut piece)).await.expect("the test hangs") {
            Ok(0) | Err(_) => return false,
            Ok(read) => seen.extend_from_slice(&piece[..read]),
        }
    }
    seen.starts_with(b"HTTP/1.1 200")
}
