//! The Producer and a server that answers a byte at a time: row 5 of the table in
//! `docs/src/producer.md`, over a real socket.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use firehose_sink::{AwsFirehoseSink, Producer, Record};
use serde_json::{Value, json};

use crate::clients::say;

const RECORDS: usize = 10;
const CALL_TIMEOUT: Duration = Duration::from_millis(400);
/// Calls that are answered too slowly.
const SLOW_CALLS: usize = 2;

/// What came to the server: for each request, how many records, and how long its client waited.
type Seen = Arc<Mutex<Vec<(usize, Duration)>>>;

/// Answers the first calls a byte a second, the others at once.
fn serve(listener: &TcpListener, seen: &Seen, done: &AtomicBool) {
    for connection in listener.incoming().map_while(Result::ok) {
        if done.load(Ordering::Relaxed) {
            return;
        }
        let seen = Arc::clone(seen);
        // A client that gave up leaves its connection; the next request comes on another.
        thread::spawn(move || while answer(&connection, &seen).is_some() {});
    }
}

/// One request and its answer; nothing when the client has gone.
fn answer(connection: &TcpStream, seen: &Seen) -> Option<()> {
    let body = request(connection)?;
    let began = Instant::now();
    let records = body["Records"].as_array()?.len();
    let entries: Vec<_> = (0..records).map(|n| json!({ "RecordId": n.to_string() })).collect();
    let body = json!({ "FailedPutCount": 0, "RequestResponses": entries }).to_string();
    let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let index = {
        let mut seen = seen.lock().expect("no panic");
        seen.push((records, Duration::ZERO));
        seen.len() - 1
    };
    if index >= SLOW_CALLS {
        return (&*connection).write_all(text.as_bytes()).ok();
    }
    // Whoever waits for a byte of the client sees at once when it has gone.
    connection.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    for byte in text.bytes() {
        (&*connection).write_all(&[byte]).ok()?;
        if matches!((&*connection).read(&mut [0]), Ok(0)) {
            break;
        }
    }
    seen.lock().expect("no panic")[index].1 = began.elapsed();
    None
}

/// The JSON of one request.
fn request(connection: &TcpStream) -> Option<Value> {
    connection.set_read_timeout(None).ok()?;
    let mut reader = BufReader::new(connection);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).ok()? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn row_5_a_server_of_a_byte_a_second_costs_one_call_an_attempt_and_no_record() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (seen, done) = (Seen::default(), Arc::new(AtomicBool::new(false)));
    let server = {
        let (seen, done) = (Arc::clone(&seen), Arc::clone(&done));
        thread::spawn(move || serve(&listener, &seen, &done))
    };
    let config = integration_tests::sdk_config(&format!("http://{address}")).await;
    let sink = Arc::new(AwsFirehoseSink::from_config(&config, "slow"));
    let (producer, drain) = Producer::builder(sink).call_timeout(CALL_TIMEOUT).in_flight(1).start();
    let records = (0..RECORDS).map(|n| Record::from(n.to_string().into_bytes()));
    producer.send_all(records).await.expect("accepted");
    drop(producer);
    // At a byte a second, the two slow answers alone would take several minutes.
    let report = drain.finish(Duration::from_secs(30)).await;

    assert!(report.is_complete(), "{report}");
    done.store(true, Ordering::Relaxed);
    // One more connection, so that the server looks.
    drop(TcpStream::connect(address));
    server.join().expect("no panic");
    let seen = seen.lock().expect("no panic").clone();
    let longest = seen.iter().map(|(_, waited)| *waited).max().unwrap_or_default();
    say(&format!(
        "row 5 | a server of 1 byte/s, {RECORDS} records | lost 0 | counted as possible duplicates \
         {} | {} calls, {} requests, an attempt took {longest:?} of {CALL_TIMEOUT:?} at the most",
        report.maybe_duplicated,
        report.calls,
        seen.len(),
    ));
    assert_eq!(report.calls, seen.len() as u64, "one request for each attempt: {seen:?}");
    assert_eq!(seen.len(), SLOW_CALLS + 1, "{seen:?}");
    assert!(seen.iter().all(|(records, _)| *records == RECORDS), "{seen:?}");
    assert_eq!(report.maybe_duplicated, (SLOW_CALLS * RECORDS) as u64, "{report}");
}
