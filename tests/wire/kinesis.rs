//! The Kinesis door, through the clients that people use.

use std::collections::{BTreeMap, BTreeSet};

use aws_config::SdkConfig;
use aws_sdk_kinesis::{
    Client,
    primitives::Blob,
    types::{PutRecordsRequestEntry, ScalingType, Shard, ShardIteratorType},
};
use firehose_sink::{AwsKinesisSink, FirehoseSink, Record};
use integration_tests::FirehoseLocal;

use crate::clients::{check, node, python};

#[test]
fn boto3_drives_a_data_stream() {
    let Some(mut program) = python("kinesis.py") else { return };
    let endpoint = FirehoseLocal::start(&[]);
    program.arg("boto3");
    check("boto3, a data stream", program, &endpoint);
}

#[test]
fn the_aws_cli_drives_a_data_stream() {
    let Some(mut program) = python("kinesis.py") else { return };
    let endpoint = FirehoseLocal::start(&["--no-shard-limits"]);
    program.arg("cli");
    check("AWS CLI, a data stream", program, &endpoint);
}

#[test]
fn the_javascript_sdk_drives_a_data_stream_over_http_2_and_1() {
    let Some(program) = node("kinesis.mjs") else { return };
    let endpoint = FirehoseLocal::start(&["--no-shard-limits"]);
    check("JavaScript SDK, a data stream", program, &endpoint);
}

#[tokio::test(flavor = "multi_thread")]
async fn cbor_and_aggregated_records_are_read_by_others() {
    const RECORDS: usize = 1_000;
    let Some(script) = python("kinesis_foreign.py") else { return };
    let endpoint = FirehoseLocal::start(&[]);
    let config = config(&endpoint).await;
    let client = Client::new(&config);
    client.create_stream().stream_name("aggregated").shard_count(1).send().await.expect("created");
    let sink = AwsKinesisSink::from_config(&config, "aggregated").aggregating(20 << 10);
    let records: Vec<_> = (0..RECORDS).map(|n| Record::new(format!("{{\"n\":{n}}}"))).collect();
    let outcomes = sink.put_batch(&records).await.expect("taken");
    assert!(outcomes.iter().all(firehose_sink::Outcome::is_accepted));
    // A program is run with the endpoint's environment alone.
    let mut wrapped = std::process::Command::new("env");
    wrapped.arg(format!("RECORDS={RECORDS}")).arg(script.get_program()).args(script.get_args());
    check("CBOR, and aws-kinesis-agg", wrapped, &endpoint);
}

async fn config(endpoint: &FirehoseLocal) -> SdkConfig {
    integration_tests::sdk_config(endpoint.endpoint()).await
}

/// A stream and what was put into it: key and data.
struct Walk {
    client: Client,
    sent: Vec<(String, Vec<u8>)>,
}

const NAME: &str = "from-rust";

impl Walk {
    async fn put(&mut self, count: usize) {
        let from = self.sent.len();
        let records: Vec<_> = (from..from + count)
            .map(|n| (format!("key {}", n % 9), format!("record {n}").into_bytes()))
            .collect();
        let entries = records.iter().map(|(key, data)| {
            let entry = PutRecordsRequestEntry::builder().partition_key(key);
            entry.data(Blob::new(data.clone())).build().expect("an entry")
        });
        let call = self.client.put_records().stream_name(NAME);
        let answer = call.set_records(Some(entries.collect())).send().await.expect("taken");
        assert_eq!(answer.failed_record_count, Some(0));
        self.sent.extend(records);
    }

    async fn scale(&self, shards: i32) {
        let call = self.client.update_shard_count().stream_name(NAME).target_shard_count(shards);
        call.scaling_type(ScalingType::UniformScaling).send().await.expect("scaled");
    }

    async fn shards(&self) -> Vec<Shard> {
        let answer = self.client.list_shards().stream_name(NAME).send().await.expect("listed");
        answer.shards.unwrap_or_default()
    }

    /// All records of a shard, in order.
    async fn read(&self, shard: &Shard, seen: &mut Vec<(String, Vec<u8>)>) {
        let closed = shard
            .sequence_number_range
            .as_ref()
            .is_some_and(|range| range.ending_sequence_number.is_some());
        let call = self.client.get_shard_iterator().stream_name(NAME).shard_id(&shard.shard_id);
        let start = call.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await;
        let mut next = start.expect("an iterator").shard_iterator;
        while let Some(iterator) = next {
            let call = self.client.get_records().shard_iterator(iterator).limit(50);
            let page = call.send().await.expect("a page");
            let end = page.records.is_empty() && !closed;
            seen.extend(page.records.into_iter().map(|record| {
                (record.partition_key.unwrap_or_default(), record.data.into_inner())
            }));
            next = page.next_shard_iterator.filter(|_| !end);
        }
    }
}

fn by_key(records: &[(String, Vec<u8>)]) -> BTreeMap<&str, Vec<&[u8]>> {
    let mut by_key: BTreeMap<&str, Vec<&[u8]>> = BTreeMap::new();
    for (key, data) in records {
        by_key.entry(key).or_default().push(data);
    }
    by_key
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rust_sdk_drives_a_data_stream() {
    let endpoint = FirehoseLocal::start(&["--no-shard-limits"]);
    let client = Client::new(&config(&endpoint).await);
    client.create_stream().stream_name(NAME).shard_count(2).send().await.expect("created");
    let mut walk = Walk { client, sent: Vec::new() };
    for shards in [3, 6, 4, 2, 1] {
        walk.put(100).await;
        walk.scale(shards).await;
    }
    walk.put(100).await;
    let mut seen = Vec::new();
    let mut done = BTreeSet::new();
    // Names rise from parents to children.
    for shard in walk.shards().await {
        let parents = [&shard.parent_shard_id, &shard.adjacent_parent_shard_id];
        assert!(parents.into_iter().flatten().all(|parent| done.contains(parent)));
        walk.read(&shard, &mut seen).await;
        done.insert(shard.shard_id);
    }
    assert_eq!(by_key(&seen), by_key(&walk.sent));
    walk.client.delete_stream().stream_name(NAME).send().await.expect("deleted");
    let refused = walk.client.describe_stream().stream_name(NAME).send().await.expect_err("gone");
    assert!(refused.into_service_error().is_resource_not_found_exception());
}
