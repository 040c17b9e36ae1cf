//! A bucket behind `object_store`'s trait.

use futures::TryStreamExt;
use object_store::{
    Attribute, MultipartUpload, ObjectStore, ObjectStoreExt, PutMode,
    PutOptions as StorePutOptions, PutPayload, path::Path as StorePath,
};

use super::*;

#[tokio::test]
async fn a_bucket_is_an_object_store() {
    let fixture = Fixture::new().await;
    let store = fixture.bucket.object_store();
    let path = StorePath::from("ratings2022/01/08/06/x.parquet");
    let mut options = StorePutOptions::default();
    options.attributes.insert(Attribute::ContentType, "application/octet-stream".into());
    store.put_opts(&path, PutPayload::from_static(b"PAR1"), options.clone()).await.unwrap();
    assert!(fixture.path("ratings/ratings2022/01/08/06/x.parquet").exists());

    let got = store.get(&path).await.unwrap();
    assert_eq!(got.attributes, options.attributes);
    assert_eq!(got.bytes().await.unwrap(), "PAR1");
    assert_eq!(store.get_range(&path, 1..3).await.unwrap(), "AR");
    assert_eq!(store.head(&path).await.unwrap().size, 4);

    options.mode = PutMode::Create;
    let again = store.put_opts(&path, PutPayload::from_static(b"x"), options).await;
    assert!(matches!(again, Err(object_store::Error::AlreadyExists { .. })), "{again:?}");
    let missing = store.get(&StorePath::from("nothing")).await;
    assert!(matches!(missing, Err(object_store::Error::NotFound { .. })), "{missing:?}");

    store.copy(&path, &StorePath::from("copy")).await.unwrap();
    fixture.put("a//no-path", "x").await;
    let listed: Vec<_> = store.list(None).try_collect().await.unwrap();
    let listed: Vec<_> = listed.iter().map(|meta| meta.location.as_ref()).collect();
    assert_eq!(listed, ["copy", path.as_ref()]);
    let level = store.list_with_delimiter(Some(&StorePath::from("ratings2022"))).await.unwrap();
    assert_eq!(level.common_prefixes, [StorePath::from("ratings2022/01")]);
    store.delete(&path).await.unwrap();
    assert_eq!(fixture.keys().await, ["a//no-path", "copy"]);
}

#[tokio::test]
async fn a_missing_bucket_is_named_and_found_once_it_is_there() {
    let fixture = Fixture::new().await;
    let store = fixture.buckets.bucket("later").unwrap().object_store();
    let path = StorePath::from("a");
    let why = store.put(&path, PutPayload::from_static(b"x")).await.unwrap_err();
    assert!(why.to_string().ends_with("The specified bucket does not exist: later"), "{why}");
    fixture.buckets.create("later", "us-east-1").await.unwrap();
    store.put(&path, PutPayload::from_static(b"x")).await.unwrap();
}

#[tokio::test]
async fn parts_become_an_object() {
    let fixture = Fixture::new().await;
    let store = fixture.bucket.object_store();
    for (path, parts, size) in [("empty", 0, 0), ("two", 2, 2 * MINIMUM_PART_BYTES)] {
        let path = StorePath::from(path);
        let mut upload = store.put_multipart(&path).await.unwrap();
        for _ in 0..parts {
            let bytes = vec![7; usize::try_from(MINIMUM_PART_BYTES).unwrap()];
            upload.put_part(bytes.into()).await.unwrap();
        }
        upload.complete().await.unwrap();
        assert_eq!(store.head(&path).await.unwrap().size, size);
    }
}
