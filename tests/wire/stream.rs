//! `captains-analyzer stream` against the Kinesis door: every record once, through reshards, from
//! one run to the next, and into another delivery stream.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use aws_config::SdkConfig;
use aws_sdk_kinesis::{
    Client,
    primitives::Blob,
    types::{PutRecordsRequestEntry, ScalingType, StreamStatus},
};
use firehose_sink::{AwsKinesisSink, FirehoseSink, Outcome, Record};
use integration_tests::{FirehoseLocal, program, signal};
use serde_json::{Value, json};

const NAME: &str = "ratings-to-look-at";
const CAPTAINS: [&str; 3] = ["Ahab", "Kirk", "Leela"];

/// Ends when nothing has come for a while.
const QUICK: [&str; 4] = ["--every", "100ms", "--idle-exit", "2s"];

fn rating(n: usize) -> Value {
    json!({
        "user": format!("user {}", n % 50),
        "favoritecaptain": CAPTAINS[n % 3],
        "rating": 1 + n * 7 % 1_000,
        "timestamp": 1_641_622_800.0 + n as f64 / 10.0,
    })
}

struct Stream {
    endpoint: FirehoseLocal,
    client: Client,
    config: SdkConfig,
    dir: tempfile::TempDir,
}

impl Stream {
    async fn start() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let endpoint = FirehoseLocal::start_in(&dir.path().join("data"), &["--no-shard-limits"]);
        let config = integration_tests::sdk_config(endpoint.endpoint()).await;
        let client = Client::new(&config);
        let create = client.create_stream().stream_name(NAME).shard_count(2);
        create.send().await.expect("created");
        let stream = Self { endpoint, client, config, dir };
        stream.active().await;
        stream
    }

    async fn active(&self) {
        loop {
            let summary = self.client.describe_stream_summary().stream_name(NAME).send().await;
            let summary = summary.expect("described").stream_description_summary;
            if summary.is_some_and(|summary| summary.stream_status == StreamStatus::Active) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn put(&self, from: usize, to: usize) {
        for start in (from..to).step_by(500) {
            let entry = |n: usize| {
                let data = Blob::new(rating(n).to_string());
                let entry = PutRecordsRequestEntry::builder().data(data);
                entry.partition_key(format!("user {}", n % 50)).build().expect("whole")
            };
            let entries = (start..to.min(start + 500)).map(entry).collect();
            let put = self.client.put_records().stream_name(NAME).set_records(Some(entries));
            let answer = put.send().await.expect("taken");
            assert_eq!(answer.failed_record_count, Some(0));
        }
    }

    /// Many in one record, as the Kinesis Producer Library does it.
    async fn put_aggregated(&self, from: usize, to: usize) {
        let sink = AwsKinesisSink::from_config(&self.config, NAME).aggregating(20 << 10);
        let records: Vec<_> = (from..to).map(|n| Record::new(rating(n).to_string())).collect();
        let outcomes = sink.put_batch(&records).await.expect("taken");
        assert!(outcomes.iter().all(Outcome::is_accepted));
    }

    async fn scale(&self, shards: i32) {
        let call = self.client.update_shard_count().stream_name(NAME).target_shard_count(shards);
        call.scaling_type(ScalingType::UniformScaling).send().await.expect("scaled");
        self.active().await;
    }

    fn analyzer(&self, args: &[&str]) -> Command {
        let mut command = Command::new(program("captains-analyzer"));
        command.current_dir(self.dir.path()).env_clear();
        command.envs(self.endpoint.environment()).args(["stream", &format!("kinesis://{NAME}")]);
        command.args(args);
        command
    }

    async fn lines(&self, args: &[&str]) -> (Vec<Value>, String) {
        let mut command = self.analyzer(&[args, &QUICK].concat());
        let output = tokio::task::spawn_blocking(move || command.output());
        let output = output.await.expect("it runs").expect("it starts");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{told}");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = |line: &str| serde_json::from_str(line).expect("an object on each line");
        (text.lines().map(line).collect(), told)
    }
}

/// Rows and sum of the ratings, by window and captain.
fn totals(lines: &[Value]) -> BTreeMap<(String, String), (u64, u64)> {
    let mut totals = BTreeMap::new();
    for line in lines {
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| line[name].as_u64().unwrap_or_default();
        let key = (text("window_start"), text("favoritecaptain"));
        let before = totals.insert(key, (number("rows"), number("rating_sum")));
        assert!(before.is_none(), "a window twice: {line}");
    }
    totals
}

fn expected(count: usize) -> BTreeMap<(String, String), (u64, u64)> {
    let mut totals = BTreeMap::new();
    for n in 0..count {
        let minute = format!("2022-01-08T06:{:02}:00Z", 20 + n / 600);
        let total = totals.entry((minute, CAPTAINS[n % 3].to_owned())).or_insert((0, 0));
        total.0 += 1;
        total.1 += 1 + n as u64 * 7 % 1_000;
    }
    totals
}

const SUMS: [&str; 2] =
    ["--sql", "SELECT window_start, favoritecaptain, rows, rating_sum FROM windows"];

#[tokio::test(flavor = "multi_thread")]
async fn sql_on_a_data_stream_sees_every_record_once_through_reshards() {
    let stream = Stream::start().await;
    stream.put(0, 700).await;
    stream.scale(4).await;
    stream.put(700, 1_400).await;
    stream.put_aggregated(1_400, 1_500).await;
    stream.scale(2).await;
    stream.put(1_500, 2_000).await;

    let (lines, told) = stream.lines(&SUMS).await;
    assert_eq!(totals(&lines), expected(2_000), "{told}");
    assert!(!told.contains("note:"), "{told}");

    // By arrival all came within minutes, and none is missing.
    let arrival = ["--sql", "SELECT count(*) AS n FROM stream", "--clock", "arrival"];
    let (lines, _) = stream.lines(&arrival).await;
    let all: u64 = lines.iter().filter_map(|line| line["n"].as_u64()).sum();
    assert_eq!(all, 2_000);

    // Latest is after all that.
    let (lines, _) = stream.lines(&[&SUMS[..], &["--start", "latest"]].concat()).await;
    assert_eq!(lines, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_goes_on_where_a_killed_run_stood() {
    let stream = Stream::start().await;
    let args = [&SUMS[..], &["--checkpoint", "state", "--every", "100ms"]].concat();
    stream.put(0, 1_300).await;
    // Killed when it has told its first windows and kept its state.
    let out = fs::File::create(stream.dir.path().join("first")).expect("a file");
    let mut first = stream.analyzer(&args).stdout(out).spawn().expect("it starts");
    let state = stream.dir.path().join("state");
    while !state.exists() || fs::read(stream.dir.path().join("first")).is_ok_and(|f| f.is_empty()) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    first.kill().expect("killed");
    first.wait().expect("gone");

    stream.scale(3).await;
    stream.put(1_300, 2_400).await;
    let (second, _) = stream.lines(&[&SUMS[..], &["--checkpoint", "state"]].concat()).await;
    let text = fs::read_to_string(stream.dir.path().join("first")).expect("lines");
    let first = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("whole"));
    let both: Vec<Value> = first.chain(second).collect();
    let mut expected = expected(2_400);
    // The last window is open still, and kept.
    expected.retain(|(minute, _), _| minute < &"2022-01-08T06:23:00Z".to_owned());
    assert_eq!(totals(&both), expected);

    // Ctrl-C is an end like others.
    let mut third = stream.analyzer(&args);
    let third = third.stdout(std::process::Stdio::piped()).spawn().expect("it starts");
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    signal(third.id(), "INT");
    let third = third.wait_with_output().expect("it ends");
    assert!(third.status.success() && third.stdout.is_empty(), "{third:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_go_into_another_delivery_stream() {
    let stream = Stream::start().await;
    stream.put(0, 1_300).await;
    let s3 = aws_sdk_s3::config::Builder::from(&stream.config).force_path_style(true).build();
    let s3 = aws_sdk_s3::Client::from_conf(s3);
    s3.create_bucket().bucket("answers").send().await.expect("a bucket");
    let made = stream.endpoint.aws_json(
        "Firehose_20150804.CreateDeliveryStream",
        &json!({
            "DeliveryStreamName": "answers",
            "ExtendedS3DestinationConfiguration": {
                "BucketARN": "arn:aws:s3:::answers",
                "RoleARN": "arn:aws:iam::123456789012:role/firehose",
                "Prefix": "answers/",
                "BufferingHints": { "SizeInMBs": 1, "IntervalInSeconds": 60 },
            },
        })
        .to_string(),
    );
    assert_eq!(made.status, 200, "{}", made.body);
    let into = ["--preset", "captain-scores", "--into", "firehose://answers"];
    let (lines, told) = stream.lines(&into).await;
    assert_eq!(lines.len(), 9, "three captains in three minutes");
    assert!(told.contains("sent 9 results to firehose://answers"), "{told}");

    let nobody = stream.analyzer(&["--into", "firehose://nobody"]).output().expect("it runs");
    let words = String::from_utf8_lossy(&nobody.stderr).into_owned();
    assert!(!nobody.status.success() && words.contains("nobody"), "{words}");

    // The end delivers what is buffered.
    let Stream { endpoint, dir, .. } = stream;
    let ended = endpoint.end_by("TERM");
    assert!(ended.status.success(), "{}", ended.told);
    let found: Vec<String> =
        objects_under(&dir.path().join("data")).iter().flat_map(|path| told_in(path)).collect();
    let mut found: Vec<Value> = found.iter().filter_map(|l| serde_json::from_str(l).ok()).collect();
    let mut expected = lines.clone();
    let by_text = |value: &Value| value.to_string();
    found.sort_by_key(by_text);
    expected.sort_by_key(by_text);
    assert_eq!(found, expected);
}

/// Files below a directory that lie in a folder `answers`.
fn objects_under(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let below = |path: PathBuf| if path.is_dir() { objects_under(&path) } else { vec![path] };
    let all: Vec<PathBuf> = paths.flat_map(below).collect();
    all.into_iter().filter(|path| path.components().any(|c| c.as_os_str() == "answers")).collect()
}

fn told_in(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().filter(|line| line.contains("average_rating")).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_named() {
    let stream = Stream::start().await;
    let mut command = Command::new(program("captains-analyzer"));
    command.env_clear().envs(stream.endpoint.environment()).args(["stream", "kinesis://nobody"]);
    let output = command.output().expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("there is no data stream `nobody`"), "{told}");
    assert!(told.contains("aws kinesis list-streams"), "{told}");
}
