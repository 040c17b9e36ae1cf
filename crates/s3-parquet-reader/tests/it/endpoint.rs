//! An S3 that answers from a script on 127.0.0.1, and notes what it was asked.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What was asked.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// The header `Range`.
    pub(crate) range: Option<String>,
    /// All headers, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The access key that signed it.
    pub(crate) fn access_key(&self) -> Option<&str> {
        let (_, rest) = self.header("authorization")?.split_once("Credential=")?;
        rest.split('/').next()
    }

    pub(crate) fn is_list(&self) -> bool {
        self.target.contains("list-type=2")
    }
}

/// What to answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// Number and reason.
    pub(crate) status: &'static str,
    /// Lines, each with its end.
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
    /// How much of the body is sent before the connection ends.
    pub(crate) sent: usize,
}

impl Answer {
    pub(crate) fn new(status: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self { status, headers: String::new(), sent: body.len(), body }
    }

    /// S3's error document.
    pub(crate) fn error(status: &'static str, code: &str) -> Self {
        let body = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
        Self::new(status, body)
    }

    /// S3's listing of one key.
    pub(crate) fn listing(key: &str, size: usize) -> Self {
        let body = format!(
            "<ListBucketResult><Name>b</Name><KeyCount>1</KeyCount><IsTruncated>false</IsTruncated>\
             <Contents><Key>{key}</Key><LastModified>2022-01-08T06:21:22.000Z</LastModified>\
             <ETag>&quot;e&quot;</ETag><Size>{size}</Size></Contents></ListBucketResult>"
        );
        Self::new("200 OK", body)
    }

    /// The object, or the rest of it that a request asks for.
    pub(crate) fn object(request: &Request, object: &[u8]) -> Self {
        let from = request.range.as_deref().and_then(|range| {
            let (from, _) = range.strip_prefix("bytes=")?.split_once('-')?;
            from.parse::<usize>().ok()
        });
        let Some(from) = from else { return Self::new("200 OK", object) };
        let (last, size) = (object.len() - 1, object.len());
        let mut answer = Self::new("206 Partial Content", &object[from..]);
        answer.headers = format!("Content-Range: bytes {from}-{last}/{size}\r\n");
        answer
    }
}

/// An endpoint; it answers until the test ends.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Endpoint {
    /// `script` sees a request and how many came before it.
    pub(crate) fn start(script: impl Fn(&Request, usize) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let noted = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that hangs up is its own affair.
                let _ = serve(stream, |request| {
                    let mut noted = noted.lock().unwrap();
                    noted.push(request.clone());
                    script(request, noted.len() - 1)
                });
            }
        });
        Self { url, requests }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(stream: TcpStream, script: impl FnOnce(&Request) -> Answer) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut request = Request { method, target, range: None, headers: Vec::new() };
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
            break;
        }
        let Some((name, value)) = header.split_once(':') else { continue };
        let (name, value) = (name.to_ascii_lowercase(), value.trim().to_owned());
        if name == "range" {
            request.range = Some(value.clone());
        }
        request.headers.push((name, value));
    }
    read_body(&mut reader, &request)?;
    let Answer { status, headers, body, sent } = script(&request);
    let mut stream = reader.into_inner();
    let length = body.len();
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n")?;
    write!(stream, "ETag: \"e\"\r\nLast-Modified: Sat, 08 Jan 2022 06:21:22 GMT\r\n{headers}\r\n")?;
    if request.method == "HEAD" { Ok(()) } else { stream.write_all(&body[..sent]) }
}

/// Takes the body off the wire, so that closing does not reset the connection.
fn read_body(reader: &mut impl std::io::Read, request: &Request) -> std::io::Result<()> {
    let length = request.header("content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)
}
