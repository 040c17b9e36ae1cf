//! Streams whose configuration, table or existence changes while records wait.

use super::*;
use crate::{Backup, ConversionError, ErrorCode, SchemaReference, SchemaSource};

/// A catalogue of one table, which a test may change.
#[derive(Debug)]
struct Catalog(Mutex<Option<GlueTable>>);

impl SchemaSource for Catalog {
    fn reference(&self) -> SchemaReference {
        SchemaReference::new("captains", "ratings")
    }

    fn table(&self) -> Result<GlueTable, ConversionError> {
        let table = self.0.lock().unwrap().clone();
        table.ok_or_else(|| ConversionError::new(ErrorCode::EntityNotFound, "Entity Not Found"))
    }
}

fn columns(bytes: &Bytes) -> Vec<String> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).unwrap();
    reader.schema().fields().iter().map(|field| field.name().clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn each_buffer_has_the_columns_that_the_table_has_then() {
    let store = Arc::new(InMemory::new());
    let catalog = Arc::new(Catalog(Mutex::new(Some(table()))));
    let schema = Arc::<Catalog>::clone(&catalog);
    let config = config().converting_by(schema, ParquetOptions::default());
    let stream = DeliveryStream::open(config, bucket(&store), six_o_clock()).await.unwrap();

    stream.put_batch(&[rating(1)]).await.unwrap();
    *catalog.0.lock().unwrap() = Some(GlueTable::new("c", "r", [("rating", "bigint")]).unwrap());
    stream.flush().await;
    let first = objects(store.as_ref()).await;
    assert_eq!(columns(first.values().next().unwrap()), ["rating"], "changed before the flush");

    *catalog.0.lock().unwrap() = None;
    stream.put_batch(&[rating(2), rating(3)]).await.unwrap();
    let stats = stream.close().await;
    assert_eq!((stats.delivered_records, stats.failed_records), (1, 2));
    let objects = objects(store.as_ref()).await;
    let (_, errors) = objects.iter().find(|(key, _)| key.contains("conversion-failed")).unwrap();
    let line: serde_json::Value =
        serde_json::from_slice(errors.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    assert_eq!(line["lastErrorCode"], "DataFormatConversion.EntityNotFound");
    assert_eq!(line["dataCatalogTable"]["tableName"], "ratings");
}

#[tokio::test(start_paused = true)]
async fn an_update_holds_for_the_records_after_it() {
    let (old, new) = (Arc::new(InMemory::new()), Arc::new(InMemory::new()));
    let stream = DeliveryStream::open(config(), bucket(&old), six_o_clock()).await.unwrap();
    stream.put_batch(&[rating(1)]).await.unwrap();
    let next = config().with_prefix("moved/").at_version(2).buffering(1, Duration::MAX);
    stream.update(&next, bucket(&new)).unwrap();
    stream.put_batch(&[rating(2)]).await.unwrap();
    stream.flush().await;

    let (old, new) = (objects(old.as_ref()).await, objects(new.as_ref()).await);
    assert_eq!((ratings(&old), ratings(&new)), (vec![1], vec![2]));
    assert!(old.keys().all(|key| key.starts_with("ratings2022/") && key.contains("-1-2022-")));
    assert!(new.keys().all(|key| key.starts_with("moved/2022/") && key.contains("-2-2022-")));
}

#[tokio::test(start_paused = true)]
async fn an_update_that_breaks_a_rule_changes_nothing() {
    let store = Arc::new(InMemory::new());
    let stream = DeliveryStream::open(config(), bucket(&store), six_o_clock()).await.unwrap();
    for refused in [config().with_prefix("/no"), DeliveryStreamConfig::new("other")] {
        stream.update(&refused, bucket(&store)).unwrap_err();
    }
    stream.put_batch(&[rating(1)]).await.unwrap();
    stream.close().await;
    assert!(objects(store.as_ref()).await.keys().all(|key| key.starts_with("ratings2022/")));
}

#[tokio::test(start_paused = true)]
async fn what_is_discarded_is_counted_and_never_appears() {
    let store = FlakyStore::new();
    store.refuse(i64::MAX);
    let stream = DeliveryStream::open(config(), bucket(&store), six_o_clock()).await.unwrap();
    stream.put_batch(&[rating(1), rating(2)]).await.unwrap();
    let waiting = {
        let stream = stream.clone();
        tokio::spawn(async move { stream.flush().await })
    };
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(stream.oldest_undelivered().is_some() && stream.last_error().is_some());
    stream.put_batch(&[rating(3)]).await.unwrap();

    assert_eq!(stream.discard(), 3);
    waiting.await.unwrap();
    store.refuse(0);
    let stats = stream.close().await;
    assert_eq!(
        (stats.accepted_records, stats.discarded_records, stats.buffered_records),
        (3, 3, 0)
    );
    assert!(objects(store.as_ref()).await.is_empty());
    assert_eq!(stream.oldest_undelivered(), None);
    let refused = stream.put_batch(&[rating(4)]).await.unwrap_err();
    assert_eq!(refused.kind(), PutErrorKind::Closed);
}

/// Each buffer is told to whom it may concern when its records are put; without a word, to the one
/// that the stream was opened with.
#[tokio::test(start_paused = true)]
async fn an_update_changes_who_is_told() {
    let store = Arc::new(InMemory::new());
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = |name: &'static str| {
        let told = Arc::clone(&told);
        Observer::new(move |_| told.lock().unwrap().push(name))
    };
    let opened = DeliveryStream::open_observed(
        config(),
        bucket(&store),
        six_o_clock(),
        listener("of the stream"),
    );
    let stream = opened.await.unwrap();
    let backup = DeliveryStreamConfig::new("PUT-S3-qrZbv").observed_by(listener("of the backup"));
    let steps = [
        config().observed_by(listener("first")),
        config().observed_by(listener("second")),
        config().backed_up_by(Backup::new(backup, Arc::new(InMemory::new()))),
    ];
    stream.put_batch(&[rating(0)]).await.unwrap();
    for step in steps {
        stream.update(&step, bucket(&store)).unwrap();
        stream.put_batch(&[rating(1)]).await.unwrap();
    }
    stream.close().await;
    let mut told = told.lock().unwrap().clone();
    told.sort_unstable();
    assert_eq!(told, ["first", "of the backup", "of the stream", "of the stream", "second"]);
}
