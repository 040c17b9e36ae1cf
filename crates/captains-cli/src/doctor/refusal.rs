//! What a service means when it refuses, and what to do about it.

use super::Check;
use super::site::{Service, Site};
use super::wire::{Answer, Caller};
use crate::ExitStatus;

/// What a service said instead of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: String,
    message: String,
}

impl Refusal {
    /// Reads AWS JSON's errors and those in XML; a HEAD has nothing but its status.
    pub(super) fn of(answer: &Answer) -> Self {
        let json = answer.json();
        let text = |names: [&str; 2]| {
            names.iter().find_map(|name| json.get(name)?.as_str()).map(str::to_owned)
        };
        let code = text(["__type", "code"]).or_else(|| answer.element("Code").map(str::to_owned));
        let code = code.or_else(|| answer.header("x-amzn-errortype").map(str::to_owned));
        let code = code.unwrap_or_else(|| format!("HTTP {}", answer.status));
        // `com.amazonaws.glue#EntityNotFoundException:http://…`
        let code = code.rsplit('#').next().unwrap_or_default();
        let code = code.split(':').next().unwrap_or_default().to_owned();
        let message = text(["message", "Message"]);
        let message = message.or_else(|| answer.element("Message").map(str::to_owned));
        Self { code, message: message.unwrap_or_default() }
    }

    fn is_about_keys(&self) -> bool {
        matches!(
            self.code.as_str(),
            "UnrecognizedClientException"
                | "InvalidClientTokenId"
                | "InvalidAccessKeyId"
                | "InvalidSignatureException"
                | "SignatureDoesNotMatch"
                | "InvalidToken"
                | "IncompleteSignature"
        )
    }

    fn is_about_time(&self) -> bool {
        matches!(self.code.as_str(), "RequestTimeTooSkewed" | "RequestExpired")
            || self.message.contains("Signature expired")
            || self.message.contains("Signature not yet current")
    }

    pub(super) fn is_denial(&self) -> bool {
        self.code.starts_with("AccessDenied")
            || matches!(self.code.as_str(), "NotAuthorized" | "HTTP 403" | "AllAccessDisabled")
    }

    pub(super) fn is_missing(&self) -> bool {
        self.code.starts_with("ResourceNotFound")
            || matches!(self.code.as_str(), "EntityNotFoundException" | "NoSuchBucket" | "HTTP 404")
    }

    /// As the answer to a question about `what`; `needs` names the permission.
    pub(super) fn check(
        &self,
        caller: &Caller<'_>,
        about: &'static str,
        what: &str,
        needs: &str,
    ) -> Check {
        let site = caller.site;
        let words = match self.message.is_empty() {
            true => self.code.clone(),
            false => format!("{}: {}", self.code, self.message.trim_end_matches('.')),
        };
        if self.is_about_time() {
            return Check::fail(about, words, "set the clock: see the line about it")
                .ending(ExitStatus::Access);
        }
        if self.code.starts_with("ExpiredToken") {
            return Check::fail(about, words, login(site)).ending(ExitStatus::Access);
        }
        if self.is_about_keys() {
            let fix =
                "these keys are not of this account, or no longer: ".to_owned() + &login(site);
            return Check::fail(about, words, fix).ending(ExitStatus::Access);
        }
        if self.is_denial() {
            // Who may send need not be allowed to look; only the work itself tells.
            let fix = format!("allow {needs}, as the policies of docs/aws/captain-ratings.yaml do");
            return Check::warn(about, format!("may not look at {what}: {words}"), fix);
        }
        if self.is_missing() {
            return Check::fail(about, format!("there is no {what}"), creation(site));
        }
        Check::fail(about, format!("{what}: {words}"), "see what the service says")
    }
}

/// How a missing thing is made.
fn creation(site: &Site) -> String {
    match site.is_aws(Service::Firehose) {
        true => format!(
            "is it in another account or region than {}? else deploy docs/aws/captain-ratings.yaml",
            site.region
        ),
        false => "start the endpoint as firehose-local --tutorial, or create it there".to_owned(),
    }
}

/// How credentials are had.
fn login(site: &Site) -> String {
    match site.profile() {
        Some(profile) => format!("aws sso login --profile {profile}"),
        None => "aws sso login, with AWS_PROFILE or --profile naming its profile".to_owned(),
    }
}

/// The chain ended without credentials.
pub(super) fn no_credentials(site: &Site, why: &str) -> Check {
    let whose = match site.profile() {
        Some(profile) => format!("profile `{profile}` gives none"),
        None => "no provider of the default chain has any".to_owned(),
    };
    let fix = match site.is_aws(Service::Firehose) {
        true => login(site) + ", or aws configure sso",
        false => "a local endpoint takes any: eval \"$(firehose-local env)\"".to_owned(),
    };
    Check::fail("credentials", format!("{whose}: {why}"), fix).ending(ExitStatus::Access)
}
