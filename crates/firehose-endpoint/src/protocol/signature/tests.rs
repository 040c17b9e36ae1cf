//! Requests signed by AWS's own signer are let in; with one bit changed they are not.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign},
    sign::v4::SigningParams,
};
use http::{Request, StatusCode};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

const KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn keys() -> BTreeMap<String, String> {
    let all = [(KEY, SECRET), ("OTHER/KEY", "another secret")];
    all.into_iter().map(|(key, secret)| (key.to_owned(), secret.to_owned())).collect()
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_641_621_600, 0).unwrap()
}

fn put_record() -> Request<Vec<u8>> {
    Request::post("http://localhost:4566/")
        .header("host", "localhost:4566")
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "Firehose_20150804.PutRecord")
        .body(br#"{"DeliveryStreamName":"s","Record":{"Data":"eyJhIjoxfQ=="}}"#.to_vec())
        .unwrap()
}

struct Signer {
    key: &'static str,
    secret: &'static str,
    token: Option<String>,
    service: &'static str,
    at: DateTime<Utc>,
    settings: SigningSettings,
}

impl Default for Signer {
    fn default() -> Self {
        Self {
            key: KEY,
            secret: SECRET,
            token: None,
            service: "firehose",
            at: now(),
            settings: SigningSettings::default(),
        }
    }
}

impl Signer {
    fn sign(self, mut request: Request<Vec<u8>>) -> Request<Vec<u8>> {
        let identity = Credentials::new(self.key, self.secret, self.token, None, "test").into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region("eu-west-1")
            .name(self.service)
            .time(SystemTime::from(self.at))
            .settings(self.settings)
            .build()
            .unwrap();
        let (instructions, _) = {
            let headers = request.headers().iter();
            let headers = headers.map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
            let signable = SignableRequest::new(
                request.method().as_str(),
                request.uri().to_string(),
                headers,
                SignableBody::Bytes(request.body()),
            );
            sign(signable.unwrap(), &params.into()).unwrap().into_parts()
        };
        instructions.apply_to_request_http1x(&mut request);
        request
    }
}

fn check(request: &Request<Vec<u8>>, service: &str) -> Result<(), AwsError> {
    let signed = Signed {
        method: request.method(),
        uri: request.uri(),
        headers: request.headers(),
        body: request.body(),
    };
    verify(signed, service, &keys(), now())
}

/// A request with strange headers, values, queries and bodies.
fn strange(random: &mut ChaCha8Rng) -> Request<Vec<u8>> {
    const LETTERS: &[u8] = b"abcXYZ019-._~ !'()*+,;:@/?=&%20%2F\t";
    let text = |random: &mut ChaCha8Rng, most: usize| -> String {
        let length = random.random_range(1..=most);
        (0..length).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())])).collect()
    };
    let escape = |text: &str| {
        let mut out = String::new();
        percent::encode(text.as_bytes(), &mut out);
        out
    };
    let pairs: Vec<String> = (0..random.random_range(0..4))
        .map(|_| format!("{}={}", escape(&text(random, 6)), escape(&text(random, 9))))
        .collect();
    let question = if pairs.is_empty() { "" } else { "?" };
    let uri = format!("http://localhost:4566/{question}{}", pairs.join("&"));
    let mut request = Request::post(uri)
        .header("host", "localhost:4566")
        .header("x-amz-target", "Firehose_20150804.PutRecord")
        .header("user-agent", "not signed");
    for index in 0..random.random_range(0..4) {
        request = request.header(format!("x-extra-{index}"), text(random, 20).trim());
    }
    let body = (0..random.random_range(0..2000)).map(|_| random.random()).collect();
    request.body(body).unwrap()
}

#[test]
fn what_awss_own_signer_signs_is_let_in() {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for round in 0..300 {
        let request = strange(&mut random);
        let token = random.random_bool(0.3).then(|| "session token".to_owned());
        let service = ["firehose", "glue", "sts"][round % 3];
        let mut settings = SigningSettings::default();
        if random.random_bool(0.3) {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = Some(std::time::Duration::from_secs(900));
        }
        let signed = Signer { token, service, settings, ..Signer::default() }.sign(request);
        if let Err(why) = check(&signed, service) {
            panic!("round {round}: {why:?}: {signed:?}");
        }
    }
}

#[test]
fn one_bit_changed_anywhere_is_refused() {
    let token = Some("session token".to_owned());
    let signed = Signer { token, ..Signer::default() }.sign(put_record());
    check(&signed, "firehose").unwrap();
    let refused = |request: &Request<Vec<u8>>, what: &str| {
        assert!(check(request, "firehose").is_err(), "{what}");
    };
    let names: Vec<_> = signed.headers().keys().cloned().collect();
    assert!(names.len() >= 6, "{names:?}");
    for name in names {
        let value = signed.headers()[&name].as_bytes().to_vec();
        for index in 0..value.len() {
            let mut changed = value.clone();
            changed[index] ^= 1;
            let Ok(changed) = http::HeaderValue::from_bytes(&changed) else { continue };
            let mut request = signed.clone();
            request.headers_mut().insert(&name, changed);
            refused(&request, &format!("{name} at {index}"));
        }
        if name == "host" {
            // The authority of the target, which HTTP/2 has instead, says the same.
            continue;
        }
        let mut request = signed.clone();
        request.headers_mut().remove(&name);
        refused(&request, &format!("without {name}"));
    }
    for index in 0..signed.body().len() {
        let mut request = signed.clone();
        request.body_mut()[index] ^= 1;
        refused(&request, &format!("body at {index}"));
    }
    let mut request = signed.clone();
    *request.method_mut() = Method::PUT;
    refused(&request, "another method");
    for uri in ["http://localhost:4566/x", "http://localhost:4566/?a", "http://localhost:4566//"] {
        let mut request = signed.clone();
        *request.uri_mut() = uri.parse().unwrap();
        refused(&request, uri);
    }
    for (name, value) in [("x-amz-target", "another"), ("x-amz-new", "header"), ("host", "other")] {
        let mut request = signed.clone();
        request.headers_mut().append(name, value.parse().unwrap());
        refused(&request, &format!("a second or new {name}"));
    }
}

#[test]
fn refusals_have_awss_names() {
    let long_ago = now() - TimeDelta::minutes(16);
    let to_come = now() + TimeDelta::minutes(16);
    let yesterday = now() - TimeDelta::days(1);
    for (signer, service, code, text) in [
        (
            Signer { key: "WHO", ..Signer::default() },
            "firehose",
            "UnrecognizedClientException",
            "token",
        ),
        (Signer { secret: "guess", ..Signer::default() }, "firehose", INVALID, "does not match"),
        (Signer::default(), "glue", INVALID, "correct service: 'glue'"),
        (Signer { at: long_ago, ..Signer::default() }, "firehose", INVALID, "expired"),
        (Signer { at: yesterday, ..Signer::default() }, "firehose", INVALID, "expired"),
        (Signer { at: to_come, ..Signer::default() }, "firehose", INVALID, "not yet current"),
    ] {
        let error = check(&signer.sign(put_record()), service).unwrap_err();
        assert_eq!((error.code, error.status), (code, StatusCode::BAD_REQUEST));
        assert!(error.message.contains(text), "{}", error.message);
    }
    let error = check(&put_record(), "firehose").unwrap_err();
    assert_eq!(error.code, "MissingAuthenticationTokenException");
}

#[test]
fn the_clock_may_be_off_by_a_quarter_of_an_hour() {
    for minutes in [-15, -1, 1, 15] {
        let at = now() + TimeDelta::minutes(minutes);
        let signed = Signer { at, ..Signer::default() }.sign(put_record());
        assert_eq!(check(&signed, "firehose"), Ok(()), "{minutes}");
    }
}

#[test]
fn an_unsigned_header_of_aws_is_named() {
    let mut signed = Signer::default().sign(put_record());
    signed.headers_mut().insert("x-amz-late", "x".parse().unwrap());
    let error = check(&signed, "firehose").unwrap_err();
    assert!(error.message.contains("'x-amz-late' must be a 'SignedHeader'"), "{}", error.message);
}

#[test]
fn a_key_with_slashes_signs_too() {
    let signer = Signer { key: "OTHER/KEY", secret: "another secret", ..Signer::default() };
    assert_eq!(check(&signer.sign(put_record()), "firehose"), Ok(()));
}
