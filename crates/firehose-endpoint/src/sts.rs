//! STS: `GetCallerIdentity`, because tools ask who they are before they do anything else.

use http::{Method, StatusCode, Uri};
use s3s::HttpResponse;

use crate::protocol::{AwsError, Caller, RequestId, query_pairs, xml};

/// What a form or a query asks for.
#[derive(Debug, Default)]
pub(crate) struct Form {
    pub(crate) action: String,
    version: Option<String>,
}

/// Whether a request without a target is for STS: a form posted to the root, or a query with an
/// action, as presigned requests have it.
pub(crate) fn is_asked(method: &Method, uri: &Uri, content_type: &[u8]) -> bool {
    if uri.path() != "/" {
        return false;
    }
    let form = b"application/x-www-form-urlencoded";
    let is_form =
        content_type.get(..form.len()).is_some_and(|start| start.eq_ignore_ascii_case(form));
    match *method {
        Method::POST => is_form,
        Method::GET => {
            uri.query().is_some_and(|query| query_pairs(query).any(|(name, _)| name == "Action"))
        }
        _ => false,
    }
}

impl Form {
    /// Reads a query and a form; the form counts where both say something.
    pub(crate) fn read(uri: &Uri, body: &[u8]) -> Self {
        let mut form = Self::default();
        let body = String::from_utf8_lossy(body);
        for (name, value) in
            query_pairs(uri.query().unwrap_or_default()).chain(query_pairs(body.trim_ascii()))
        {
            match &*name {
                "Action" => form.action = value.into_owned(),
                "Version" => form.version = Some(value.into_owned()),
                _ => {}
            }
        }
        form
    }
}

/// Answers one operation.
///
/// # Errors
///
/// `InvalidAction` for anything but GetCallerIdentity, by name.
pub(crate) fn call(form: &Form, caller: &Caller, id: RequestId) -> Result<HttpResponse, AwsError> {
    if form.action != "GetCallerIdentity" || form.version.as_deref() != Some("2011-06-15") {
        return Err(AwsError::client(
            "InvalidAction",
            format!(
                "firehose-local answers the action GetCallerIdentity of version 2011-06-15 (AWS \
                 STS); it does not support `{}` of version `{}`",
                form.action.escape_default(),
                form.version.as_deref().unwrap_or("").escape_default()
            ),
        ));
    }
    let account = xml::escape(&caller.account);
    let text = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <GetCallerIdentityResult><Arn>arn:aws:iam::{account}:root</Arn>\
         <UserId>{account}</UserId><Account>{account}</Account></GetCallerIdentityResult>\
         <ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata>\
         </GetCallerIdentityResponse>"
    );
    Ok(xml::query_answer(StatusCode::OK, text, id))
}

/// A refusal, under the names that the query protocol has for them.
pub(crate) fn refusal(error: &AwsError, id: RequestId) -> HttpResponse {
    let (code, status) = match error.code {
        "MissingAuthenticationTokenException" => {
            ("MissingAuthenticationToken", StatusCode::FORBIDDEN)
        }
        "IncompleteSignatureException" => ("IncompleteSignature", error.status),
        "InvalidSignatureException" => ("SignatureDoesNotMatch", StatusCode::FORBIDDEN),
        "UnrecognizedClientException" => ("InvalidClientTokenId", StatusCode::FORBIDDEN),
        "AccessDeniedException" => ("AccessDenied", error.status),
        "ServiceUnavailableException" => ("ServiceUnavailable", StatusCode::SERVICE_UNAVAILABLE),
        "ThrottlingException" => ("Throttling", error.status),
        code => (code, error.status),
    };
    xml::query_error(status, code, &error.message, id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: &str, uri: &str, content_type: &str) -> bool {
        is_asked(&method.parse().unwrap(), &uri.parse().unwrap(), content_type.as_bytes())
    }

    #[test]
    fn a_form_posted_to_the_root_and_a_query_with_an_action_are_for_sts() {
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        assert!(asked("POST", "/", form));
        assert!(asked("GET", "/?Action=GetCallerIdentity&Version=2011-06-15", ""));
        assert!(!asked("GET", "/", ""));
        assert!(!asked("GET", "/bucket?Action=x", ""));
        assert!(!asked("POST", "/bucket", form));
        assert!(!asked("POST", "/", "multipart/form-data; boundary=x"));
    }

    #[test]
    fn other_actions_are_refused_by_name() {
        let caller = Caller { account: "000000000000".to_owned(), region: "us-east-1".to_owned() };
        let root = Uri::from_static("/");
        let form = Form::read(&root, b"Action=AssumeRole&Version=2011-06-15");
        let error = call(&form, &caller, RequestId::new()).unwrap_err();
        assert!(error.message.contains("`AssumeRole`"), "{}", error.message);
        let form = Form::read(&root, b"Action=GetCallerIdentity&Version=2011-06-15");
        let answer = call(&form, &caller, RequestId::new()).unwrap();
        let body = answer.body().bytes().unwrap();
        assert!(str::from_utf8(&body).unwrap().contains("<Account>000000000000</Account>"));
    }
}
