//! Files of other writers, in every codec, encoding and spelling that they have. All hold the same
//! rows; `tests/foreign/make.py` wrote them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use arrow::util::display::array_value_to_string;
use object_store::memory::InMemory;
use s3_parquet_reader::{Error, Filter, OnBad, ParquetSet, ReadOptions};

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|e| e == "parquet")).collect();
    files.sort();
    files
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

async fn one(path: &Path, options: &ReadOptions) -> ParquetSet {
    let store = Arc::new(InMemory::new());
    crate::files::put(&*store, &name(path), std::fs::read(path).unwrap()).await;
    ParquetSet::new(store, "", options)
}

fn column(batch: &RecordBatch, name: &str, as_type: &DataType) -> ArrayRef {
    cast(batch.column_by_name(name).unwrap(), as_type).unwrap()
}

/// The rows as the script has them.
fn check(what: &str, batch: &RecordBatch) {
    let ids = column(batch, "id", &DataType::Int64);
    assert_eq!(ids.as_primitive::<Int64Type>().values(), &[0, 1, 2, 3, 4], "{what}");
    let texts = column(batch, "text", &DataType::Utf8);
    let texts: Vec<_> = texts.as_string::<i32>().iter().collect();
    let want = [
        Some("Neil Armstrong"),
        Some("Jean-Luc Picard"),
        None,
        Some(""),
        Some("Kathryn Janeway \u{e4}\u{6f22}"),
    ];
    assert_eq!(texts, want, "{what}");
    let reals = column(batch, "real", &DataType::Float64);
    let reals: Vec<_> = reals.as_primitive::<Float64Type>().iter().collect();
    assert_eq!(reals, [Some(0.0), Some(-1.5), None, Some(1e300), Some(0.1)], "{what}");
    let times = column(batch, "at", &DataType::Timestamp(TimeUnit::Microsecond, None));
    let first = 1_641_622_882_123_456;
    let times = times.as_primitive::<TimestampMicrosecondType>().values().to_vec();
    assert_eq!(times, (first..first + 5).collect::<Vec<_>>(), "{what}");
    let tags = batch.column_by_name("tags").unwrap();
    let tags: Vec<_> = (0..5)
        .map(|row| match tags.is_null(row) {
            true => "null".to_owned(),
            false => array_value_to_string(tags, row).unwrap(),
        })
        .collect();
    assert_eq!(tags, ["[a, b]", "[]", "null", "[c, ]", "[d]"], "{what}");
}

#[tokio::test]
async fn every_codec_encoding_and_spelling_reads_well() {
    let files = files();
    let mut read = 0;
    for path in files.iter().filter(|path| !name(path).starts_with("refused")) {
        for options in [
            ReadOptions::default(),
            ReadOptions::default().with_string_views(true),
            ReadOptions::default().with_dictionary_columns(["text"]),
        ] {
            let set = one(path, &options).await;
            let table = set.read_all().await.unwrap_or_else(|e| panic!("{}: {e:?}", name(path)));
            check(&name(path), &table.concat().unwrap());
            let last = set.filter(Filter::column("id").at_least(4)).read_all().await.unwrap();
            assert_eq!(last.num_rows(), 1, "{}", name(path));
        }
        read += 1;
    }
    assert!(read >= 35, "only {read} files");
}

#[tokio::test]
async fn files_of_all_writers_make_one_table() {
    let store = Arc::new(InMemory::new());
    let mut objects = 0;
    // Apart are only those whose timestamps have a zone: the same instants, but another type.
    for path in files() {
        let name = name(&path);
        let has_zone = name.contains("utc") || name.starts_with("refused");
        if !has_zone {
            crate::files::put(&*store, &name, std::fs::read(&path).unwrap()).await;
            objects += 1;
        }
    }
    let set = ParquetSet::new(store, "", &ReadOptions::default());
    let table = set.columns(["id", "text", "real", "at", "tags"]).read_all().await.unwrap();
    assert_eq!(table.num_rows(), 5 * objects);
    let all = table.concat().unwrap();
    for object in 0..objects {
        check(&format!("object {object}"), &all.slice(5 * object, 5));
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_by_name() {
    for path in files().iter().filter(|path| name(path).starts_with("refused")) {
        let error = one(path, &ReadOptions::default()).await.read_all().await.unwrap_err();
        assert!(error.is_bad_object() && error.key() == Some(&name(path)), "{error:?}");
        let skipping = one(path, &ReadOptions::default().with_on_bad(OnBad::Skip)).await;
        assert_eq!(skipping.read_all().await.unwrap().report().skipped.len(), 1);
        if name(path).contains("encrypted") {
            assert!(
                matches!(&error, Error::NotParquet { reason, .. } if reason.contains("encrypted")),
                "{error}"
            );
        }
    }
}
