//! The bucket: is it there, in which region, and has anything arrived?

use super::refusal::Refusal;
use super::site::Service;
use super::stream::Destination;
use super::wire::{Caller, Question};
use super::{Check, Diagnosis, Questions};

/// Looks at the bucket that is read, else at the one that the stream writes to.
pub(super) async fn bucket(
    caller: &Caller<'_>,
    questions: &Questions,
    found: Option<&Destination>,
    diagnosis: &mut Diagnosis,
) {
    let written = found.map(|found| (found.bucket.clone(), plain(&found.prefix).to_owned()));
    let Some((bucket, prefix)) = questions.location.clone().or_else(|| written.clone()) else {
        return;
    };
    if let Some((other, _)) = written.filter(|(other, _)| *other != bucket) {
        let found = format!("the stream writes to `{other}`, and `{bucket}` is looked at");
        diagnosis.add(Check::warn("location", found, format!("look at s3://{other}")));
    }
    let Some(region) = region(caller, &bucket, diagnosis).await else { return };
    diagnosis.add(regions(caller, &region, found));
    let Some(first) = first_key(caller, &region, &bucket, &prefix, diagnosis).await else { return };
    diagnosis.add(match first {
        Some(key) => Check::ok("objects", format!("there are some: s3://{bucket}/{key}")),
        None => {
            let found = format!("none yet under s3://{bucket}/{prefix}");
            Check::warn("objects", found, "send records, and wait until a buffer goes out")
        }
    });
    let errors = found.map(|found| plain(&found.error_prefix)).unwrap_or_default();
    if errors.is_empty() || found.is_some_and(|found| found.bucket != bucket) {
        return;
    }
    if let Some(Some(key)) = first_key(caller, &region, &bucket, errors, diagnosis).await {
        let found = format!("some records did not convert: s3://{bucket}/{key}");
        let fix = "read that object: each line says why and holds the record in base64";
        diagnosis.add(Check::warn("errors", found, fix));
    }
}

/// What a prefix begins with whatever the time is.
fn plain(prefix: &str) -> &str {
    prefix.split_once("!{").map_or(prefix, |(before, _)| before)
}

/// Whether the bucket is there, and its region: S3 tells that even to whom it tells nothing else.
async fn region(caller: &Caller<'_>, bucket: &str, diagnosis: &mut Diagnosis) -> Option<String> {
    let own = &caller.site.region;
    let path = format!("/{}", encoded(bucket));
    let answer = match caller.call(Service::S3, own, question("HEAD", &path)).await {
        Ok(answer) => answer,
        Err(none) => {
            diagnosis.add(none.check("bucket"));
            return None;
        }
    };
    let told = answer.header("x-amz-bucket-region").map(str::to_owned);
    let elsewhere = matches!(answer.status, 301 | 307 | 400) && told.is_some();
    if answer.is_success() || elsewhere {
        let region = told.unwrap_or_else(|| own.clone());
        diagnosis.add(Check::ok("bucket", format!("`{bucket}` is there, in {region}")));
        return Some(region);
    }
    let what = format!("bucket `{bucket}` for this account");
    diagnosis.add(Refusal::of(&answer).check(caller, "bucket", &what, "s3:ListBucket"));
    None
}

/// Whether stream, table, bucket and caller are in one region.
fn regions(caller: &Caller<'_>, bucket: &str, found: Option<&Destination>) -> Check {
    let own = caller.site.region.as_str();
    let mut all = vec![("this program", own), ("bucket", bucket)];
    if let Some(found) = found {
        all.push(("stream", &found.region));
        all.extend(found.table.as_ref().map(|table| ("table", table.region.as_str())));
    }
    let apart: Vec<_> = all.iter().filter(|(_, region)| *region != own).collect();
    if apart.is_empty() {
        return Check::ok("regions", format!("all in {own}"));
    }
    let words: Vec<_> = all.iter().map(|(what, region)| format!("{what} {region}")).collect();
    let fix = match apart.as_slice() {
        [("bucket", region)] => format!("read it with --region {region}"),
        _ => "create them in one region: crossing costs money and time".to_owned(),
    };
    Check::warn("regions", words.join(", "), fix)
}

/// The first key under a prefix; `None` when the list cannot be had, which is told.
async fn first_key(
    caller: &Caller<'_>,
    region: &str,
    bucket: &str,
    prefix: &str,
    diagnosis: &mut Diagnosis,
) -> Option<Option<String>> {
    let (bucket_path, prefix) = (encoded(bucket), encoded(prefix));
    let path = format!("/{bucket_path}?list-type=2&max-keys=1&prefix={prefix}");
    let answer = match caller.call(Service::S3, region, question("GET", &path)).await {
        Ok(answer) => answer,
        Err(none) => {
            diagnosis.add(none.check("objects"));
            return None;
        }
    };
    if !answer.is_success() {
        let what = format!("the objects of bucket `{bucket}`");
        diagnosis.add(Refusal::of(&answer).check(caller, "objects", &what, "s3:ListBucket"));
        return None;
    }
    Some(answer.element("Key").map(str::to_owned))
}

/// A request without anything in it.
fn question<'q>(method: &'static str, path: &'q str) -> Question<'q> {
    Question { method, path, headers: &[], body: "" }
}

/// Percent-encoded as signatures want it.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let encode = |byte: u8| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_part_of_a_prefix_ends_at_its_first_expression() {
        for (prefix, expected) in [
            ("ratings", "ratings"),
            ("errors/!{firehose:error-output-type}/x", "errors/"),
            ("!{timestamp:yyyy}/", ""),
            ("", ""),
        ] {
            assert_eq!(plain(prefix), expected);
        }
        assert_eq!(encoded("a b/ü"), "a%20b%2F%C3%BC");
    }
}
