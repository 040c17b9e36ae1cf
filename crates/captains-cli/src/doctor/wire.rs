//! One signed request, and its answer with all its headers.

use std::time::{Duration, SystemTime};

use aws_credential_types::{Credentials, provider::ProvideCredentials};
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_http_client::default_connector;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::Value;

use super::site::{Service, Site};
use super::{Check, refusal};
use crate::ExitStatus;

/// Time for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Time for the answer after it.
const ANSWER: Duration = Duration::from_secs(10);

/// Whoever asks: a place, and credentials that it takes.
#[derive(Debug)]
pub(super) struct Caller<'a> {
    pub(super) site: &'a Site,
    pub(super) credentials: Credentials,
    connector: SharedHttpConnector,
}

/// A request, but for where it goes and who signs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'q> {
    pub(super) method: &'static str,
    /// Percent-encoded; begins with a slash.
    pub(super) path: &'q str,
    pub(super) headers: &'q [(&'q str, &'q str)],
    pub(super) body: &'q str,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: String,
    /// When the request went out, and when its answer was there.
    pub(super) between: (SystemTime, SystemTime),
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The text of the first element of this name; the answers here have no attributes.
    pub(super) fn element(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.body.split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
    }
}

/// No answer came.
#[derive(Debug)]
pub(super) struct NoAnswer {
    pub(super) endpoint: String,
    pub(super) why: String,
}

impl<'a> Caller<'a> {
    /// With the credentials of the default chain.
    pub(super) async fn new(site: &'a Site) -> Result<Self, Check> {
        let settings =
            HttpConnectorSettings::builder().connect_timeout(CONNECT).read_timeout(ANSWER).build();
        let connector = default_connector(&settings, site.config.sleep_impl());
        let connector = connector.ok_or_else(|| {
            let fix =
                "build the program with the feature `rustls-aws-lc` of aws-smithy-http-client";
            Check::fail("credentials", "this program has no HTTP client", fix)
        })?;
        let provider = site.config.credentials_provider();
        let provider =
            provider.ok_or_else(|| refusal::no_credentials(site, "none are asked for"))?;
        match provider.provide_credentials().await {
            Ok(credentials) => Ok(Self { site, credentials, connector }),
            Err(error) => Err(refusal::no_credentials(site, &innermost(&error))),
        }
    }

    /// An operation of AWS JSON.
    pub(super) async fn json(
        &self,
        service: Service,
        region: &str,
        target: &str,
        input: &Value,
    ) -> Result<Answer, NoAnswer> {
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
        let body = input.to_string();
        let question = Question { method: "POST", path: "/", headers: &headers, body: &body };
        self.call(service, region, question).await
    }

    /// Any request.
    pub(super) async fn call(
        &self,
        service: Service,
        region: &str,
        question: Question<'_>,
    ) -> Result<Answer, NoAnswer> {
        let endpoint = self.site.endpoint(service, region);
        let fail = |why: String| NoAnswer { endpoint: endpoint.clone(), why };
        let request = self.request(service, region, &endpoint, question);
        let request = request.map_err(|error| fail(error.to_string()))?;
        let sent = SystemTime::now();
        let answer = self.connector.call(request).await;
        let mut answer = answer.map_err(|error| fail(innermost(&error)))?;
        let received = SystemTime::now();
        let headers = answer.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let status = answer.status().as_u16();
        let body = ByteStream::new(answer.take_body()).collect().await;
        let body = body.map_err(|error| fail(error.to_string()))?.into_bytes();
        let body = String::from_utf8_lossy(&body).into_owned();
        Ok(Answer { status, headers, body, between: (sent, received) })
    }

    fn request(
        &self,
        service: Service,
        region: &str,
        endpoint: &str,
        Question { method, path, headers, body }: Question<'_>,
    ) -> Result<HttpRequest, Box<dyn std::error::Error + Send + Sync>> {
        let uri = format!("{endpoint}{path}");
        let mut settings = SigningSettings::default();
        if service == Service::S3 {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        let identity = self.credentials.clone().into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(service.name())
            .time(SystemTime::now())
            .settings(settings)
            .build()?
            .into();
        let signable = SignableBody::Bytes(body.as_bytes());
        let signable =
            SignableRequest::new(method, uri.as_str(), headers.iter().copied(), signable)?;
        let (instructions, _) = sign(signable, &params)?.into_parts();
        let mut request = http::Request::builder().method(method).uri(&uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(SdkBody::from(body))?;
        instructions.apply_to_request_http1x(&mut request);
        Ok(HttpRequest::try_from(request)?)
    }
}

impl NoAnswer {
    /// As the answer to a question.
    pub(super) fn check(&self, about: &'static str) -> Check {
        let found = format!("{} does not answer: {}", self.endpoint, self.why);
        let fix = if self.endpoint.contains(".amazonaws.com") {
            "check the network and the name of the region"
        } else {
            "start it (firehose-local --tutorial), or unset AWS_ENDPOINT_URL"
        };
        Check::fail(about, found, fix).ending(ExitStatus::Unreachable)
    }
}

/// What lies at the bottom of an error, on one line.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(deeper) = innermost.source() {
        innermost = deeper;
    }
    innermost.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
