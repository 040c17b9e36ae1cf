//! Whose credentials these are, where they came from, and whether the clock is right.

use std::time::{Duration, SystemTime};

use aws_credential_types::credential_feature::AwsCredentialFeature as Feature;
use aws_smithy_types::date_time::{DateTime, Format};

use super::refusal::Refusal;
use super::site::Service;
use super::wire::{Answer, Caller, Question};
use super::{Check, Diagnosis};

/// Less than this is no skew, but the time that a request takes and whole seconds in headers.
const SKEW_OK: Duration = Duration::from_secs(30);
/// AWS refuses signatures that are five minutes off, S3 those of fifteen.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html>
const SKEW_REFUSED: Duration = Duration::from_mins(5);
/// Credentials that end sooner may not last as long as a run.
const EXPIRES_SOON: Duration = Duration::from_mins(15);

/// Which provider answered, and until when.
pub(super) fn credentials(caller: &Caller<'_>) -> Check {
    let credentials = &caller.credentials;
    let features = credentials.get_property::<Vec<Feature>>();
    let by = provider(features.map_or(&[], Vec::as_slice), credentials.expiry().is_some());
    let by = match caller.site.profile() {
        Some(profile) if !by.starts_with("the environment") => format!("{by}, profile `{profile}`"),
        _ => by.to_owned(),
    };
    let left = credentials.expiry().map(|at| at.duration_since(SystemTime::now()));
    let left = left.map(Result::unwrap_or_default);
    let until = credentials.expiry().map_or(String::new(), |at| {
        let at = DateTime::from(at).fmt(Format::DateTime).unwrap_or_default();
        format!(", until {at}")
    });
    let found = format!("from {by}{until}");
    let aws = caller.site.is_aws(Service::Firehose);
    // Keys of users begin so, keys of sessions with ASIA.
    let lasting = credentials.access_key_id().starts_with("AKIA");
    match left {
        Some(left) if left < EXPIRES_SOON => {
            Check::warn("credentials", found, "they end soon: aws sso login before a long run")
        }
        None if aws && lasting => {
            let found = format!("{found}: a lasting key of a user");
            Check::warn("credentials", found, "use SSO or a role: see docs/src/credentials.md")
        }
        _ => Check::ok("credentials", found),
    }
}

/// The last step of the chain that can be told apart, in words. A role that a profile assumes is marked
/// as the profile's alone; but keys that stand in a file do not end.
fn provider(features: &[Feature], ends: bool) -> &'static str {
    let has = |feature| features.contains(&feature);
    let by_token = has(Feature::CredentialsEnvVarsStsWebIdToken)
        || has(Feature::CredentialsProfileStsWebIdToken)
        || has(Feature::CredentialsStsAssumeRoleWebId);
    if by_token {
        "a role, by a web identity"
    } else if has(Feature::CredentialsStsAssumeRole) {
        "a role that was assumed"
    } else if has(Feature::CredentialsSso) || has(Feature::CredentialsProfileSso) {
        "SSO"
    } else if has(Feature::CredentialsLogin) || has(Feature::CredentialsProfileLogin) {
        "aws login"
    } else if has(Feature::CredentialsProcess) || has(Feature::CredentialsProfileProcess) {
        "a credential process"
    } else if has(Feature::CredentialsImds) {
        "the role of this EC2 machine"
    } else if has(Feature::CredentialsHttp) {
        "the role of this container"
    } else if has(Feature::CredentialsEnvVars) {
        "the environment (AWS_ACCESS_KEY_ID)"
    } else if has(Feature::CredentialsProfile) && ends {
        "a role that was assumed"
    } else if has(Feature::CredentialsProfile) {
        "keys in ~/.aws"
    } else {
        "the default chain"
    }
}

/// Account and clock, by one answer of STS. False when nothing answers, so that nothing else would.
pub(super) async fn identity(caller: &Caller<'_>, diagnosis: &mut Diagnosis) -> bool {
    let site = caller.site;
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let body = "Action=GetCallerIdentity&Version=2011-06-15";
    let question = Question { method: "POST", path: "/", headers: &headers, body };
    let asked = caller.call(Service::Sts, &site.region, question).await;
    let answer = match asked {
        Ok(answer) => answer,
        Err(none) => {
            diagnosis.add(none.check("account"));
            return false;
        }
    };
    let known = answer.is_success();
    diagnosis.add(match answer.element("Account") {
        Some(account) if known => {
            let arn = answer.element("Arn").unwrap_or("an unnamed caller");
            let place = match site.override_of(Service::Sts) {
                Some(url) if !site.is_aws(Service::Sts) => format!("local, {url}"),
                _ => "AWS".to_owned(),
            };
            Check::ok("account", format!("{account} ({place}), {arn}"))
        }
        _ => Refusal::of(&answer).check(caller, "account", "the caller", "sts:GetCallerIdentity"),
    });
    diagnosis.add(clock(&answer));
    known
}

/// The clock here against the service's.
fn clock(answer: &Answer) -> Check {
    let date = answer.header("date");
    let date = date.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
    let Some(there) = date.and_then(|date| SystemTime::try_from(date).ok()) else {
        let fix = "compare `date -u` with another clock";
        return Check::warn("clock", "the answer has no time to compare with", fix);
    };
    let (skew, word) = skew(there, answer.between);
    let found = match skew {
        skew if skew <= SKEW_OK => format!("{} s off at most", skew.as_secs().max(1)),
        skew => format!("this machine is {} s {word}", skew.as_secs()),
    };
    let fix = "set the clock by NTP: timedatectl set-ntp true";
    match skew {
        skew if skew <= SKEW_OK => Check::ok("clock", found),
        skew if skew < SKEW_REFUSED => Check::warn("clock", found, fix),
        _ => Check::fail("clock", found + ", and AWS refuses from 300 s", fix),
    }
}

/// How far a time lies outside the time in which it was told, and on which side this machine is.
fn skew(there: SystemTime, (sent, received): (SystemTime, SystemTime)) -> (Duration, &'static str) {
    if let Ok(behind) = there.duration_since(received) {
        return (behind, "behind");
    }
    (sent.duration_since(there).unwrap_or_default(), "ahead")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skew_is_what_the_request_does_not_explain() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        for (there, skewed, word) in [
            (100, 0, "ahead"),
            (105, 0, "ahead"),
            (110, 0, "behind"),
            (400, 290, "behind"),
            (40, 60, "ahead"),
        ] {
            let found = skew(at(there), (at(100), at(110)));
            assert_eq!((found.0.as_secs(), found.1), (skewed, word), "{there}");
        }
    }

    #[test]
    fn the_provider_is_the_one_that_gave_the_keys_in_use() {
        let of = |features: &[Feature], ends| provider(features, ends);
        assert_eq!(of(&[Feature::CredentialsProfile], true), "a role that was assumed");
        assert_eq!(of(&[Feature::CredentialsProfile], false), "keys in ~/.aws");
        assert_eq!(of(&[Feature::CredentialsSso, Feature::CredentialsProfile], true), "SSO");
        assert_eq!(of(&[Feature::CredentialsImds], true), "the role of this EC2 machine");
        assert_eq!(of(&[], false), "the default chain");
    }
}
