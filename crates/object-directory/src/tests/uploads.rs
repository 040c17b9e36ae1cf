//! Uploads in parts.

use super::*;

/// The smallest part that is not the last one.
fn part() -> String {
    "5".repeat(usize::try_from(MINIMUM_PART_BYTES).unwrap())
}

async fn put_part(
    fixture: &Fixture,
    upload: &UploadInfo,
    number: u16,
    body: &str,
) -> (u16, String) {
    let staged = fixture.bucket.stage(bytes(body)).await.unwrap();
    let put = fixture.bucket.put_part(&upload.key, &upload.id, number, staged, None);
    (number, put.await.unwrap().etag)
}

#[tokio::test]
async fn parts_in_any_order_become_one_object() {
    let fixture = Fixture::new().await;
    let content_type = Some("text/plain".to_owned());
    let attributes = Attributes { content_type, ..Attributes::default() };
    let upload = fixture.bucket.create_upload("a/b", attributes, None).await.unwrap();
    let last = put_part(&fixture, &upload, 7, "end").await;
    put_part(&fixture, &upload, 2, "replaced").await;
    let first = put_part(&fixture, &upload, 2, &part()).await;
    assert!(fixture.keys().await.is_empty());
    assert_eq!(fixture.bucket.uploads().await.unwrap(), std::slice::from_ref(&upload));
    let numbers: Vec<_> = fixture.bucket.parts("a/b", &upload.id).await.unwrap();
    assert_eq!(numbers.iter().map(|part| part.number).collect::<Vec<_>>(), [2, 7]);

    let parts = vec![first, last];
    let assembled = fixture.bucket.assemble("a/b", &upload.id, parts.clone()).await.unwrap();
    let completed = fixture.bucket.complete_upload(assembled, None, Conditions::default());
    let info = completed.await.unwrap();
    assert!(info.etag.len() == 34 && info.etag.ends_with("-2"), "{}", info.etag);
    assert_eq!(info.part_sizes, [MINIMUM_PART_BYTES, 3]);
    assert_eq!(info.attributes.content_type.as_deref(), Some("text/plain"));
    assert_eq!(fixture.bucket.head("a/b", Conditions::default()).await.unwrap(), info);
    assert_eq!(fixture.read("a/b").await.unwrap(), part() + "end");

    let again = fixture.bucket.assemble("a/b", &upload.id, parts).await;
    assert!(matches!(again, Err(Error::NoSuchUpload { .. })));
    let known = fixture.bucket.completed_upload("a/b", &upload.id).await.unwrap();
    assert_eq!(known, Some(info));
    assert!(tree(&fixture.path(".object-directory/uploads")).is_empty());
}

#[tokio::test]
async fn parts_that_do_not_fit_are_refused() {
    let fixture = Fixture::new().await;
    let upload = fixture.bucket.create_upload("a", Attributes::default(), None).await.unwrap();
    let small = put_part(&fixture, &upload, 1, "small").await;
    let end = put_part(&fixture, &upload, 2, "end").await;
    let other = |number| (number, "0".repeat(32));
    for (parts, expected) in [
        (vec![], "InvalidPartOrder"),
        (vec![end.clone(), small.clone()], "InvalidPartOrder"),
        (vec![small.clone(), small.clone()], "InvalidPartOrder"),
        (vec![other(1)], "InvalidPart "),
        (vec![small.clone(), other(3)], "InvalidPart "),
        (vec![small, end], "PartTooSmall"),
    ] {
        let why = fixture.bucket.assemble("a", &upload.id, parts).await.unwrap_err();
        assert!(format!("{why:?}").starts_with(expected), "{why:?}");
    }
    // Nothing of that ended the upload.
    fixture.bucket.upload("a", &upload.id).await.unwrap();
}

#[tokio::test]
async fn an_id_that_is_none_is_never_part_of_a_path() {
    let fixture = Fixture::new().await;
    let upload = fixture.bucket.create_upload("a", Attributes::default(), None).await.unwrap();
    for (key, id) in [("b", upload.id.as_str()), ("a", ".."), ("a", ""), ("a", "../../ratings")] {
        let why = fixture.bucket.abort_upload(key, id).await.unwrap_err();
        assert!(matches!(why, Error::NoSuchUpload { .. }), "{why:?}");
    }
    fixture.bucket.abort_upload("a", &upload.id).await.unwrap();
    assert!(fixture.bucket.uploads().await.unwrap().is_empty());
}
