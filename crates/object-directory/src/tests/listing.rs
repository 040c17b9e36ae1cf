//! Listings: prefix, delimiter, pages.

use super::*;

const KEYS: [&str; 9] = ["a", "a-b", "a/", "a/b", "a/b/c", "a0", "b//c", "b/c/d", "ü"];

async fn list(
    fixture: &Fixture,
    prefix: &str,
    delimiter: &str,
    after: &str,
    limit: usize,
) -> Listing {
    let options = ListOptions {
        prefix: prefix.to_owned(),
        delimiter: Some(delimiter.to_owned()),
        start_after: Some(after.to_owned()),
        limit,
    };
    fixture.bucket.list(options).await.unwrap()
}

/// Objects, then common prefixes.
fn names(listing: &Listing) -> (Vec<&str>, Vec<&str>) {
    (
        listing.objects.iter().map(|info| info.key.as_str()).collect(),
        listing.prefixes.iter().map(String::as_str).collect(),
    )
}

#[tokio::test]
async fn listings_are_those_of_s3() {
    let fixture = Fixture::new().await;
    for key in KEYS {
        fixture.put(key, key).await;
    }
    for (prefix, delimiter, after, objects, prefixes) in [
        ("", "", "", &KEYS[..], &[][..]),
        ("", "/", "", &["a", "a-b", "a0", "ü"], &["a/", "b/"]),
        ("a", "/", "", &["a", "a-b", "a0"], &["a/"]),
        ("a/", "/", "", &["a/", "a/b"], &["a/b/"]),
        ("a/b", "/", "", &["a/b"], &["a/b/"]),
        ("b/", "/", "", &[], &["b//", "b/c/"]),
        ("", "b", "", &["a", "a/", "a0", "ü"], &["a-b", "a/b", "b"]),
        ("", "", "a/b", &["a/b/c", "a0", "b//c", "b/c/d", "ü"], &[]),
        ("", "/", "a/", &["a0", "ü"], &["b/"]),
        ("", "/", "a/b", &["a0", "ü"], &["a/", "b/"]),
        ("", "", "zz", &["ü"], &[]),
        ("nothing/", "/", "", &[], &[]),
        ("..", "", "", &[], &[]),
    ] {
        let listing = list(&fixture, prefix, delimiter, after, 1000).await;
        let expected = (objects.to_vec(), prefixes.to_vec());
        assert_eq!(names(&listing), expected, "{prefix:?} {delimiter:?} {after:?}");
        assert_eq!(listing.next, None);
    }
}

#[tokio::test]
async fn pages_of_any_size_hold_the_same_as_the_whole() {
    let fixture = Fixture::new().await;
    for key in KEYS {
        fixture.put(key, key).await;
    }
    for (prefix, delimiter) in
        [("", ""), ("", "/"), ("a", "/"), ("a/", "/"), ("b/", "/"), ("", "b")]
    {
        let whole = list(&fixture, prefix, delimiter, "", 1000).await;
        for limit in 1..=KEYS.len() {
            let mut paged = Listing::default();
            let mut after = String::new();
            loop {
                let page = list(&fixture, prefix, delimiter, &after, limit).await;
                let count = page.objects.len() + page.prefixes.len();
                assert!(count == limit || page.next.is_none());
                paged.objects.extend(page.objects);
                paged.prefixes.extend(page.prefixes);
                let Some(next) = page.next else { break };
                after = next;
            }
            assert_eq!(paged, whole, "{prefix:?} {delimiter:?} {limit}");
        }
    }
    assert_eq!(list(&fixture, "", "", "", 0).await, Listing::default());
}
