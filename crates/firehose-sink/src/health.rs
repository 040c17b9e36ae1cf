//! What a stream says of itself before the first record.

use std::fmt;

/// Whether a stream is there and ready; given by
/// [`FirehoseSink::check`](crate::FirehoseSink::check).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// The stream's own word, such as `ACTIVE` or `CREATING`.
    pub status: String,
    /// Its name in full.
    pub arn: String,
    /// The endpoint that was asked, when it was not left to the SDK.
    pub endpoint: Option<String>,
}

impl Health {
    /// What a stream at `endpoint` said; `None` when the SDK chose the endpoint, which is AWS.
    pub fn new(
        status: impl Into<String>,
        arn: impl Into<String>,
        endpoint: Option<String>,
    ) -> Self {
        Self { status: status.into(), arn: arn.into(), endpoint }
    }

    /// Whether it takes records.
    #[must_use]
    pub fn is_active(&self) -> bool {
        // A data stream takes records while its shards change.
        matches!(self.status.as_str(), "ACTIVE" | "UPDATING")
    }

    /// Whether it is at AWS, so that records cost money.
    #[must_use]
    pub fn is_aws(&self) -> bool {
        let Some(endpoint) = &self.endpoint else { return true };
        let host = endpoint.split_once("://").map_or(endpoint.as_str(), |(_, rest)| rest);
        let host = host.split(['/', ':', '?']).next().unwrap_or_default();
        [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"].iter().any(|end| host.ends_with(end))
    }

    /// The region in its ARN.
    #[must_use]
    pub fn region(&self) -> &str {
        self.part(3)
    }

    /// The account in its ARN.
    #[must_use]
    pub fn account(&self) -> &str {
        self.part(4)
    }

    fn part(&self, index: usize) -> &str {
        self.arn.split(':').nth(index).unwrap_or_default()
    }
}

impl fmt::Display for Health {
    /// Where it is, in few words: `AWS, account 123456789012, us-east-1` or
    /// `local, http://127.0.0.1:4566`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.endpoint {
            Some(endpoint) if !self.is_aws() => write!(f, "local, {endpoint}"),
            _ => write!(f, "AWS, account {}, {}", self.account(), self.region()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_aws_only_by_its_host() {
        let arn = "arn:aws:firehose:eu-west-1:123456789012:deliverystream/ratings";
        for (endpoint, aws) in [
            (None, true),
            (Some("https://firehose.eu-west-1.amazonaws.com"), true),
            (Some("https://vpce-1.firehose.eu-west-1.vpce.amazonaws.com:443/"), true),
            (Some("http://127.0.0.1:4566"), false),
            (Some("http://localhost:4566/x.amazonaws.com"), false),
            (Some("https://amazonaws.com.example.org"), false),
        ] {
            let health = Health::new("ACTIVE", arn, endpoint.map(str::to_owned));
            assert_eq!(health.is_aws(), aws, "{endpoint:?}");
            let shown = health.to_string();
            assert_eq!(shown == "AWS, account 123456789012, eu-west-1", aws, "{shown}");
            assert!(aws || shown.starts_with("local, http"), "{shown}");
        }
    }
}
