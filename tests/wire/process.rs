//! The process: how it starts, whom it lets in, how it ends.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::Output,
};

use integration_tests::FirehoseLocal;

use crate::clients::transcript;

/// A run that is expected to end by itself.
fn ended(data_dir: &Path, arguments: &[&str]) -> Output {
    let mut command = FirehoseLocal::command();
    command.args(["--port", "0", "--data-dir"]).arg(data_dir).args(arguments);
    command.output().expect("the program runs")
}

fn parquet_files(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let count = |path: &Path| match path.is_dir() {
        true => parquet_files(path),
        false => usize::from(path.extension().is_some_and(|extension| extension == "parquet")),
    };
    entries.map(|entry| count(&entry.expect("an entry").path())).sum()
}

fn put(endpoint: &FirehoseLocal, stream: &str) -> u16 {
    let body = format!(
        "{{\"DeliveryStreamName\":\"{stream}\",\"Record\":{{\"Data\":\"eyJyYXRpbmciOiA3fQ==\"}}}}"
    );
    endpoint.aws_json("Firehose_20150804.PutRecord", &body).status
}

#[test]
fn sigterm_delivers_what_is_buffered_and_reports() {
    for signal in ["TERM", "INT"] {
        let data = tempfile::tempdir().expect("a directory");
        let endpoint = FirehoseLocal::start_in(data.path(), &["--tutorial"]);
        for _ in 0..7 {
            assert_eq!(put(&endpoint, "PUT-S3-qrZbv"), 200);
        }
        let bucket = data.path().join("captains-rating");
        assert_eq!(parquet_files(&bucket), 0, "delivered too soon");
        let ended = endpoint.end_by(signal);
        assert_eq!(ended.status.code(), Some(0), "{}", ended.told);
        assert!(ended.told.contains("7 records taken, 7 delivered in 1 objects"), "{}", ended.told);
        assert_eq!(parquet_files(&bucket), 1, "{}", ended.told);
    }
}

#[test]
fn what_cannot_be_delivered_is_told_at_the_end() {
    let endpoint = FirehoseLocal::start(&["--tutorial", "--grace", "2s"]);
    assert_eq!(put(&endpoint, "PUT-S3-qrZbv"), 200);
    let gone = endpoint.request("DELETE", "/captains-rating", &[], b"");
    assert_eq!(gone.status, 204, "{}", gone.body);
    let ended = endpoint.end_by("TERM");
    assert_eq!(ended.status.code(), Some(3), "{}", ended.told);
    assert!(ended.told.contains("1 NOT DELIVERED"), "{}", ended.told);
    assert!(ended.told.contains("captains-rating"), "{}", ended.told);
}

#[test]
fn a_second_process_on_the_same_data_is_refused() {
    let first = FirehoseLocal::start(&[]);
    let second = ended(first.data_dir(), &[]);
    let told = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(1), "{told}");
    assert!(told.contains("is in use by another process"), "{told}");
    assert!(!told.contains('\u{1b}'), "colours in a pipe: {told}");
    assert_eq!(first.request("GET", "/_firehose-local/health", &[], b"").status, 200);
}

#[test]
fn a_process_that_was_killed_leaves_no_lock_behind() {
    let data = tempfile::tempdir().expect("a directory");
    let killed = FirehoseLocal::start_in(data.path(), &["--tutorial"]).end_by("KILL");
    assert_eq!(killed.status.code(), None);
    let again = FirehoseLocal::start_in(data.path(), &[]);
    assert_eq!(put(&again, "PUT-S3-qrZbv"), 200);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let first = FirehoseLocal::start(&[]);
    let port = first.address().rsplit_once(':').expect("a port").1;
    let data = tempfile::tempdir().expect("a directory");
    let mut command = FirehoseLocal::command();
    command.args(["--port", port, "--data-dir"]).arg(data.path());
    let second = command.output().expect("the program runs");
    let told = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(1), "{told}");
    assert!(told.contains(port), "{told}");
}

#[test]
fn what_cannot_be_asked_for_ends_with_usage() {
    let data = tempfile::tempdir().expect("a directory");
    let table: &[(&[&str], &str)] = &[
        (&["--listen", "0.0.0.0"], "--insecure-no-auth"),
        (&["--listen", "::"], "--insecure-no-auth"),
        (&["--auth", "verify"], "--keys"),
        (&["--fault", "PutRecord:explode"], "explode"),
        (&["--lambda", "f"], "NAME=http://HOST:PORT/PATH"),
        (&["--lambda", "f=https://host/"], "must begin with http://"),
        (&["--clock-start", "yesterday"], "2022-01-08T06:00:00Z"),
        (&["--buffer-interval", "soon"], "soon"),
        (&["--account", "12"], "account"),
        (&["--no-such-flag"], "--no-such-flag"),
    ];
    for (arguments, told) in table {
        let output = ended(data.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", transcript(&output));
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains(told), "{arguments:?}: {text}");
        assert!(!text.contains('\u{1b}'), "colours in a pipe: {text}");
    }
}

#[test]
fn another_address_is_served_when_insisted_on() {
    let endpoint = FirehoseLocal::start(&["--listen", "0.0.0.0", "--insecure-no-auth"]);
    let ended = endpoint.end_by("TERM");
    assert!(ended.told.contains("WARNING: whoever reaches"), "{}", ended.told);
}

#[test]
fn a_foreign_host_is_refused_and_our_own_names_are_not() {
    let endpoint = FirehoseLocal::start(&["--tutorial"]);
    let port = endpoint.address().rsplit_once(':').expect("a port").1;
    let table = [
        ("evil.example".to_owned(), 403),
        (format!("evil.example:{port}"), 403),
        (format!("localhost.evil.example:{port}"), 403),
        (format!("localhost:{port}"), 200),
        (format!("127.0.0.1:{port}"), 200),
        (format!("captains-rating.s3.localhost:{port}"), 200),
        (format!("captains-rating.localhost:{port}"), 200),
    ];
    for (host, status) in table {
        let header = format!("Host: {host}");
        let answer = endpoint.request("GET", "/?list-type=2", &[&header], b"");
        assert_eq!(answer.status, status, "{host}: {} {}", answer.head, answer.body);
        if host.starts_with("captains-rating") {
            continue;
        }
        let target = "X-Amz-Target: Firehose_20150804.ListDeliveryStreams";
        let kind = "Content-Type: application/x-amz-json-1.1";
        let answer = endpoint.request("POST", "/", &[&header, target, kind], b"{}");
        assert_eq!(answer.status, status, "{host}: {} {}", answer.head, answer.body);
    }
}

#[test]
fn many_clients_are_served_from_the_first_moment() {
    let endpoint = FirehoseLocal::start(&["--tutorial"]);
    let served: usize = std::thread::scope(|scope| {
        let client = || (0..20).filter(|_| put(&endpoint, "PUT-S3-qrZbv") == 200).count();
        let clients: Vec<_> = (0..40).map(|_| scope.spawn(client)).collect();
        clients.into_iter().map(|client| client.join().expect("a client")).sum()
    });
    assert_eq!(served, 800);
    let ended = endpoint.end_by("TERM");
    assert!(ended.told.contains("800 records taken, 800 delivered"), "{}", ended.told);
}

#[test]
fn both_versions_of_http_are_spoken_on_one_port() {
    let endpoint = FirehoseLocal::start(&[]);
    assert_eq!(endpoint.request("GET", "/_firehose-local/health", &[], b"").status, 200);
    // HTTP/2 with prior knowledge: the preface and an empty SETTINGS frame; the answer begins with
    // the server's own SETTINGS.
    let mut connection = TcpStream::connect(endpoint.address()).expect("the port is open");
    connection.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").expect("taken");
    let mut frame = [0; 9];
    connection.read_exact(&mut frame).expect("a frame");
    assert_eq!(frame[3], 4, "a SETTINGS frame, not {frame:?}");
}

#[test]
fn a_refused_upload_does_not_spoil_the_connection() {
    let endpoint = FirehoseLocal::start(&[]);
    let mut connection = TcpStream::connect(endpoint.address()).expect("the port is open");
    let host = endpoint.address();
    // A client that sends at once is read to the end, and the connection goes on.
    let body = vec![b'x'; 8 << 20];
    for _ in 0..2 {
        let head = format!("PUT /nowhere/object HTTP/1.1\r\nHost: {host}\r\n");
        let head = format!("{head}Content-Length: {}\r\n\r\n", body.len());
        connection.write_all(head.as_bytes()).expect("a head is taken");
        connection.write_all(&body).expect("a body is taken");
        let answer = answer_of(&mut connection);
        assert!(answer.contains("404") && answer.contains("NoSuchBucket"), "{answer}");
    }
    // A client that waits to be asked for its body is told that it need not send it.
    let head = format!("PUT /nowhere/object HTTP/1.1\r\nHost: {host}\r\n");
    let head = format!("{head}Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    connection.write_all(head.as_bytes()).expect("a head is taken");
    let answer = answer_of(&mut connection);
    assert!(answer.contains("NoSuchBucket"), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
    assert_eq!(connection.read(&mut [0]).expect("the end"), 0);
}

/// One answer with a `Content-Length`.
fn answer_of(connection: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&answer).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if length.is_some_and(|length| length.parse() == Ok(body.len())) {
                return String::from_utf8_lossy(&answer).into_owned();
            }
        }
        let mut piece = [0; 4096];
        let read = connection.read(&mut piece).expect("an answer");
        assert!(read > 0, "the connection ended: {text}");
        answer.extend(&piece[..read]);
    }
}
