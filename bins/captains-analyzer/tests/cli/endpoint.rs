//! An S3 that answers from a script, so that its refusals can be met without a network.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What to answer: status line's number and reason, extra header lines, body.
pub(crate) type Answer = (&'static str, &'static str, Vec<u8>);

/// Starts to answer on a free port until the test ends. `script` sees method and target.
pub(crate) fn start(script: impl Fn(&str, &str) -> Answer + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let script = Arc::new(script);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let script = Arc::clone(&script);
            // Each for itself: a late answer holds nobody else up. A client that hangs up is its
            // own affair.
            thread::spawn(move || serve(stream, &*script));
        }
    });
    url
}

/// As [`start`], with the number of requests so far.
pub(crate) fn counted(
    script: impl Fn(&str, &str) -> Answer + Send + Sync + 'static,
) -> (Arc<AtomicUsize>, String) {
    let count = Arc::<AtomicUsize>::default();
    let asked = Arc::clone(&count);
    let url = start(move |method, target| {
        asked.fetch_add(1, Ordering::SeqCst);
        script(method, target)
    });
    (count, url)
}

/// A port on which nobody listens: it is not given out to anybody who asks for a free one.
pub(crate) const NOBODY: &str = "http://127.0.0.1:1";

/// S3's error document.
pub(crate) fn error(status: &'static str, code: &str, more: &str) -> Answer {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <Error><Code>{code}</Code><Message>no</Message>{more}<RequestId>r</RequestId></Error>"
    );
    (status, "", body.into_bytes())
}

/// S3's listing of these keys and sizes.
pub(crate) fn listing(objects: &[(&str, usize)]) -> Answer {
    let contents: String = objects
        .iter()
        .map(|(key, size)| {
            format!(
                "<Contents><Key>{key}</Key><LastModified>2022-01-08T06:21:22.000Z</LastModified>\
                 <ETag>&quot;e&quot;</ETag><Size>{size}</Size></Contents>"
            )
        })
        .collect();
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult><Name>b</Name>\
         <KeyCount>{}</KeyCount><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>",
        objects.len()
    );
    ("200 OK", "", body.into_bytes())
}

fn serve(
    mut stream: TcpStream,
    script: &(impl Fn(&str, &str) -> Answer + Send + Sync),
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut range = None;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
            break;
        }
        let header = header.trim().to_ascii_lowercase();
        range = header.strip_prefix("range: bytes=").and_then(bounds).or(range);
    }
    let mut words = request.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (status, headers, body) = script(method, target);
    let (status, headers, body) = match range.filter(|_| status == "200 OK") {
        Some(range) => part(range, headers, &body),
        None => (status, headers.to_owned(), body),
    };
    let length = body.len();
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n")?;
    write!(stream, "ETag: \"e\"\r\nLast-Modified: Sat, 08 Jan 2022 06:21:22 GMT\r\n{headers}\r\n")?;
    stream.write_all(&body)
}

/// First and last byte, as `Range` names them.
fn bounds(range: &str) -> Option<(usize, usize)> {
    let (first, last) = range.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

/// What S3 answers where a part is asked for.
fn part(
    (first, last): (usize, usize),
    headers: &str,
    body: &[u8],
) -> (&'static str, String, Vec<u8>) {
    let Some(part) = body.get(first..body.len().min(last + 1)) else {
        return ("416 Range Not Satisfiable", String::new(), Vec::new());
    };
    let (last, all) = (first + part.len() - 1, body.len());
    let range = format!("{headers}Content-Range: bytes {first}-{last}/{all}\r\n");
    ("206 Partial Content", range, part.to_vec())
}
