//! The accept loop: how many connections there are, and how they end.

use std::{collections::HashMap, future::Future, io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{Id, JoinSet},
    time::{Instant, sleep_until, timeout},
};
use tracing::{debug, warn};

use super::{
    Router,
    activity::Activity,
    connection::{Shared, serve_connection},
};
use crate::Error;

/// Connections at one time. One more takes the place of one that waits.
pub(crate) const MAX_CONNECTIONS: usize = 1024;
/// Connections that are being told that there is no room.
const MAX_REFUSALS: usize = 64;
const REFUSAL_TIME: Duration = Duration::from_secs(1);
/// What is under way when the server stops has this long to end.
pub(crate) const STOP_TIME: Duration = Duration::from_secs(10);
/// After an error of the listener, such as too many open files.
const ERROR_PAUSE: Duration = Duration::from_millis(100);
/// Errors in a row, other than of resources and single connections, that end the server.
const MAX_ERRORS: u32 = 20;
const NO_ROOM: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\
    content-type: text/plain\r\ncontent-length: 34\r\n\r\ntoo many connections; try it again\n";

/// Serves connections until `shutdown` resolves and those under way are answered, or
/// [`STOP_TIME`] is over.
///
/// # Errors
///
/// [`Error::Accept`] when the listener can accept no more. A lack of files or memory passes and
/// is waited for.
pub(crate) async fn serve(
    router: Arc<Router>,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), Error> {
    serve_up_to(MAX_CONNECTIONS, router, listener, shutdown).await
}

/// [`serve`] with another limit than [`MAX_CONNECTIONS`].
pub(super) async fn serve_up_to(
    most: usize,
    router: Arc<Router>,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), Error> {
    let (stop, stopping) = watch::channel(false);
    let mut connections = Connections::new(most, Shared { router, stopping });
    let mut shutdown = std::pin::pin!(shutdown);
    let mut resume = Instant::now();
    let mut errors = 0;
    let result = loop {
        let accept = async {
            sleep_until(resume).await;
            listener.accept().await
        };
        tokio::select! {
            () = &mut shutdown => break Ok(()),
            () = connections.reap() => {}
            accepted = accept => match accepted {
                Ok((stream, _)) => {
                    errors = 0;
                    connections.take(stream);
                }
                Err(why) if is_of_one_connection(&why) => debug!(%why, "connection lost"),
                Err(why) => {
                    errors = if is_of_resources(&why) { 0 } else { errors + 1 };
                    if errors >= MAX_ERRORS {
                        break Err(Error::Accept(why));
                    }
                    warn!(%why, "cannot accept a connection; trying again");
                    connections.make_room();
                    resume = Instant::now() + ERROR_PAUSE;
                }
            },
        }
    };
    drop(listener);
    stop.send_replace(true);
    connections.end().await;
    result
}

/// The client went away before it was accepted; the next one knows nothing of it.
fn is_of_one_connection(why: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(why.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// No file descriptors or no memory: ENOMEM, ENFILE, EMFILE, ENOBUFS (of Linux and of macOS).
fn is_of_resources(why: &io::Error) -> bool {
    matches!(why.raw_os_error(), Some(12 | 23 | 24 | 105 | 55))
        || why.kind() == io::ErrorKind::OutOfMemory
}

/// The connections of one listener.
#[derive(Debug)]
struct Connections {
    most: usize,
    shared: Shared,
    tasks: JoinSet<()>,
    activities: HashMap<Id, Arc<Activity>>,
    refusals: JoinSet<()>,
}

impl Connections {
    fn new(most: usize, shared: Shared) -> Self {
        Self {
            most,
            shared,
            tasks: JoinSet::new(),
            activities: HashMap::new(),
            refusals: JoinSet::new(),
        }
    }

    /// Serves a connection, in the place of another where there is no room, or refuses it.
    fn take(&mut self, stream: TcpStream) {
        if self.tasks.len() >= self.most && !self.make_room() {
            self.refuse(stream);
            return;
        }
        // Answers are small and written whole; to wait for more would only delay them.
        if let Err(why) = stream.set_nodelay(true) {
            debug!(%why, "connection lost");
            return;
        }
        let local = stream.local_addr().ok();
        let activity = Arc::new(Activity::new());
        let serve = serve_connection(self.shared.clone(), stream, local, Arc::clone(&activity));
        let id = self.tasks.spawn(serve).id();
        self.activities.insert(id, activity);
    }

    /// Closes the connection that is needed least; false if all are needed.
    fn make_room(&self) -> bool {
        let least = self
            .activities
            .values()
            .filter_map(|activity| Some((activity.dispensable()?, activity)))
            .min_by_key(|(dispensable, _)| *dispensable);
        match least {
            Some((_, activity)) => {
                activity.evict();
                true
            }
            None => false,
        }
    }

    fn refuse(&mut self, mut stream: TcpStream) {
        warn!(connections = self.tasks.len(), "a connection is refused: all others are busy");
        if self.refusals.len() >= MAX_REFUSALS {
            return;
        }
        self.refusals.spawn(async move {
            // Closing with unread bytes would reset the connection, and the client might never
            // see the answer. What goes wrong here concerns nobody any more.
            let _ = timeout(REFUSAL_TIME, async {
                stream.write_all(NO_ROOM).await?;
                stream.shutdown().await?;
                while stream.read(&mut [0; 4096]).await? > 0 {}
                io::Result::Ok(())
            })
            .await;
        });
    }

    /// Forgets a connection that has ended; pending while there is none.
    async fn reap(&mut self) {
        let ended = tokio::select! {
            Some(ended) = self.tasks.join_next_with_id() => ended,
            Some(_) = self.refusals.join_next() => return,
            else => return std::future::pending().await,
        };
        let id = match ended {
            Ok((id, ())) => id,
            Err(why) => {
                warn!(%why, "a connection ended by a defect of the endpoint");
                why.id()
            }
        };
        self.activities.remove(&id);
    }

    /// Waits for those under way, and ends them when it takes too long.
    async fn end(mut self) {
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(STOP_TIME, all).await.is_err() {
            warn!(connections = self.tasks.len(), "connections are cut off: they took too long");
        }
        self.tasks.shutdown().await;
        self.refusals.shutdown().await;
    }
}
