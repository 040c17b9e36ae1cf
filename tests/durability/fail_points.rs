//! The process ends at each step between the put and the unlink, by abort: what it acknowledged is
//! delivered by the next one, in the same objects.
//!
//! The steps are hooked where the engine meets the world: its disk and its store. The process that
//! ends is this test program, started again for the test `the_process_that_ends`.

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use firehose_delivery::{
    Clock, DeliveryStream, DeliveryStreamConfig, Durability, DynamicPartitioning, Journaling,
};
use firehose_journal::{Disk, DiskFile, Files};
use firehose_sink::Record;
use futures::stream::BoxStream;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, local::LocalFileSystem,
};

const POINTS: [&str; 6] = [
    "accept.after_write",
    "accept.after_sync",
    "deliver.before_put",
    "deliver.after_put",
    "deliver.after_error_put",
    "deliver.before_forget",
];
/// The process ends when it comes to the point for the first, second, third… time.
const TIMES: u64 = 5;
const POINT: &str = "FIREHOSE_FAIL_POINT";
const TIME: &str = "FIREHOSE_FAIL_TIME";
const FOLDER: &str = "FIREHOSE_FAIL_FOLDER";

/// The step at which this process ends.
#[derive(Debug, Clone)]
struct Point {
    name: String,
    left: Arc<AtomicU64>,
}

impl Point {
    fn none() -> Self {
        Self { name: String::new(), left: Arc::new(AtomicU64::new(0)) }
    }

    fn reach(&self, name: &str) {
        if self.name == name && self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            std::process::abort();
        }
    }
}

#[derive(Debug, Clone)]
struct FailingDisk(Point);

#[derive(Debug)]
struct FailingFile(std::fs::File, Point);

impl Disk for FailingDisk {
    type File = FailingFile;
    type Lock = std::fs::File;

    fn lock(&self, path: &Path) -> io::Result<Option<std::fs::File>> {
        Files.lock(path)
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        Files.create_directory(path)
    }

    fn create(&self, path: &Path) -> io::Result<FailingFile> {
        Ok(FailingFile(Files.create(path)?, self.0.clone()))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        Files.read(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        Files.list(directory)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Files.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.reach("deliver.before_forget");
        Files.remove(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        Files.sync_directory(path)
    }
}

impl DiskFile for FailingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        DiskFile::write(&mut self.0, bytes)?;
        self.1.reach("accept.after_write");
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync()?;
        self.1.reach("accept.after_sync");
        Ok(())
    }
}

#[derive(Debug)]
struct FailingStore(LocalFileSystem, Point);

impl fmt::Display for FailingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FailingStore")
    }
}

#[async_trait]
impl ObjectStore for FailingStore {
    async fn put_opts(
        &self,
        location: &object_store::path::Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> object_store::Result<PutResult> {
        self.1.reach("deliver.before_put");
        let put = self.0.put_opts(location, payload, options).await?;
        let is_error = location.as_ref().contains("processing-failed");
        self.1.reach(if is_error { "deliver.after_error_put" } else { "deliver.after_put" });
        Ok(put)
    }

    async fn put_multipart_opts(
        &self,
        location: &object_store::path::Path,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.0.put_multipart_opts(location, options).await
    }

    async fn get_opts(
        &self,
        location: &object_store::path::Path,
        options: GetOptions,
    ) -> object_store::Result<GetResult> {
        self.0.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, object_store::Result<object_store::path::Path>>,
    ) -> BoxStream<'static, object_store::Result<object_store::path::Path>> {
        self.0.delete_stream(locations)
    }

    fn list(
        &self,
        prefix: Option<&object_store::path::Path>,
    ) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.0.list(prefix)
    }

    async fn list_with_delimiter(
        &self,
        prefix: Option<&object_store::path::Path>,
    ) -> object_store::Result<ListResult> {
        self.0.list_with_delimiter(prefix).await
    }

    async fn copy_opts(
        &self,
        from: &object_store::path::Path,
        to: &object_store::path::Path,
        options: CopyOptions,
    ) -> object_store::Result<()> {
        self.0.copy_opts(from, to, options).await
    }
}

async fn open(folder: &Path, point: &Point) -> DeliveryStream {
    let objects = folder.join("objects");
    std::fs::create_dir_all(&objects).expect("a folder");
    let store = LocalFileSystem::new_with_prefix(objects).expect("a store");
    let store = Arc::new(FailingStore(store, point.clone()));
    let config = DeliveryStreamConfig::new("kept")
        .with_prefix("!{partitionKeyFromQuery:p}/")
        .with_error_output_prefix("failed/!{firehose:error-output-type}/")
        .partitioned(DynamicPartitioning::by_query("{p:.p}"))
        .buffering(300, Duration::from_millis(20));
    let disk = FailingDisk(point.clone());
    let journaling = Journaling::on_disk(disk, folder.join("journal"), Durability::Sync);
    DeliveryStream::open_journaled(config, store, Clock::system(), journaling)
        .await
        .expect("a stream")
}

/// Two partitions, and now and then a record that cannot be filed.
fn record(number: u64) -> Record {
    let text = match number % 5 {
        0 => format!("{{\"p\":null,\"n\":{number}}}\n"),
        other => format!("{{\"p\":\"p{}\",\"n\":{number}}}\n", other % 2),
    };
    Record::from(text.into_bytes())
}

/// Puts records until it comes to its point; nothing when it is run as a test of its own.
#[test]
fn the_process_that_ends() {
    let (Ok(name), Ok(time)) = (std::env::var(POINT), std::env::var(TIME)) else { return };
    let folder = PathBuf::from(std::env::var(FOLDER).expect("a folder"));
    let left = Arc::new(AtomicU64::new(time.parse().expect("a number")));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let stream = open(&folder, &Point { name, left }).await;
        for number in 0..100_000 {
            let outcomes = stream.put_batch(&[record(number)]).await.expect("a put");
            if outcomes[0].is_accepted() {
                writeln!(io::stderr(), "ACK {number}").expect("stderr");
            }
        }
    });
}

/// What the process acknowledged before it ended.
fn run_to_the_end(name: &str, time: u64, folder: &Path) -> Vec<u64> {
    let child = Command::new(std::env::current_exe().expect("a program"))
        .args(["--exact", "fail_points::the_process_that_ends", "--nocapture"])
        .envs([(POINT, name), (TIME, &time.to_string())])
        .env(FOLDER, folder)
        .stdin(Stdio::null())
        .output()
        .expect("it starts");
    assert!(!child.status.success(), "{name} was never reached");
    let told = String::from_utf8_lossy(&child.stderr);
    told.lines().filter_map(|line| line.strip_prefix("ACK ")?.parse().ok()).collect()
}

/// Objects by key, as numbers of records.
fn objects(folder: &Path) -> BTreeMap<PathBuf, Vec<u64>> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![folder.join("objects")]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("an object");
            found.insert(path, text.lines().flat_map(numbers).collect());
        }
    }
    found
}

fn numbers(line: &str) -> Vec<u64> {
    let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
    match line["rawData"].as_str() {
        Some(raw) => {
            let raw = integration_tests::base64_decoded(raw);
            numbers(std::str::from_utf8(&raw).expect("UTF-8").trim_end())
        }
        None => vec![line["n"].as_u64().expect("a number")],
    }
}

#[test]
fn every_fail_point_loses_nothing_and_doubles_nothing() {
    for (name, time) in POINTS.iter().flat_map(|name| (1..=TIMES).map(move |time| (name, time))) {
        let folder = tempfile::tempdir().expect("a folder");
        let acknowledged = run_to_the_end(name, time, folder.path());
        let before = objects(folder.path());
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async { open(folder.path(), &Point::none()).await.close().await });
        let after = objects(folder.path());
        let mut times = BTreeMap::new();
        for number in after.values().flatten() {
            *times.entry(*number).or_insert(0) += 1;
        }
        let lost = acknowledged.iter().filter(|number| !times.contains_key(number)).count();
        let twice = times.values().filter(|times| **times > 1).count();
        println!(
            "{name} for time {time}: {} acknowledged, {lost} lost, {twice} twice, objects {} \
             before and {} after",
            acknowledged.len(),
            before.len(),
            after.len()
        );
        assert_eq!((lost, twice), (0, 0), "{name} {time}");
        assert!(before.keys().all(|key| after.contains_key(key)), "{name} {time}: a key changed");
        let left: Vec<_> = std::fs::read_dir(folder.path().join("journal/stream"))
            .expect("the journal")
            .map(|entry| entry.expect("an entry").file_name())
            .filter(|file| file != "lock")
            .collect();
        assert!(left.is_empty(), "{name} {time}: {left:?} stay behind");
    }
}
