//! Directories, path prefixes, URLs and single files on disk.

use std::path::Path;

use s3_parquet_reader::{Error, ParquetSet, ReadOptions};

use crate::files::{key, parquet, ratings};

fn write(root: &Path, key: &str) {
    let path = root.join(key);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, parquet(&ratings(0, 10))).unwrap();
}

async fn open(location: &str) -> Result<ParquetSet, Error> {
    ParquetSet::open(location, &ReadOptions::default()).await
}

/// A disk needs no timers, so that a runtime without them will do.
#[test]
fn a_directory_is_read_on_a_runtime_without_timers() {
    let dir = tempfile::tempdir().unwrap();
    (0..100).for_each(|number| write(dir.path(), &key("ratings", 6, number)));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let set = runtime.block_on(open(dir.path().to_str().unwrap())).unwrap();
    let table = runtime.block_on(set.read_all()).unwrap();
    assert_eq!(table.num_rows(), 1_000);
}

#[tokio::test]
async fn directories_and_path_prefixes_work() {
    let dir = tempfile::tempdir().unwrap();
    let bucket = dir.path().join("captains-rating");
    for hour in [6, 7] {
        write(&bucket, &key("ratings", hour, 1));
    }
    write(&bucket, "other/x.parquet");
    write(&dir.path().join("captains-rating-old"), "y.parquet");
    let base = bucket.to_str().unwrap();
    for (suffix, objects) in [
        ("", 3),
        ("/", 3),
        ("/ratings", 2),
        ("/ratings2022", 2),
        ("/ratings2022/01/08", 2),
        ("/ratings2022/01/08/06", 1),
        ("/ratings2022/01/08/06/", 1),
        ("/ratings2022/01/08/0", 2),
        ("/other", 1),
        ("/other/x.parquet", 1),
        ("/nothing", 0),
        ("-o", 1),
    ] {
        for scheme in ["", "file://"] {
            let location = format!("{scheme}{base}{suffix}");
            let set = open(&location).await.unwrap();
            let table = set.read_all().await.unwrap();
            assert_eq!(table.report().listed, objects, "{location}");
            assert_eq!(table.num_rows() as u64, objects * 10, "{location}");
            assert_eq!(set.count().await.unwrap().rows, objects * 10, "{location}");
        }
    }
}

#[tokio::test]
async fn time_ranges_work_in_directories() {
    let dir = tempfile::tempdir().unwrap();
    for hour in [5, 6, 7] {
        write(dir.path(), &key("ratings", hour, 1));
    }
    let from = "2022-01-08T06:00:00Z".parse().unwrap();
    let to = "2022-01-08T07:00:00Z".parse().unwrap();
    for suffix in ["", "/ratings", "/ratings2022", "/ratings2022/01/", "/ratings2022/01/08/06"] {
        let set = open(&format!("{}{suffix}", dir.path().display())).await.unwrap();
        let found = set.between(from, to).list().await.unwrap();
        assert_eq!(found.len(), 1, "`{suffix}`");
        assert_eq!(found[0].key, key("ratings", 6, 1), "`{suffix}`");
    }
}

#[tokio::test]
async fn a_place_that_does_not_exist_is_named() {
    let error = open("/no/such/place").await.unwrap_err();
    assert!(matches!(&error, Error::Location { location, .. } if location == "/no/such/place"));
}

#[cfg(not(feature = "aws"))]
#[tokio::test]
async fn s3_without_the_feature_names_the_feature() {
    let error = open("s3://captains-rating/ratings").await.unwrap_err().to_string();
    assert!(error.contains("feature `aws`"), "{error}");
}
