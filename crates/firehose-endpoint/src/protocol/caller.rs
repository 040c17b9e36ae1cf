//! Who asks, and where: what a signature's scope says.

use http::{HeaderMap, Uri};
use serde::{Deserialize, Serialize};

use super::{AwsError, credential::Scope};

/// The account and region that a request speaks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Caller {
    /// Twelve digits.
    pub(crate) account: String,
    /// Such as `us-east-1`.
    pub(crate) region: String,
}

impl Caller {
    /// Reads the caller off a request. An access key id of twelve digits is an account, as local
    /// AWS endpoints have it; `account` stands for all others, and `region` for callers that sign
    /// nothing.
    ///
    /// # Errors
    ///
    /// `IncompleteSignatureException` for a signature whose scope cannot be read.
    pub(crate) fn of(
        headers: &HeaderMap,
        uri: &Uri,
        account: &str,
        region: &str,
    ) -> Result<Self, AwsError> {
        let Some(scope) = Scope::of(headers, uri)? else {
            return Ok(Self { account: account.to_owned(), region: region.to_owned() });
        };
        let key = scope.access_key;
        let is_account = key.len() == 12 && key.bytes().all(|byte| byte.is_ascii_digit());
        let account = if is_account { key } else { account.to_owned() };
        Ok(Self { account, region: scope.region })
    }

    /// `arn:aws:<service>:<region>:<account>:<resource>`
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account)
    }

    /// Key of the account's and region's part of the state.
    pub(crate) fn scope(&self) -> String {
        format!("{}/{}", self.account, self.region)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn region_and_account_come_from_the_scope_or_else_from_the_settings() {
        let read = |credential: &str| {
            let mut headers = HeaderMap::new();
            if !credential.is_empty() {
                let header = format!("AWS4-HMAC-SHA256 Credential={credential}");
                headers.insert("authorization", header.parse().unwrap());
            }
            let caller = Caller::of(&headers, &Uri::from_static("/"), "000000000000", "us-east-1");
            caller.unwrap().arn("firehose", "x")
        };
        for (credential, arn) in [
            ("", "arn:aws:firehose:us-east-1:000000000000:x"),
            (
                "test/20220108/eu-west-1/firehose/aws4_request",
                "arn:aws:firehose:eu-west-1:000000000000:x",
            ),
            (
                "123456789012/20220108/eu-west-1/glue/aws4_request",
                "arn:aws:firehose:eu-west-1:123456789012:x",
            ),
            (
                "1234567890123/20220108/eu-west-1/glue/aws4_request",
                "arn:aws:firehose:eu-west-1:000000000000:x",
            ),
        ] {
            assert_eq!(read(credential), arn);
        }
    }
}
