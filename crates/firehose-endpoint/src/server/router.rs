//! Which door a request belongs to, and what all of them have in common: host check, request id,
//! faults, one line in the log.

use std::sync::Arc;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, StatusCode, Version,
    header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE},
    request::Parts,
};
use s3s::{Body, HttpRequest, HttpResponse};
use tokio::time::Instant;
use tracing::debug;

use super::{
    framing, host,
    quiet::Quiet,
    s3_operation,
    unread::{self, discard},
};
use crate::{
    control,
    fault::{CutBody, Injected, Refusal},
    firehose, glue, kinesis,
    protocol::{
        AwsError, Caller, Encoding, RequestId, Service, aws_json,
        body::{BodyRoom, Collected},
        operation_of,
        signature::{self, Signed},
        xml,
    },
    s3::S3Door,
    settings::Auth,
    state::State,
    sts,
};

/// Where a request goes: AWS JSON, STS, S3, or the control routes.
#[derive(Debug)]
pub(crate) struct Router {
    state: Arc<State>,
    s3: S3Door,
    room: BodyRoom,
    quiet: Quiet,
}

/// The shapes of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Json,
    Sts,
    S3,
    Control,
}

/// What the log says of a request besides its answer.
#[derive(Debug)]
struct Asked {
    id: RequestId,
    /// The id that S3 gave, where it answered.
    s3_id: Option<HeaderValue>,
    operation: String,
}

impl Router {
    pub(crate) fn new(state: Arc<State>) -> Self {
        Self { s3: S3Door::new(&state), state, room: BodyRoom::default(), quiet: Quiet::default() }
    }

    #[cfg(test)]
    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// Answers one request, from a port or from a client in this process.
    pub(crate) async fn call(&self, mut request: HttpRequest) -> HttpResponse {
        let begun = Instant::now();
        let mut asked = Asked { id: RequestId::new(), s3_id: None, operation: String::new() };
        hide_secrets(request.headers_mut());
        let kept_back = unread::is_kept_back(&request);
        let door = Door::of(&request);
        let own_hosts = &self.state.settings.host_names;
        let admitted = framing::check(&request).and_then(|()| host::check(&request, own_hosts));
        let mut answer = match admitted {
            Err(why) => door.turn_away(request, &why, asked.id),
            Ok(()) => match door {
                Door::Json => self.json(request, &mut asked).await,
                Door::Sts => self.sts(request, &mut asked).await,
                Door::S3 => self.s3(request, &mut asked).await,
                Door::Control => self.control(request, &mut asked).await,
            },
        };
        if kept_back {
            unread::end_after_refusal(&mut answer);
        }
        let s3_id = asked.s3_id.as_ref().and_then(|id| id.to_str().ok());
        debug!(
            request_id = s3_id.map_or_else(|| asked.id.to_string(), str::to_owned),
            operation = asked.operation,
            status = answer.status().as_u16(),
            microseconds = begun.elapsed().as_micros(),
            "request"
        );
        answer
    }

    async fn json(&self, request: HttpRequest, asked: &mut Asked) -> HttpResponse {
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        let target = target.unwrap_or_default().to_owned();
        let (service, operation) = match operation_of(&target) {
            Ok((service, operation)) => (service, operation),
            Err(why) => {
                let (parts, body) = request.into_parts();
                discard(&parts.headers, body);
                return aws_json::refusal(&why, Service::Firehose, Encoding::Json, asked.id);
            }
        };
        asked.operation = loggable(operation);
        let encoding = Encoding::of(request.headers(), service);
        match self.json_operation(request, service, operation).await {
            Ok((answer, injected)) => {
                let answer = encoding.encode_json(answer);
                finish(aws_json::answer(answer, encoding, asked.id), injected).await
            }
            Err(why) => aws_json::refusal(&why, service, encoding, asked.id),
        }
    }

    async fn json_operation(
        &self,
        request: HttpRequest,
        service: Service,
        operation: &str,
    ) -> Result<(Bytes, Injected), AwsError> {
        let (parts, body) = request.into_parts();
        let encoding = Encoding::of(&parts.headers, service);
        if let Err(why) = check_json(&parts, encoding) {
            discard(&parts.headers, body);
            return Err(why);
        }
        let body = self.collect(&parts, body).await?;
        let caller = self.admit(&parts, &body.bytes, service.signing_name())?;
        let injected = self.state.faults.next(service, operation);
        if let Some(refusal) = injected.refusal {
            return Err(refused(refusal, service));
        }
        let json = encoding.to_json(body.bytes.clone())?;
        let answer = match service {
            Service::Glue => glue::call(&self.state, &caller, operation, &json).await?,
            Service::Kinesis => kinesis::call(&self.state, &caller, operation, &json).await?,
            _ => firehose::call(&self.state, &caller, operation, &json).await?,
        };
        Ok((answer, injected))
    }

    async fn sts(&self, request: HttpRequest, asked: &mut Asked) -> HttpResponse {
        let (parts, body) = request.into_parts();
        let (id, sts) = (asked.id, Service::Sts);
        let answered = async {
            let body = self.collect(&parts, body).await?;
            let form = sts::Form::read(&parts.uri, &body.bytes);
            asked.operation = loggable(&form.action);
            let caller = self.admit(&parts, &body.bytes, sts.signing_name())?;
            let injected = self.state.faults.next(sts, &form.action);
            if let Some(refusal) = injected.refusal {
                return Err(refused(refusal, sts));
            }
            Ok((sts::call(&form, &caller, id)?, injected))
        };
        match answered.await {
            Ok((answer, injected)) => finish(answer, injected).await,
            Err(why) => sts::refusal(&why, id),
        }
    }

    async fn s3(&self, mut request: HttpRequest, asked: &mut Asked) -> HttpResponse {
        let operation = s3_operation::name(&request, &self.state.settings.host_names);
        operation.clone_into(&mut asked.operation);
        let injected = self.state.faults.next(Service::S3, operation);
        if let Some(refusal) = injected.refusal {
            let body = std::mem::take(request.body_mut());
            discard(request.headers(), body);
            return Door::S3.refuse(&refused(refusal, Service::S3), Service::S3, asked.id);
        }
        unread::read_on_when_dropped(&mut request);
        let answer = self.quiet.run(self.s3.call(request)).await;
        // S3 has ids of a form of its own.
        asked.s3_id = answer.headers().get("x-amz-request-id").cloned();
        finish(answer, injected).await
    }

    async fn control(&self, request: HttpRequest, asked: &mut Asked) -> HttpResponse {
        "control".clone_into(&mut asked.operation);
        let (parts, body) = request.into_parts();
        let body = match self.collect(&parts, body).await {
            Ok(body) => body,
            Err(why) => return control::refusal(why.status, &why.message),
        };
        if !control::is_open(&parts) {
            // Any of the services' signatures will do: `curl --aws-sigv4` asks for one by name.
            if let Err(why) = self.admit(&parts, &body.bytes, Service::Firehose.signing_name()) {
                return control::refusal(StatusCode::FORBIDDEN, &why.message);
            }
        }
        control::answer(&self.state, &parts, &body.bytes).await
    }

    /// Collects a body; of one that is too large the rest is read and thrown away.
    async fn collect(&self, parts: &Parts, mut body: Body) -> Result<Collected, AwsError> {
        self.room.collect(&parts.headers, &mut body).await.map_err(|why| {
            discard(&parts.headers, body);
            AwsError::from(why)
        })
    }

    /// Who asks; verified, if signatures are.
    fn admit(&self, parts: &Parts, body: &[u8], service: &str) -> Result<Caller, AwsError> {
        let settings = &self.state.settings;
        if let Auth::Verify(keys) = &settings.auth {
            let signed =
                Signed { method: &parts.method, uri: &parts.uri, headers: &parts.headers, body };
            signature::verify(signed, service, keys, settings.clock.now())?;
        }
        Caller::of(&parts.headers, &parts.uri, &settings.account, &settings.region)
    }
}

impl Door {
    fn of(request: &HttpRequest) -> Self {
        let headers = request.headers();
        let content_type = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
        if headers.contains_key("x-amz-target") || headers.contains_key("smithy-protocol") {
            Self::Json
        } else if control::is_route(request.uri().path()) {
            Self::Control
        } else if sts::is_asked(request.method(), request.uri(), content_type) {
            Self::Sts
        } else {
            Self::S3
        }
    }

    /// Refuses a request that no door takes, and ends its connection: whoever sent it is lost, or
    /// means harm.
    fn turn_away(self, request: HttpRequest, why: &AwsError, id: RequestId) -> HttpResponse {
        let (parts, body) = request.into_parts();
        discard(&parts.headers, body);
        let mut answer = self.refuse(why, Service::Firehose, id);
        if parts.version <= Version::HTTP_11 {
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        answer
    }

    fn refuse(self, why: &AwsError, service: Service, id: RequestId) -> HttpResponse {
        match self {
            Self::Json => aws_json::refusal(why, service, Encoding::Json, id),
            Self::Sts => sts::refusal(why, id),
            Self::Control => control::refusal(why.status, &why.message),
            Self::S3 => {
                let code = match why.code {
                    "AccessDeniedException" => "AccessDenied",
                    "ServiceUnavailableException" => "ServiceUnavailable",
                    "InternalFailure" => "InternalError",
                    code => code,
                };
                xml::s3_error(why.status, code, &why.message, id)
            }
        }
    }
}

/// What can be refused before the body is read.
fn check_json(parts: &Parts, encoding: Encoding) -> Result<(), AwsError> {
    if let Some(protocol) = parts.headers.get("smithy-protocol") {
        return Err(aws_json::other_protocol(&String::from_utf8_lossy(protocol.as_bytes())));
    }
    aws_json::check(&parts.method, &parts.uri, &parts.headers, encoding)
}

/// A refusal that a fault rule asks for.
fn refused(refusal: Refusal, service: Service) -> AwsError {
    let status = match (refusal, service) {
        (Refusal::Throttle, Service::Firehose) => return AwsError::slow_down(),
        (Refusal::Throttle, Service::S3) => {
            return AwsError {
                code: "SlowDown",
                status: StatusCode::SERVICE_UNAVAILABLE,
                message: "Please reduce your request rate.".to_owned(),
            };
        }
        (Refusal::Throttle, Service::Kinesis) => {
            let code = "ProvisionedThroughputExceededException";
            return AwsError::client(code, "Rate exceeded for the stream.");
        }
        (Refusal::Throttle, _) => {
            return AwsError::client("ThrottlingException", "Rate exceeded");
        }
        (Refusal::Status(status), _) => status,
    };
    let code = match status {
        403 => "AccessDeniedException",
        429 => "ThrottlingException",
        500 => "InternalFailure",
        503 => "ServiceUnavailableException",
        _ => "InjectedFault",
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    AwsError { code, status, message: "A fault rule refuses this request".to_owned() }
}

/// Holds an answer back and cuts it, where a fault rule asks for it.
async fn finish(answer: HttpResponse, injected: Injected) -> HttpResponse {
    if let Some(delay) = injected.delay {
        tokio::time::sleep(delay).await;
    }
    match injected.cut {
        None => answer,
        Some(bytes) => answer.map(|body| Body::http_body(CutBody::new(body, bytes))),
    }
}

/// These values print as `Sensitive`, whoever logs a request.
fn hide_secrets(headers: &mut HeaderMap) {
    for name in [AUTHORIZATION.as_str(), "x-amz-security-token"] {
        if let Some(value) = headers.get_mut(name) {
            value.set_sensitive(true);
        }
    }
}

/// An operation's name as it may stand in a log: what a caller made up does not.
fn loggable(operation: &str) -> String {
    let is_name = operation.len() <= 64 && operation.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_name { operation.to_owned() } else { "(no operation)".to_owned() }
}
