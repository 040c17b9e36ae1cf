//! Buckets in the name of the host: `bucket.s3.localhost:4566`, `bucket.localhost:4566`.

use s3s::{
    S3Result,
    host::{S3Host, VirtualHost},
};

/// The names under which buckets are hosts.
#[derive(Debug)]
pub(super) struct Hosts {
    /// Lowercase, the longer of two that overlap first.
    names: Vec<String>,
}

impl Hosts {
    /// `localhost` and the names given, each also behind `s3.`.
    pub(super) fn new(names: &[String]) -> Self {
        let names = names.iter().map(|name| without_port(name).to_ascii_lowercase());
        let names = names.chain(["localhost".to_owned()]).filter(|name| !name.is_empty());
        let mut names: Vec<_> = names.flat_map(|name| [format!("s3.{name}"), name]).collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        Self { names }
    }

    /// The bucket that a host names.
    fn bucket(&self, host: &str) -> Option<String> {
        let host = without_port(host).to_ascii_lowercase();
        if self.names.contains(&host) {
            return None;
        }
        let below = |name: &String| host.strip_suffix(name.as_str())?.strip_suffix('.');
        let bucket = self.names.iter().find_map(below).or_else(|| amazon_bucket(&host));
        bucket.map(str::to_owned)
    }
}

impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        let parsed = VirtualHost::new(host);
        Ok(match self.bucket(host) {
            Some(bucket) => parsed.with_bucket(bucket),
            // Whether a host may be asked for at all is checked at the port.
            None => parsed,
        })
    }
}

/// The bucket in `bucket.s3.us-east-1.amazonaws.com`: a client in this process, or one whose
/// resolver leads here, keeps AWS's names.
fn amazon_bucket(host: &str) -> Option<&str> {
    let host = host.strip_suffix(".amazonaws.com")?;
    let at = match host.rfind(".s3.").or_else(|| host.rfind(".s3-")) {
        Some(at) => at,
        None => host.strip_suffix(".s3")?.len(),
    };
    host.get(..at)
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_names_a_bucket_or_none() {
        let hosts = Hosts::new(&["firehose".to_owned(), "s3.example.org:80".to_owned()]);
        for (host, bucket) in [
            ("localhost", None),
            ("localhost:4566", None),
            ("s3.localhost:4566", None),
            ("captains.localhost:4566", Some("captains")),
            ("captains.s3.localhost:4566", Some("captains")),
            ("my.bucket.s3.LOCALHOST", Some("my.bucket")),
            ("firehose:4566", None),
            ("a.firehose", Some("a")),
            ("a.s3.example.org", Some("a")),
            ("s3.example.org", None),
            ("elsewhere.org", None),
            ("s3.us-east-1.amazonaws.com", None),
            ("s3.amazonaws.com", None),
            ("a.s3.us-east-1.amazonaws.com", Some("a")),
            ("a.b.s3.amazonaws.com", Some("a.b")),
            ("a.s3-eu-west-1.amazonaws.com", Some("a")),
        ] {
            assert_eq!(hosts.bucket(host).as_deref(), bucket, "{host}");
        }
    }
}
