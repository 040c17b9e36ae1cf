//! The program as a person or a script meets it, where no AWS client is needed.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_firehose-local"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Exit code, stdout and stderr of a run that ends by itself.
fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = program(arguments).output().expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

/// A running endpoint, and what it says on stderr.
struct Running {
    child: Child,
    err: BufReader<std::process::ChildStderr>,
    address: String,
}

impl Running {
    fn start(data: &Path, arguments: &[&str]) -> Self {
        let mut command = program(&["--port", "0", "--data-dir"]);
        let mut child = command
            .arg(data)
            .args(arguments)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut err = BufReader::new(child.stderr.take().expect("stderr"));
        let mut line = String::new();
        err.read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("firehose-local listens on http://");
        let address = address.unwrap_or_else(|| panic!("{line}")).to_owned();
        Self { child, err, address }
    }

    /// One request; answers with the whole of the answer.
    fn http(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    /// One operation of Firehose, unsigned.
    fn firehose(&self, operation: &str, body: &str) -> String {
        let length = body.len();
        self.http(&format!(
            "POST / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {length}\r\n\
             Content-Type: application/x-amz-json-1.1\r\n\
             X-Amz-Target: Firehose_20150804.{operation}\r\n\r\n{body}",
            self.address
        ))
    }

    /// Sends a signal; answers with the exit code and the rest of stderr.
    fn end(mut self, signal: &str) -> (i32, String) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().expect("kill");
        assert!(sent.success());
        let mut rest = String::new();
        self.err.read_to_string(&mut rest).expect("UTF-8");
        (self.child.wait().expect("an end").code().unwrap_or(-1), rest)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already when the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_environment_is_printed_for_a_shell_to_evaluate() {
    let (code, out, err) = run(&["env", "--port", "4599"]);
    let expected = "export AWS_ENDPOINT_URL=http://127.0.0.1:4599\n\
                    export AWS_ACCESS_KEY_ID=test\nexport AWS_SECRET_ACCESS_KEY=test\n\
                    export AWS_REGION=us-east-1\nexport AWS_DEFAULT_REGION=us-east-1\n";
    assert_eq!((code, out.as_str(), err.as_str()), (0, expected, ""));
}

#[test]
fn flags_that_cannot_be_end_with_two_and_a_reason() {
    let table: [(&[&str], &str); 9] = [
        (&["--listen", "0.0.0.0"], "--auth verify"),
        (&["--auth", "verify"], "--keys"),
        (&["--keys", "x"], "--keys has no use"),
        (&["--insecure-no-auth"], "has no use on a loopback address"),
        (&["--account", "12"], "twelve digits"),
        (&["--region", "US East"], "us-east-1"),
        (&["--clock-start", "yesterday"], "2022-01-08T06:00:00Z"),
        (&["--fault", "nonsense"], "nonsense"),
        (&["--buffer-size", "0"], "at least 1 byte"),
    ];
    let folder = tempfile::tempdir().expect("a directory");
    let data = folder.path().join("data").display().to_string();
    for (arguments, words) in table {
        let all = [&["--port", "0", "--data-dir", &data], arguments].concat();
        let (code, out, err) = run(&all);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {err}");
        assert!(err.contains(words), "{arguments:?}: {err}");
    }
}

#[test]
fn a_place_or_a_port_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("a file");
    let below = file.join("data").display().to_string();
    let (code, _, err) = run(&["--port", "0", "--data-dir", &below]);
    assert!(code == 1 && err.contains(&below) && err.contains("--data-dir"), "{err}");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let fine = folder.path().join("fine");
    let (code, _, err) = run(&["--port", &port, "--data-dir", &fine.display().to_string()]);
    assert!(code == 1 && err.contains(&port) && err.contains("--port 0"), "{err}");
    assert!(!fine.exists(), "nothing was touched");
}

#[test]
fn the_tutorial_stands_ready_and_a_signal_delivers_what_is_buffered() {
    let folder = tempfile::tempdir().expect("a directory");
    let start = ["--tutorial", "--clock-start", "2022-01-08T06:00:00Z"];
    for (round, signal) in ["-TERM", "-INT"].into_iter().enumerate() {
        let running = Running::start(folder.path(), &start);
        // `{"user":"Ada","favoritecaptain":"Han Solo","rating":7,"timestamp":1.5}`
        let data = "eyJ1c2VyIjoiQWRhIiwiZmF2b3JpdGVjYXB0YWluIjoiSGFuIFNvbG8iLCJyYXRpbmciOjcsInRpbWVzdGFtcCI6MS41fQ==";
        let put = format!(
            r#"{{"DeliveryStreamName":"PUT-S3-qrZbv","Records":[{{"Data":"{data}"}},{{"Data":"{data}"}}]}}"#
        );
        let answer = running.firehose("PutRecordBatch", &put);
        assert!(answer.contains(r#""FailedPutCount":0"#), "{answer}");
        let second = run(&["--port", "0", "--data-dir", &folder.path().display().to_string()]);
        assert!(second.0 == 1 && second.2.contains("in use by another process"), "{}", second.2);
        let (code, rest) = running.end(signal);
        let expected = "PUT-S3-qrZbv: 2 records taken, 2 delivered in 1 objects";
        assert!(code == 0 && rest.contains(expected), "{code}: {rest}");
        let hour = folder.path().join("captains-rating/ratings2022/01/08/06");
        assert_eq!(std::fs::read_dir(hour).expect("the hour").count(), round + 1);
    }
}

#[test]
fn a_strange_host_is_turned_away_and_health_is_told() {
    let folder = tempfile::tempdir().expect("a directory");
    let running = Running::start(folder.path(), &[]);
    let get = |host: &str| {
        let path = "/_firehose-local/health";
        running.http(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
    };
    assert!(get("evil.example").starts_with("HTTP/1.1 403"));
    assert!(get("localhost").starts_with("HTTP/1.1 200"));
}
