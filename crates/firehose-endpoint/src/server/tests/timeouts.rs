//! Whoever is too slow is cut off: on streams in memory, under a paused clock.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep},
};

use super::site::{HEALTH, Inside, operation_bytes};
use crate::{
    server::{
        activity::{Activity, HEADER_TIME, IDLE_TIME},
        connection::{Shared, serve_connection},
        paced_body::BODY_TIME,
    },
    settings::Settings,
};

const LIST: &str = "Firehose_20150804.ListDeliveryStreams";
/// The time of a connection is looked at once a second, and it may say goodbye for another.
const LATE: Duration = Duration::from_secs(3);

struct Connection {
    stream: DuplexStream,
    server: JoinHandle<()>,
    /// Keeps the server from stopping.
    _stop: watch::Sender<bool>,
    _inside: Inside,
}

async fn connection() -> Connection {
    let inside = Inside::new(Settings::default()).await;
    let (stream, served) = duplex(64 << 10);
    let (stop, stopping) = watch::channel(false);
    let shared = Shared { router: Arc::clone(&inside.router), stopping };
    let activity = Arc::new(Activity::new());
    let server = tokio::spawn(serve_connection(shared, served, None, activity));
    Connection { stream, server, _stop: stop, _inside: inside }
}

impl Connection {
    async fn is_healthy(&mut self) -> bool {
        self.stream.write_all(HEALTH).await.is_ok() && self.answer().await.contains("200 OK")
    }

    /// One answer of a control route or an empty text at the end.
    async fn answer(&mut self) -> String {
        let mut seen = Vec::new();
        let mut piece = [0; 1024];
        while !seen.ends_with(b"}\n") {
            match self.stream.read(&mut piece).await {
                Ok(0) | Err(_) => break,
                Ok(read) => seen.extend_from_slice(&piece[..read]),
            }
        }
        String::from_utf8(seen).unwrap()
    }

    /// Writes a byte a second until the server has closed the connection; the time it took.
    async fn drip(mut self, bytes: &[u8]) -> Duration {
        let begun = Instant::now();
        for byte in bytes.iter().cycle() {
            if self.server.is_finished() || self.stream.write_all(&[*byte]).await.is_err() {
                break;
            }
            sleep(Duration::from_secs(1)).await;
        }
        begun.elapsed()
    }
}

fn assert_about(found: Duration, wanted: Duration, what: &str) {
    assert!((wanted..wanted + LATE).contains(&found), "{what}: {found:?}, not {wanted:?}");
}

#[tokio::test(start_paused = true)]
async fn headers_that_come_slowly_end_the_connection() {
    let long = format!("GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: {}", "y".repeat(10_000));
    let took = connection().await.drip(long.as_bytes()).await;
    assert_about(took, HEADER_TIME, "the first request");

    let mut kept = connection().await;
    assert!(kept.is_healthy().await);
    sleep(Duration::from_secs(20)).await;
    let took = kept.drip(long.as_bytes()).await;
    assert_about(took, HEADER_TIME, "the second request");

    let took = connection().await.drip(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04").await;
    assert_about(took, HEADER_TIME, "a preface of HTTP/2");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_asks_for_nothing_ends() {
    let silent = connection().await;
    let begun = Instant::now();
    silent.server.await.unwrap();
    assert_about(begun.elapsed(), HEADER_TIME, "never asked");

    let mut kept = connection().await;
    for _ in 0..3 {
        assert!(kept.is_healthy().await);
        sleep(IDLE_TIME - LATE).await;
    }
    assert!(kept.is_healthy().await);
    let begun = Instant::now();
    kept.server.await.unwrap();
    assert_about(begun.elapsed(), IDLE_TIME, "asked before");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_comes_slowly_is_refused() {
    let mut connection = connection().await;
    let head = operation_bytes(LIST, "content-length: 100000\r\nconnection: close\r\n", "");
    connection.stream.write_all(&head).await.unwrap();
    let begun = Instant::now();
    let (mut from, mut to) = tokio::io::split(connection.stream);
    let writer = tokio::spawn(async move {
        while to.write_all(b" ").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    });
    let mut start = [0; 12];
    from.read_exact(&mut start).await.unwrap();
    assert_eq!(str::from_utf8(&start).unwrap(), "HTTP/1.1 408");
    assert_about(begun.elapsed(), BODY_TIME, "the body");
    connection.server.await.unwrap();
    writer.abort();
}

#[tokio::test(start_paused = true)]
async fn a_body_that_keeps_its_pace_may_take_long() {
    let mut connection = connection().await;
    let head = operation_bytes(LIST, "content-length: 6000000\r\n", "{}");
    connection.stream.write_all(&head).await.unwrap();
    let begun = Instant::now();
    let mut left = 6_000_000 - 2;
    while left > 0 {
        let piece = left.min(40_000);
        connection.stream.write_all(&vec![b' '; piece]).await.unwrap();
        left -= piece;
        sleep(Duration::from_secs(1)).await;
    }
    assert!(begun.elapsed() > 4 * BODY_TIME);
    let mut start = [0; 12];
    connection.stream.read_exact(&mut start).await.unwrap();
    assert_eq!(str::from_utf8(&start).unwrap(), "HTTP/1.1 200");
}

#[tokio::test(start_paused = true)]
async fn who_does_not_read_the_answer_is_let_go() {
    let mut connection = connection().await;
    let begun = Instant::now();
    // Answers fill the stream, and nobody takes them.
    for _ in 0..2000 {
        let written =
            tokio::time::timeout(Duration::from_secs(1), connection.stream.write_all(HEALTH));
        if !matches!(written.await, Ok(Ok(()))) {
            break;
        }
    }
    connection.server.await.unwrap();
    assert!(begun.elapsed() < IDLE_TIME + HEADER_TIME + LATE, "{:?}", begun.elapsed());
}
