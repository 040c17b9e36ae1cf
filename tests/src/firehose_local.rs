//! `firehose-local` as users run it: a process with a port, a data directory and signals.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::program;

/// Longer than any start or end takes on a busy machine; shorter than patience.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the line with the address begins with.
const LISTENS: &str = "firehose-local listens on ";

/// A running `firehose-local` on a free port; it is killed when dropped.
#[derive(Debug)]
pub struct FirehoseLocal {
    child: Child,
    endpoint: String,
    data_dir: PathBuf,
    /// Of its own, unless the caller named a directory.
    _temporary: Option<TempDir>,
    told: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

/// How a `firehose-local` ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// All that it told on stderr.
    pub told: String,
}

/// An answer over HTTP.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    /// What follows them.
    pub body: String,
}

impl FirehoseLocal {
    /// Starts it in a directory of its own that goes with it.
    ///
    /// # Panics
    ///
    /// When it does not come up; with what it told.
    #[must_use]
    pub fn start(arguments: &[&str]) -> Self {
        let temporary = tempfile::tempdir().expect("a temporary directory");
        let mut started = Self::start_in(temporary.path(), arguments);
        started._temporary = Some(temporary);
        started
    }

    /// Starts it over a data directory.
    ///
    /// # Panics
    ///
    /// When it does not come up; with what it told.
    #[must_use]
    pub fn start_in(data_dir: &Path, arguments: &[&str]) -> Self {
        let mut command = Self::command();
        command.args(["--port", "0", "--data-dir"]).arg(data_dir).args(arguments);
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the program starts");
        let stderr = child.stderr.take().expect("stderr is piped");
        let told = Arc::new(Mutex::new(String::new()));
        let (found, address) = mpsc::channel();
        let reader = {
            let told = Arc::clone(&told);
            std::thread::spawn(move || {
                for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                    if let Some(address) = line.strip_prefix(LISTENS) {
                        // Nobody waits any more when the start was given up.
                        let _ = found.send(address.to_owned());
                    }
                    let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                    told.push_str(&line);
                    told.push('\n');
                }
            })
        };
        let endpoint = address.recv_timeout(PATIENCE);
        let mut started = Self {
            child,
            endpoint: String::new(),
            data_dir: data_dir.to_owned(),
            _temporary: None,
            told,
            reader: Some(reader),
        };
        started.endpoint = endpoint.expect("the line with the address");
        started
    }

    /// The bare program, for what does not come up or does not serve.
    #[must_use]
    pub fn command() -> Command {
        let mut command = Command::new(program::program("firehose-local"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// `http://127.0.0.1:PORT`
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// `127.0.0.1:PORT`
    ///
    /// # Panics
    ///
    /// When the line with the address named another scheme.
    #[must_use]
    pub fn address(&self) -> &str {
        self.endpoint.strip_prefix("http://").expect("an address on http")
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where the objects lie.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// What it told on stderr so far.
    #[must_use]
    pub fn told(&self) -> String {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What a client needs in its environment, and nothing else of AWS's.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let pairs = [
            ("AWS_ENDPOINT_URL", self.endpoint.as_str()),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
        ];
        pairs.map(|(name, value)| (name, value.to_owned())).to_vec()
    }

    /// One request as it is written here, and its answer; the connection is closed after it.
    ///
    /// # Panics
    ///
    /// When there is no answer, or none that is HTTP.
    #[must_use]
    pub fn request(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
        let host = format!("Host: {}", self.address());
        let given = headers.iter().any(|header| header.to_ascii_lowercase().starts_with("host:"));
        let mut text = format!("{method} {path} HTTP/1.1\r\n");
        let own = if given { None } else { Some(host.as_str()) };
        for header in own.iter().chain(headers) {
            text.push_str(header);
            text.push_str("\r\n");
        }
        text.push_str(&format!("Content-Length: {}\r\nConnection: close\r\n\r\n", body.len()));
        let mut connection = TcpStream::connect(self.address()).expect("the port is open");
        connection.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        connection.write_all(text.as_bytes()).expect("a request is taken");
        connection.write_all(body).expect("a body is taken");
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).expect("an answer");
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.get(9..12).and_then(|status| status.parse().ok()).expect("a status");
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// An operation of AWS JSON, without a signature.
    ///
    /// # Panics
    ///
    /// As [`request`](Self::request).
    #[must_use]
    pub fn aws_json(&self, target: &str, body: &str) -> Answer {
        let target = format!("X-Amz-Target: {target}");
        let headers = [target.as_str(), "Content-Type: application/x-amz-json-1.1"];
        self.request("POST", "/", &headers, body.as_bytes())
    }

    /// Ends it by a signal, such as `TERM`, `INT` or `KILL`, and waits for the end.
    ///
    /// # Panics
    ///
    /// When it does not end.
    #[must_use]
    pub fn end_by(mut self, name: &str) -> Ended {
        signal(self.child.id(), name);
        self.wait()
    }

    fn wait(&mut self) -> Ended {
        let status = wait(&mut self.child).expect("an end");
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader of stderr");
        }
        Ended { status, told: self.told() }
    }
}

impl Drop for FirehoseLocal {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("firehose-local told:\n{}", self.told());
        }
    }
}

/// Sends a signal to a process.
///
/// # Panics
///
/// When there is no such process.
pub fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status();
    assert!(sent.expect("kill runs").success(), "no process {process} for SIG{name}");
}

/// Waits for a process to end; `None` when it does not.
fn wait(child: &mut Child) -> Option<ExitStatus> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().expect("a child") {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    None
}
