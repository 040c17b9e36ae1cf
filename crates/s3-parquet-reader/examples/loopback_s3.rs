//! An S3 on loopback for measuring: serves a directory from memory, answers late on request, and
//! counts what it is asked.
//!
//! `cargo run --release -p s3-parquet-reader --example loopback_s3 -- DIRECTORY [LATENCY_MS]`
//!
//! It prints its address. Every bucket has the same objects. It knows both ListObjects, GET and HEAD
//! with `Range` and `If-Match`, and checks no signature. `GET /_counts` tells the requests since
//! the last time.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

const PAGE: usize = 1_000;
const STACK_BYTES: usize = 256 << 10;

#[derive(Default)]
struct S3 {
    objects: BTreeMap<String, Vec<u8>>,
    latency: Duration,
    gets: AtomicU64,
    heads: AtomicU64,
    lists: AtomicU64,
    bytes: AtomicU64,
    in_flight: AtomicU64,
    most_in_flight: AtomicU64,
}

/// A request, as far as it matters.
#[derive(Default)]
struct Request {
    head: bool,
    path: String,
    query: Vec<(String, String)>,
    range: Option<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().ok_or("usage: loopback_s3 DIRECTORY [LATENCY_MS]")?;
    let latency = arguments.next().map_or(Ok(0), |latency| latency.parse())?;
    let mut s3 = S3 { latency: Duration::from_millis(latency), ..S3::default() };
    load(Path::new(&directory), "", &mut s3.objects)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut out = std::io::stdout();
    writeln!(out, "http://{} {} objects", listener.local_addr()?, s3.objects.len())?;
    out.flush()?;
    let s3 = Arc::new(s3);
    for stream in listener.incoming().flatten() {
        let s3 = Arc::clone(&s3);
        // A client that hangs up is its own affair.
        let work = move || drop(serve(stream, &s3));
        thread::Builder::new().stack_size(STACK_BYTES).spawn(work)?;
    }
    Ok(())
}

fn load(from: &Path, prefix: &str, to: &mut BTreeMap<String, Vec<u8>>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let key = format!("{prefix}{}", entry.file_name().to_string_lossy());
        match entry.file_type()?.is_dir() {
            true => load(&entry.path(), &format!("{key}/"), to)?,
            false => drop(to.insert(key, std::fs::read(entry.path())?)),
        }
    }
    Ok(())
}

fn serve(stream: TcpStream, s3: &S3) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    while let Some(request) = read(&mut reader)? {
        let now = s3.in_flight.fetch_add(1, SeqCst) + 1;
        s3.most_in_flight.fetch_max(now, SeqCst);
        thread::sleep(s3.latency);
        let outcome = answer(&request, s3, &mut writer);
        s3.in_flight.fetch_sub(1, SeqCst);
        outcome?;
    }
    Ok(())
}

fn read(reader: &mut impl BufRead) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let head = words.next() == Some("HEAD");
    let (path, query) = words.next().and_then(|t| t.split_once('?')).map_or_else(
        || (line.split_whitespace().nth(1).unwrap_or_default(), ""),
        |(path, query)| (path, query),
    );
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let query = pairs.map(|(name, value)| (decoded(name), decoded(value))).collect();
    let mut request = Request { head, path: decoded(path), query, range: None };
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
            return Ok(Some(request));
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("range")
        {
            request.range = Some(value.trim().to_owned());
        }
    }
}

fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let byte = part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        plain.push(byte.map_or('%', char::from));
        plain.push_str(part.get(2..).unwrap_or_default());
    }
    plain
}

fn answer(request: &Request, s3: &S3, to: &mut TcpStream) -> std::io::Result<()> {
    if request.path == "/_counts" {
        let counts = counts(s3);
        return send(to, "200 OK", "", counts.as_bytes(), false);
    }
    let (_, key) = request.path.trim_start_matches('/').split_once('/').unwrap_or(("", ""));
    if key.is_empty() {
        s3.lists.fetch_add(1, SeqCst);
        return send(
            to,
            "200 OK",
            "Content-Type: application/xml\r\n",
            list(request, s3).as_bytes(),
            false,
        );
    }
    let counter = if request.head { &s3.heads } else { &s3.gets };
    counter.fetch_add(1, SeqCst);
    let Some(object) = s3.objects.get(key) else {
        return send(
            to,
            "404 Not Found",
            "",
            b"<Error><Code>NoSuchKey</Code></Error>",
            request.head,
        );
    };
    let fixed = "Last-Modified: Sat, 08 Jan 2022 06:21:22 GMT\r\nAccept-Ranges: bytes\r\n";
    let headers = format!("ETag: \"{:x}\"\r\n{fixed}", object.len());
    let (from, to_) = range(request.range.as_deref(), object.len());
    let part = object.get(from..to_).unwrap_or_default();
    s3.bytes.fetch_add(if request.head { 0 } else { part.len() as u64 }, SeqCst);
    match request.range {
        None => send(to, "200 OK", &headers, part, request.head),
        Some(_) => {
            let last = to_.saturating_sub(1);
            let headers =
                format!("{headers}Content-Range: bytes {from}-{last}/{}\r\n", object.len());
            send(to, "206 Partial Content", &headers, part, request.head)
        }
    }
}

fn counts(s3: &S3) -> String {
    let take = |counter: &AtomicU64| counter.swap(0, SeqCst);
    // This request is in flight itself, and alone.
    let most = take(&s3.most_in_flight);
    format!(
        "{{\"gets\":{},\"heads\":{},\"lists\":{},\"bytes\":{},\"most_in_flight\":{most}}}",
        take(&s3.gets),
        take(&s3.heads),
        take(&s3.lists),
        take(&s3.bytes)
    )
}

fn range(range: Option<&str>, size: usize) -> (usize, usize) {
    let bounds = range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
    match bounds.map(|(from, to)| (from.parse::<usize>().ok(), to.parse::<usize>().ok())) {
        Some((Some(from), Some(to))) => (from, size.min(to + 1)),
        Some((Some(from), None)) => (from, size),
        Some((None, Some(last))) => (size.saturating_sub(last), size),
        _ => (0, size),
    }
}

fn list(request: &Request, s3: &S3) -> String {
    let of = |name: &str| {
        let found = request.query.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let (prefix, token) = (of("prefix"), of("continuation-token"));
    // boto3's resources still list by the first version of the call.
    let starts = [token, of("start-after"), of("marker")];
    let after = starts.into_iter().find(|start| !start.is_empty()).unwrap_or_default();
    let page = of("max-keys").parse().unwrap_or(PAGE).min(PAGE);
    let keys = s3.objects.iter().filter(|(key, _)| key.starts_with(prefix));
    let mut keys = keys.skip_while(|(key, _)| key.as_str() <= after && !after.is_empty());
    let mut contents = String::new();
    let (mut count, mut last) = (0, "");
    for (key, object) in keys.by_ref().take(page) {
        let size = object.len();
        (count, last) = (count + 1, key);
        let _ = write!(
            contents,
            "<Contents><Key>{key}</Key><LastModified>2022-01-08T06:21:22.000Z</LastModified>\
             <ETag>&quot;{size:x}&quot;</ETag><Size>{size}</Size>\
             <StorageClass>STANDARD</StorageClass></Contents>"
        );
    }
    let next = match keys.next() {
        None => "<IsTruncated>false</IsTruncated>".to_owned(),
        Some(_) => format!(
            "<IsTruncated>true</IsTruncated><NextContinuationToken>{last}</NextContinuationToken>"
        ),
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>\
         <Prefix>{prefix}</Prefix><KeyCount>{count}</KeyCount><MaxKeys>{PAGE}</MaxKeys>{next}\
         {contents}</ListBucketResult>"
    )
}

fn send(
    to: &mut TcpStream,
    status: &str,
    headers: &str,
    body: &[u8],
    head: bool,
) -> std::io::Result<()> {
    let length = body.len();
    let top = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n");
    let mut all = Vec::with_capacity(top.len() + if head { 0 } else { length });
    all.extend_from_slice(top.as_bytes());
    if !head {
        all.extend_from_slice(body);
    }
    to.write_all(&all)
}
