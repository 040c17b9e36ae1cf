//! No secret and no payload in any log at any level: everything is logged, and searched.

use std::{
    io,
    sync::{Arc, Mutex},
};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4::SigningParams,
};
use base64_simd::STANDARD;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::site::Site;
use crate::settings::{Auth, Settings};

const KEY: &str = "AKIDCANARY";
const SECRET: &str = "canary/secret/of/the/key";
const TOKEN: &str = "canarysessiontoken";
const PAYLOAD: &str = "canary payload of a record";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Signed for `service`; the signature is the canary.
fn signed(service: &str, request: http::request::Builder, body: &str) -> Request<Full<Bytes>> {
    let mut request = request.body(()).unwrap();
    let token = Some(TOKEN.to_owned());
    let identity = Credentials::new(KEY, SECRET, token, None, "test").into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name(service)
        .time(std::time::SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .unwrap();
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let (method, uri) = (request.method().as_str(), request.uri().to_string());
    let body_to_sign = SignableBody::Bytes(body.as_bytes());
    let signable = SignableRequest::new(method, uri, headers, body_to_sign).unwrap();
    let (instructions, _) = sign(signable, &params.into()).unwrap().into_parts();
    instructions.apply_to_request_http1x(&mut request);
    request.map(|()| Full::new(Bytes::copy_from_slice(body.as_bytes())))
}

/// Requests that are let in, refused, unreadable, and of all services.
fn requests(host: &str) -> Vec<Request<Full<Bytes>>> {
    let url = |path: &str| format!("http://{host}{path}");
    let at = |method: &str, path: &str| {
        Request::builder().method(method).uri(url(path)).header("host", host)
    };
    let json = |target: &str| {
        at("POST", "/")
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", target)
    };
    let put = serde_json::json!({
        "DeliveryStreamName": "none",
        "Record": {"Data": STANDARD.encode_to_string(PAYLOAD)},
    });
    let put = put.to_string();
    let form = format!("Action=GetCallerIdentity&Version=2011-06-15&Canary={PAYLOAD}");
    let xml = format!("<Delete><Object>{PAYLOAD}");
    let presigned = format!(
        "/bucket/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={KEY}%2F20220108%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20220108T060000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature={}",
        "ab".repeat(32)
    );
    let mut unsigned = vec![signed("s3", at("GET", &presigned), "")];
    unsigned[0].headers_mut().remove("authorization");
    let mut requests = vec![
        signed("firehose", json("Firehose_20150804.PutRecord"), &put),
        signed("glue", json("Firehose_20150804.PutRecord"), &put),
        signed("firehose", json("Firehose_20150804.PutRecord"), PAYLOAD),
        signed("glue", json("AWSGlue.CreateDatabase"), &put),
        signed(
            "sts",
            at("POST", "/").header("content-type", "application/x-www-form-urlencoded"),
            &form,
        ),
        signed("s3", at("PUT", "/bucket"), ""),
        signed("s3", at("PUT", "/bucket/key"), PAYLOAD),
        signed("s3", at("GET", "/bucket/key"), ""),
        signed("s3", at("POST", "/bucket?delete"), &xml),
        signed("firehose", at("GET", "/_firehose-local/status"), ""),
    ];
    requests.append(&mut unsigned);
    // The same again, with a signature that is wrong.
    let wrong = requests.clone().into_iter().map(|mut request| {
        let body = Bytes::from(format!("another {PAYLOAD}"));
        *request.body_mut() = Full::new(body);
        request
    });
    let wrong: Vec<_> = wrong.collect();
    requests.extend(wrong);
    requests
}

async fn over_http_1(site: &Site, request: Request<Full<Bytes>>) -> u16 {
    let stream = TokioIo::new(site.connect().await);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().unwrap().as_str().parse().unwrap();
    let mut request = Request::from_parts(parts, body);
    *request.uri_mut() = path;
    let answer = sender.send_request(request).await.unwrap();
    let status = answer.status().as_u16();
    let _ = answer.into_body().collect().await;
    connection.abort();
    status
}

async fn over_http_2(site: &Site, request: Request<Full<Bytes>>) -> u16 {
    let stream = TokioIo::new(site.connect().await);
    let executor = TokioExecutor::new();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(executor, stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request).await.unwrap();
    let status = answer.status().as_u16();
    let _ = answer.into_body().collect().await;
    connection.abort();
    status
}

#[tokio::test]
async fn no_secret_and_no_payload_is_logged_at_any_level() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    let subscriber = tracing::Dispatch::new(subscriber);
    for auth in [Auth::Off, Auth::Verify([(KEY.to_owned(), SECRET.to_owned())].into())] {
        let site = Site::new(Settings { auth, ..Settings::default() }).await;
        // The client's signer has log lines of its own, which are not the endpoint's.
        let requests = requests(&site.address.to_string());
        let _logging = tracing::dispatcher::set_default(&subscriber);
        for request in requests {
            let status = over_http_1(&site, request.clone()).await;
            assert_eq!(over_http_2(&site, request).await, status);
        }
        site.stop().await;
    }
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.matches("operation=\"PutRecord\"").count() > 8, "{text}");
    assert!(text.contains("operation=\"PutObject\""), "{text}");
    let encoded = STANDARD.encode_to_string(PAYLOAD);
    for canary in ["canary", "AKIDCANARY", &encoded, "Signature="] {
        let hit = text.lines().find(|line| line.contains(canary));
        assert_eq!(hit, None, "`{canary}` is in the log");
    }
    assert_eq!(text.lines().find(|line| has_signature(line)), None);
}

/// Sixty-four hexadecimal digits in a row.
fn has_signature(line: &str) -> bool {
    line.split(|letter: char| !letter.is_ascii_hexdigit()).any(|run| run.len() >= 64)
}
