//! Raw objects: their bodies, extensions and codings.

use object_store::Attribute;

use super::*;
use crate::{ObjectLabels, RawCompression};

async fn delivered(config: DeliveryStreamConfig) -> (String, Bytes, object_store::Attributes) {
    let store = Arc::new(InMemory::new());
    let stream = DeliveryStream::open(config, bucket(&store), six_o_clock()).await.unwrap();
    let abc = Record::from(Bytes::from_static(b"abc"));
    stream.put_batch(&[abc.clone(), abc.clone(), abc]).await.unwrap();
    stream.close().await;
    let (key, body) = objects(&*store).await.pop_first().unwrap();
    let found = store.get(&object_store::path::Path::from(key.as_str())).await.unwrap();
    (key, body, found.attributes)
}

/// Each row of section 4.3: format, extension, `Content-Encoding`.
#[tokio::test(start_paused = true)]
async fn section_4_3_each_format_has_its_extension_and_coding() {
    let table = [
        (RawCompression::Uncompressed, "", None),
        (RawCompression::Gzip, ".gz", Some("gzip")),
        (RawCompression::Zip, ".zip", Some("zip")),
        (RawCompression::Snappy, ".snappy", Some("snappy-java")),
        (RawCompression::HadoopSnappy, ".snappy", Some("hadoop-snappy")),
    ];
    for (compression, extension, coding) in table {
        let config = DeliveryStreamConfig::new("raw").compressed(compression);
        let config = config.labelling_objects(ObjectLabels::default());
        let (key, body, attributes) = delivered(config.clone()).await;
        let id_ends = key.rfind('-').unwrap() + 13;
        assert_eq!(&key[id_ends..], extension, "{key}");
        let found = |name: Attribute| attributes.get(&name).map(|value| value.as_ref().to_owned());
        assert_eq!(found(Attribute::ContentEncoding).as_deref(), coding, "{compression:?}");
        assert_eq!(found(Attribute::ContentType).as_deref(), Some("application/octet-stream"));
        assert_eq!(body.as_ref() == b"abcabcabc", coding.is_none(), "{compression:?}");

        let (key, _, attributes) = delivered(config.with_file_extension(".txt")).await;
        assert_eq!(&key[id_ends..], ".txt", "replaces the extension");
        let found =
            attributes.get(&Attribute::ContentEncoding).map(|value| value.as_ref().to_owned());
        assert_eq!(found.as_deref(), coding, "and not the coding");
    }
}

/// Parquet is labelled as AWS labels it, though no reader must undo it.
#[tokio::test(start_paused = true)]
async fn section_4_3_parquet_is_labelled_as_aws_labels_it() {
    for (compression, coding) in
        [(ParquetCompression::Snappy, Some("hadoop-snappy")), (ParquetCompression::Gzip, None)]
    {
        let store = Arc::new(InMemory::new());
        let options = ParquetOptions { compression, ..ParquetOptions::default() };
        let config = DeliveryStreamConfig::new("s")
            .converting_with(table(), options)
            .labelling_objects(ObjectLabels::default());
        let stream = DeliveryStream::open(config, bucket(&store), six_o_clock()).await.unwrap();
        stream.put_batch(&[rating(1), Record::from(Bytes::from_static(b"no"))]).await.unwrap();
        stream.close().await;
        for key in objects(&*store).await.into_keys() {
            let path = object_store::path::Path::from(key.as_str());
            let attributes = store.get(&path).await.unwrap().attributes;
            let found =
                attributes.get(&Attribute::ContentEncoding).map(|value| value.as_ref().to_owned());
            let expected = coding.filter(|_| key.ends_with(".parquet"));
            assert_eq!(found.as_deref(), expected, "{key}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_labels_asks_its_store_to_keep_none() {
    let config = DeliveryStreamConfig::new("raw").compressed(RawCompression::Gzip);
    let (_, _, attributes) = delivered(config).await;
    assert!(attributes.is_empty());
}
