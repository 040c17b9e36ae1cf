//! Puts keys that trip file systems up, and shows where they lie.
//!
//! `cargo run -p object-directory --example odd_keys`

use std::{
    error::Error,
    io::{self, Write as _},
    path::Path,
};

use bytes::Bytes;
use object_directory::{Buckets, ListOptions, PutOptions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let buckets = Buckets::new(folder.path());
    buckets.create("captains-rating", "us-east-1").await?;
    let bucket = buckets.bucket("captains-rating")?;
    for key in
        ["ratings2022/01/08/06/x.parquet", "../../etc/passwd", "a", "a/b", "a//b", "a/", "100%"]
    {
        let body = futures::stream::iter([Ok::<_, io::Error>(Bytes::from(key))]);
        bucket.put(key, body, PutOptions::default()).await?;
    }
    let all = ListOptions { limit: 1000, ..ListOptions::default() };
    let mut out = io::stdout().lock();
    writeln!(out, "keys, in the order of S3:")?;
    for object in bucket.list(all).await?.objects {
        writeln!(out, "  {:32} {} bytes, ETag {}", object.key, object.size, object.etag)?;
    }
    writeln!(out, "files:")?;
    let root = folder.path().join("captains-rating");
    show(&mut out, &root, &root)?;
    Ok(())
}

fn show(out: &mut impl io::Write, root: &Path, folder: &Path) -> io::Result<()> {
    let mut entries = std::fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for entry in entries {
        match entry.file_type()?.is_dir() {
            true => show(out, root, &entry.path())?,
            false => {
                let path = entry.path();
                writeln!(out, "  {}", path.strip_prefix(root).unwrap_or(&path).display())?;
            }
        }
    }
    Ok(())
}
