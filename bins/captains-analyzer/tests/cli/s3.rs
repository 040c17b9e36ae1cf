//! The program against S3: the ways in which S3 says no, and that it reads what is there.

use std::fs;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use crate::endpoint::{self, NOBODY, error, listing};
use crate::fixture::{KEYS, Run, finish, program, ratings};

/// Runs with an endpoint, and credentials that any local endpoint takes.
fn run(url: &str, args: &[&str]) -> Run {
    let dir = tempfile::tempdir().unwrap();
    let mut command = program(dir.path());
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
    command.args(args).args(["--endpoint-url", url]);
    finish(command.output().unwrap())
}

fn refuse(url: &str, args: &[&str], code: i32, words: &[&str]) {
    let run = run(url, args);
    assert_eq!((run.code, run.out.as_str()), (code, ""), "{args:?}: {run:?}");
    for word in words {
        assert!(run.err.contains(word), "{args:?}: `{word}` is not in {run:?}");
    }
}

/// Method and key of each request that is no listing.
type Asked = Arc<Mutex<Vec<(String, String)>>>;

/// A bucket with the objects of [`ratings`].
fn bucket() -> (Asked, String) {
    let dir = ratings();
    let objects = KEYS.map(|key| (key, fs::read(dir.path().join(key)).unwrap()));
    let asked = Asked::default();
    let noted = Arc::clone(&asked);
    let url = endpoint::start(move |method, target| {
        if target.contains("list-type=2") {
            return listing(&objects.each_ref().map(|(key, object)| (*key, object.len())));
        }
        let key = target.trim_start_matches("/captains-rating/");
        noted.lock().unwrap().push((method.to_owned(), key.to_owned()));
        match objects.iter().find(|(known, _)| *known == key) {
            Some((_, object)) => ("200 OK", "", object.clone()),
            None => error("404 Not Found", "NoSuchKey", ""),
        }
    });
    (asked, url)
}

#[test]
fn objects_of_a_bucket_are_listed_and_read() {
    let (_, url) = bucket();
    let run = run(&url, &["captains", "--format", "csv"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.out.contains("Neil Armstrong,6,0.04,7000,8000,8000,9000"), "{run:?}");
}

#[test]
fn no_command_asks_for_an_object_twice() {
    let (asked, url) = bucket();
    for (args, requests) in [
        (&["head"][..], 1),
        (&["tail"], 1),
        (&["sample"], 3),
        (&["count"], 3),
        (&["schema"], 3),
        (&["describe"], 3),
        (&["captains"], 3),
        (&["hist"], 3),
        (&["timeline"], 3),
        (&["anomalies"], 3),
        (&["anomalies", "--detector", "rcf", "--trees", "5"], 3),
        (&["anomalies", "--detector", "iforest"], 3),
        (&["check"], 3),
        (&["report", "-o", "-"], 3),
        // The footers first: a file has one schema from its start.
        (&["export", "--as", "csv"], 6),
    ] {
        let run = run(&url, args);
        assert_eq!(run.code, 0, "{args:?}: {run:?}");
        let asked = std::mem::take(&mut *asked.lock().unwrap());
        assert_eq!(asked.len(), requests, "{args:?}: {asked:?}");
        assert!(asked.iter().all(|(method, _)| method == "GET"), "{args:?}: {asked:?}");
    }
}

#[test]
fn buckets_are_named() {
    let url = endpoint::start(|_, _| {
        let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListAllMyBucketsResult><Buckets>\
                    <Bucket><Name>b</Name></Bucket><Bucket><Name>captains-rating</Name></Bucket>\
                    </Buckets></ListAllMyBucketsResult>";
        ("200 OK", "Content-Type: application/xml\r\n", body.into())
    });
    assert_eq!(run(&url, &["buckets"]).out, "b\ncaptains-rating\n");
    assert_eq!(run(&url, &["buckets", "--format", "csv"]).out, "name\nb\ncaptains-rating\n");
    let json = run(&url, &["buckets", "--format", "json"]).out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["buckets"][1]["name"], "captains-rating");

    let none = endpoint::start(|_, _| {
        let body = "<ListAllMyBucketsResult><Buckets></Buckets></ListAllMyBucketsResult>";
        ("200 OK", "Content-Type: application/xml\r\n", body.into())
    });
    refuse(&none, &["buckets"], 3, &["there are no buckets"]);
}

#[test]
fn an_empty_prefix_is_its_own_exit_code() {
    let url = endpoint::start(|_, _| listing(&[]));
    refuse(
        &url,
        &["ls", "s3://captains-rating/ratinks"],
        3,
        &[
            "under `s3://captains-rating/ratinks`",
            "captains-analyzer ls s3://captains-rating --end",
        ],
    );
}

#[test]
fn a_missing_bucket_leads_to_the_list_of_buckets() {
    let url = endpoint::start(|_, _| error("404 Not Found", "NoSuchBucket", ""));
    let words = ["bucket `captains-rating` does not exist", "captains-analyzer buckets"];
    refuse(&url, &["count"], 1, &words);
}

#[test]
fn a_refusal_is_a_matter_of_access() {
    let url = endpoint::start(|_, _| error("403 Forbidden", "AccessDenied", ""));
    refuse(&url, &["count"], 4, &["`s3://captains-rating/ratings`", "aws sts"]);
    refuse(&url, &["buckets"], 4, &["the list of buckets"]);
    let url = endpoint::start(|_, _| ("403 Forbidden", "", Vec::new()));
    refuse(&url, &["count"], 4, &["`s3://captains-rating/ratings`", "aws sts"]);
    let url = endpoint::start(|_, _| error("403 Forbidden", "InvalidAccessKeyId", ""));
    refuse(&url, &["count"], 4, &["credentials", "AWS_ACCESS_KEY_ID=test"]);
}

#[test]
fn the_wrong_region_is_answered_with_the_right_one() {
    let region = "<Region>eu-west-1</Region>";
    let url = endpoint::start(move |_, _| {
        error("400 Bad Request", "AuthorizationHeaderMalformed", region)
    });
    refuse(&url, &["count"], 1, &["lies in region eu-west-1", "add --region eu-west-1"]);
}

#[test]
fn without_credentials_nothing_is_asked() {
    let url = endpoint::start(|_, _| listing(&[]));
    let dir = tempfile::tempdir().unwrap();
    for command in ["count", "buckets"] {
        let output = program(dir.path()).args([command, "--endpoint-url", &url]).output().unwrap();
        let run = finish(output);
        assert_eq!((run.code, run.out.as_str()), (4, ""), "{run:?}");
        assert!(run.err.contains("no usable AWS credentials"), "{run:?}");
    }
}

#[test]
fn an_endpoint_where_nobody_listens_has_its_own_exit_code() {
    let dir = tempfile::tempdir().unwrap();
    for args in [&["count"][..], &["ls"], &["buckets"]] {
        refuse(NOBODY, args, 7, &["cannot reach", NOBODY, "is anything listening"]);
        for variable in ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"] {
            let mut command = program(dir.path());
            command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
            let run = finish(command.env(variable, NOBODY).args(args).output().unwrap());
            assert_eq!((run.code, run.out.as_str()), (7, ""), "{variable}: {run:?}");
            assert!(run.err.contains(NOBODY), "{variable}: {run:?}");
        }
    }
}

#[test]
fn the_metadata_service_is_asked_once_for_each_thing() {
    for (args, tries) in [
        // Credentials alone, then the region as well.
        (&["count", "--region", "us-east-1"][..], 1),
        (&["count"], 2),
    ] {
        let (asked, metadata) = endpoint::counted(|_, _| ("500 No", "", Vec::new()));
        let dir = tempfile::tempdir().unwrap();
        let mut command = program(dir.path());
        command.env_remove("AWS_EC2_METADATA_DISABLED");
        command.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &metadata);
        let run = finish(command.args(args).args(["--endpoint-url", NOBODY]).output().unwrap());
        assert_eq!((run.code, run.out.as_str()), (4, ""), "{run:?}");
        assert_eq!(asked.load(Ordering::SeqCst), tries, "{args:?}: {run:?}");
    }
}
