//! S3's rules for the names of buckets.

use crate::{Error, Result};

/// Source: "General purpose bucket naming rules",
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
const LENGTH: std::ops::RangeInclusive<usize> = 3..=63;
const RESERVED_PREFIXES: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
const RESERVED_SUFFIXES: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

/// Checks a name by S3's rules. What passes is also a safe name for a directory: it has no
/// separator and does not begin with a dot.
pub(crate) fn check(name: &str) -> Result<()> {
    match problem(name) {
        Some(problem) => Err(Error::InvalidBucketName { name: name.to_owned(), problem }),
        None => Ok(()),
    }
}

/// The first rule that a name breaks.
fn problem(name: &str) -> Option<&'static str> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let at_ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if !LENGTH.contains(&name.len()) {
        return Some("it needs 3 to 63 characters");
    }
    if !name.chars().all(allowed) {
        return Some("it may hold lowercase letters, digits, hyphens and dots only");
    }
    if !name.starts_with(at_ends) || !name.ends_with(at_ends) {
        return Some("it must begin and end with a letter or a digit");
    }
    if name.contains("..") {
        return Some("it must not hold two dots in a row");
    }
    if name.parse::<std::net::Ipv4Addr>().is_ok() {
        return Some("it must not look like an address");
    }
    // The examples in AWS's own documentation are named `amzn-s3-demo-bucket`, and people copy
    // them; S3 refuses them, and so do we.
    if RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        return Some("it begins as S3 reserves it");
    }
    if RESERVED_SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
        return Some("it ends as S3 reserves it");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_held_to_the_rules_of_s3() {
        let (good, bad) = (
            ["abc", "a.b", "a-b", "captains-rating", "1a2"],
            [
                "",
                "ab",
                "Abc",
                "a_b",
                "-abc",
                "abc-",
                ".abc",
                "abc.",
                "a..b",
                "192.168.1.1",
                "a/b",
                "..",
                "xn--abc",
                "abc-s3alias",
                "ab\0c",
                "ä-bucket",
                "a b",
            ],
        );
        assert!(good.iter().all(|name| check(name).is_ok()));
        for name in bad {
            assert!(check(name).is_err(), "{name}");
        }
        assert!(check(&"a".repeat(63)).is_ok() && check(&"a".repeat(64)).is_err());
    }
}
