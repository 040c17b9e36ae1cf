//! The life of objects and buckets.

use std::{fs, sync::Arc};

use super::*;

fn typed(content_type: &str) -> PutOptions {
    let content_type = Some(content_type.to_owned());
    let attributes = Attributes { content_type, ..Attributes::default() };
    PutOptions { attributes, ..PutOptions::default() }
}

async fn attributes(fixture: &Fixture, key: &str) -> Attributes {
    fixture.bucket.head(key, Conditions::default()).await.unwrap().attributes
}

#[tokio::test]
async fn an_object_has_its_md5_and_its_attributes() {
    let fixture = Fixture::new().await;
    let put = fixture.put_with("a/b", "hello", typed("text/plain")).await.unwrap();
    assert_eq!(put.etag, "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(fixture.bucket.head("a/b", Conditions::default()).await.unwrap(), put);
    assert_eq!(put.attributes.content_type.as_deref(), Some("text/plain"));
    // Also in another process's hands.
    let again = Buckets::new(fixture.root.path()).bucket("ratings").unwrap();
    assert_eq!(again.head("a/b", Conditions::default()).await.unwrap(), put);
}

#[tokio::test]
async fn a_file_that_is_replaced_by_hand_has_the_default_attributes() {
    let fixture = Fixture::new().await;
    fixture.put_with("a", "hello", typed("text/plain")).await.unwrap();
    fs::write(fixture.path("ratings/a"), "by hand").unwrap();
    assert_eq!(attributes(&fixture, "a").await, Attributes::default());
    assert_eq!(fixture.read("a").await.unwrap(), "by hand");
}

#[tokio::test]
async fn a_file_that_is_copied_in_by_hand_is_an_object() {
    let fixture = Fixture::new().await;
    fs::create_dir_all(fixture.path("ratings/2022/01")).unwrap();
    fs::write(fixture.path("ratings/2022/01/x.parquet"), "PAR1").unwrap();
    fs::create_dir(fixture.path("ratings/empty")).unwrap();
    assert_eq!(fixture.keys().await, ["2022/01/x.parquet"]);
    let info = fixture.bucket.head("2022/01/x.parquet", Conditions::default()).await.unwrap();
    assert!(info.etag.len() == 34 && info.etag.ends_with("-1"), "{}", info.etag);
    // A directory made by hand is a bucket.
    fs::create_dir(fixture.path("by-hand")).unwrap();
    let names: Vec<_> =
        fixture.buckets.list().await.unwrap().into_iter().map(|info| info.name).collect();
    assert_eq!(names, ["by-hand", "ratings"]);
}

#[tokio::test]
async fn what_no_key_leads_to_is_no_object() {
    let fixture = Fixture::new().await;
    let bucket = fixture.path("ratings");
    fs::write(bucket.join("100%"), "x").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::{ffi::OsStrExt, fs::symlink};
        fs::write(fixture.path("secret"), "secret").unwrap();
        symlink(fixture.path("secret"), bucket.join("link")).unwrap();
        fs::write(bucket.join(std::ffi::OsStr::from_bytes(b"\xff")), "x").unwrap();
        assert!(matches!(fixture.read("link").await, Err(Error::NoSuchKey { .. })));
    }
    assert!(fixture.keys().await.is_empty());
    // It is not ours to delete, either.
    let deleted = fixture.buckets.delete("ratings").await;
    assert!(matches!(deleted, Err(Error::BucketNotEmpty { .. })), "{deleted:?}");
}

#[tokio::test]
async fn a_bucket_is_not_created_by_writing() {
    let fixture = Fixture::new().await;
    let other = fixture.buckets.bucket("other").unwrap();
    let put = || other.put("a", bytes("x"), PutOptions::default());
    let why = put().await.unwrap_err();
    assert_eq!(why.to_string(), "The specified bucket does not exist: other");
    assert!(!fixture.path("other").exists());
    fixture.buckets.create("other", "us-east-1").await.unwrap();
    put().await.unwrap();
    fs::remove_dir_all(fixture.path("other")).unwrap();
    for answer in [
        put().await.map(drop),
        other.head("a", Conditions::default()).await.map(drop),
        other.list(ListOptions::default()).await.map(drop),
        other.delete("a", Conditions::default()).await.map(drop),
        other.uploads().await.map(drop),
        fixture.buckets.delete("other").await,
        fixture.buckets.get("other").await.map(drop),
    ] {
        assert!(matches!(answer, Err(Error::NoSuchBucket { .. })), "{answer:?}");
    }
    // A new bucket of the name does not inherit attributes.
    let put = fixture.put_with("a", "x", typed("text/plain")).await.unwrap();
    assert_eq!(put.attributes.content_type.as_deref(), Some("text/plain"));
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_the_old_object() {
    let fixture = Fixture::new().await;
    fixture.put("a", "old").await;
    let broken = futures::stream::iter([Ok(Bytes::from("ne")), Err(std::io::Error::other("cut"))]);
    let why = fixture.bucket.put("a", broken, PutOptions::default()).await.unwrap_err();
    assert!(matches!(why, Error::Body(_)), "{why:?}");
    assert_eq!(fixture.read("a").await.unwrap(), "old");
    let leftovers = tree(&fixture.path(".object-directory/partial"));
    assert!(leftovers.is_empty(), "{leftovers:?}");
}

#[tokio::test]
async fn ranges_are_those_of_s3() {
    let fixture = Fixture::new().await;
    fixture.put("a", "0123456789").await;
    fixture.put("empty", "").await;
    for (range, expected) in [
        (ByteRange::Between(0, 0), Some("0")),
        (ByteRange::Between(3, 5), Some("345")),
        (ByteRange::Between(8, u64::MAX), Some("89")),
        (ByteRange::From(9), Some("9")),
        (ByteRange::From(10), None),
        (ByteRange::Last(3), Some("789")),
        (ByteRange::Last(100), Some("0123456789")),
        (ByteRange::Last(0), None),
        (ByteRange::Whole, Some("0123456789")),
    ] {
        let got = fixture.bucket.get("a", range, Conditions::default()).await;
        match (got, expected) {
            (Ok(content), Some(expected)) => assert_eq!(content.bytes().await.unwrap(), expected),
            (Err(Error::InvalidRange { size: 10, .. }), None) => {}
            (got, _) => panic!("{range:?}: {got:?}"),
        }
    }
    assert_eq!(fixture.read("empty").await.unwrap(), "");
}

#[tokio::test]
async fn large_objects_pass_in_pieces_and_are_those_of_one_version() {
    use futures::TryStreamExt;
    let fixture = Fixture::new().await;
    let body = "0123456789abcdef".repeat(200_000);
    fixture.put("a", &body).await;
    let content = fixture.bucket.get("a", ByteRange::From(5), Conditions::default()).await.unwrap();
    fixture.put("a", "another").await;
    let pieces: Vec<Bytes> = content.into_stream().try_collect().await.unwrap();
    assert!(pieces.len() > 10);
    assert_eq!(pieces.concat(), &body.as_bytes()[5..]);
}

#[tokio::test]
async fn conditions_are_those_of_http() {
    let fixture = Fixture::new().await;
    let info = fixture.put("a", "hello").await;
    let (second, one) = (info.last_modified, chrono::TimeDelta::seconds(1));
    let none = Conditions::default;
    let these = || Some(ETags::OneOf(vec!["x".to_owned(), info.etag.clone()]));
    let others = || Some(ETags::OneOf(vec!["x".to_owned()]));
    for (conditions, expected) in [
        (Conditions { if_match: these(), ..none() }, "ok"),
        (Conditions { if_match: Some(ETags::Any), ..none() }, "ok"),
        (Conditions { if_match: others(), ..none() }, "failed"),
        (Conditions { if_none_match: others(), ..none() }, "ok"),
        (Conditions { if_none_match: these(), ..none() }, "not modified"),
        (Conditions { if_modified_since: Some(second), ..none() }, "not modified"),
        (Conditions { if_modified_since: Some(second - one), ..none() }, "ok"),
        (Conditions { if_unmodified_since: Some(second), ..none() }, "ok"),
        (Conditions { if_unmodified_since: Some(second - one), ..none() }, "failed"),
        (Conditions { if_match: these(), if_unmodified_since: Some(second - one), ..none() }, "ok"),
        (Conditions { if_none_match: others(), if_modified_since: Some(second), ..none() }, "ok"),
    ] {
        let got = match fixture.bucket.head("a", conditions.clone()).await {
            Ok(_) => "ok",
            Err(Error::PreconditionFailed { .. }) => "failed",
            Err(Error::NotModified { .. }) => "not modified",
            Err(other) => panic!("{other}"),
        };
        assert_eq!(got, expected, "{conditions:?}");
    }
}

#[tokio::test]
async fn only_one_of_many_creates_an_object_that_must_not_be_there() {
    let fixture = Arc::new(Fixture::new().await);
    let put = |number: usize| {
        let fixture = Arc::clone(&fixture);
        tokio::spawn(async move {
            let options = PutOptions { conditions: Conditions::absent(), ..PutOptions::default() };
            fixture.put_with("a", &number.to_string(), options).await.is_ok()
        })
    };
    let puts = futures::future::join_all((0..20).map(put)).await;
    assert_eq!(puts.into_iter().filter(|created| *created.as_ref().unwrap()).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_come_and_go_under_writers_and_readers() {
    let fixture = Arc::new(Fixture::new().await);
    let rounds = (0..8).map(|number: usize| {
        let fixture = Arc::clone(&fixture);
        tokio::spawn(async move {
            // Half of the keys are folders of the other half.
            let key =
                if number.is_multiple_of(2) { "x/y".to_owned() } else { format!("x/y/{number}") };
            let stays = format!("{key}!");
            for round in 0..40 {
                fixture.put(&key, &key).await;
                fixture.put(&stays, "stays").await;
                // Neighbours put and delete the same even key, so only odd ones are sure.
                if !number.is_multiple_of(2) {
                    assert_eq!(fixture.read(&key).await.unwrap(), key, "round {round}");
                }
                assert!(fixture.keys().await.contains(&stays), "round {round}");
                fixture.bucket.delete(&key, Conditions::default()).await.unwrap();
            }
        })
    });
    for round in futures::future::join_all(rounds).await {
        round.unwrap();
    }
    assert_eq!(fixture.keys().await, ["x/y!", "x/y/1!", "x/y/3!", "x/y/5!", "x/y/7!"]);
}

#[tokio::test]
async fn a_copy_has_the_attributes_and_may_come_from_another_bucket() {
    let fixture = Fixture::new().await;
    fixture.put_with("a", "hello", typed("text/plain")).await.unwrap();
    fixture.buckets.create("other", "us-east-1").await.unwrap();
    let other = fixture.buckets.bucket("other").unwrap();
    let copy = other.copy_from("b", &fixture.bucket, "a", Conditions::absent()).await.unwrap();
    assert_eq!(copy.attributes.content_type.as_deref(), Some("text/plain"));
    assert_eq!(copy.etag, "5d41402abc4b2a76b9719d911017c592");
    let again = other.copy_from("b", &fixture.bucket, "a", Conditions::absent()).await;
    assert!(matches!(again, Err(Error::PreconditionFailed { .. })));
}

#[tokio::test]
async fn clearing_takes_what_was_created_here_and_leaves_the_rest() {
    let fixture = Fixture::new().await;
    fixture.put("a/b", "x").await;
    fixture.bucket.create_upload("c", Attributes::default(), None).await.unwrap();
    fs::create_dir(fixture.path("photos")).unwrap();
    fs::write(fixture.path("photos/me.jpg"), "x").unwrap();
    fixture.buckets.clear().await.unwrap();
    assert_eq!(tree(fixture.root.path()).into_keys().collect::<Vec<_>>(), ["photos/me.jpg"]);
    assert!(matches!(fixture.bucket.uploads().await, Err(Error::NoSuchBucket { .. })));
    fixture.buckets.create("ratings", "").await.unwrap();
}

#[tokio::test]
async fn buckets_are_created_once_and_deleted_empty() {
    let fixture = Fixture::new().await;
    let again = fixture.buckets.create("ratings", "us-east-1").await;
    assert!(matches!(again, Err(Error::BucketExists { .. })));
    assert_eq!(fixture.buckets.get("ratings").await.unwrap().region, "us-east-1");
    fixture.put("a/b", "x").await;
    let deleted = fixture.buckets.delete("ratings").await;
    assert!(matches!(deleted, Err(Error::BucketNotEmpty { .. })));
    assert!(fixture.bucket.delete("a/b", Conditions::default()).await.unwrap());
    assert!(!fixture.bucket.delete("a/b", Conditions::default()).await.unwrap());
    fixture.buckets.delete("ratings").await.unwrap();
    assert!(fixture.buckets.list().await.unwrap().is_empty());
    for name in ["..", ".object-directory", "a/b", "Ratings"] {
        let created = fixture.buckets.create(name, "").await;
        assert!(matches!(created, Err(Error::InvalidBucketName { .. })), "{name}");
    }
}

#[tokio::test]
async fn with_fsync_the_same_happens() {
    let root = tempfile::tempdir().unwrap();
    let buckets = Buckets::new(root.path()).with_own_folder(".own").with_fsync(true);
    buckets.create("ratings", "").await.unwrap();
    let bucket = buckets.bucket("ratings").unwrap();
    for key in ["a", "a/b/c"] {
        bucket.put(key, bytes(key), PutOptions::default()).await.unwrap();
    }
    bucket.delete("a", Conditions::default()).await.unwrap();
    let files: Vec<_> = tree(root.path()).into_keys().collect();
    assert_eq!(
        files,
        [".own/attributes/ratings/a/b/c%.json", ".own/buckets/ratings.json", "ratings/a/b/c"]
    );
}

#[tokio::test]
async fn a_put_that_ended_half_way_leaves_the_old_object_with_its_attributes() {
    let fixture = Fixture::new().await;
    let old = fixture.put_with("a", "old", typed("text/old")).await.unwrap();
    let staged = fixture.bucket.stage(bytes("newer")).await.unwrap();
    let version = crate::sidecar::Version {
        stamp: staged.stamp,
        etag: staged.etag(),
        attributes: typed("text/new").attributes,
        part_sizes: Vec::new(),
        upload: None,
    };
    let current = fs::metadata(fixture.path("ratings/a")).unwrap();
    let current = Some(crate::sidecar::Stamp::of(&current));
    let sidecar = fixture.path(".object-directory/attributes/ratings/a%.json");
    crate::sidecar::store(&fixture.bucket.disk, &sidecar, &version, current).unwrap();
    // The process ends here: the new attributes are written, the new bytes are not renamed yet.
    assert_eq!(fixture.bucket.head("a", Conditions::default()).await.unwrap(), old);
    fs::rename(&staged.temporary.path, fixture.path("ratings/a")).unwrap();
    assert_eq!(attributes(&fixture, "a").await.content_type.as_deref(), Some("text/new"));
}

#[tokio::test]
async fn an_object_that_made_room_for_a_directory_is_found_before_the_directory_is_made() {
    let fixture = Fixture::new().await;
    fixture.put("a", "object").await;
    fs::rename(fixture.path("ratings/a"), fixture.path("ratings/a%object")).unwrap();
    assert_eq!(fixture.read("a").await.unwrap(), "object");
    assert_eq!(fixture.keys().await, ["a"]);
    fixture.put("a", "replaced").await;
    fixture.put("a/b", "below").await;
    assert_eq!(fixture.keys().await, ["a", "a/b"]);
    assert_eq!(fixture.read("a").await.unwrap(), "replaced");
}

#[tokio::test]
async fn leftovers_are_removed() {
    let fixture = Fixture::new().await;
    let staged = fixture.bucket.stage(bytes("x")).await.unwrap();
    std::mem::forget(staged);
    assert_eq!(tree(&fixture.path(".object-directory/partial")).len(), 1);
    fixture.buckets.remove_leftovers().await.unwrap();
    assert!(!fixture.path(".object-directory/partial").exists());
    fixture.put("a", "still works").await;
}
