//! The law that every accepted record is in exactly one place, over random lives of a stream.

use super::*;
use crate::{Backup, DynamicPartitioning, Processing, SubRecords};

/// Conservation: whatever is put, whenever, and however often the store refuses, every accepted
/// record is in a row, in an error object, or still buffered.
#[test]
fn every_accepted_record_is_in_exactly_one_place() {
    let seeds: Vec<u64> = match std::env::var("FIREHOSE_DELIVERY_SEED") {
        Ok(seed) => vec![seed.parse().expect("FIREHOSE_DELIVERY_SEED is a number")],
        Err(_) => (1..=40).collect(),
    };
    for seed in seeds {
        println!("FIREHOSE_DELIVERY_SEED={seed}");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(one_random_life(seed));
    }
}

/// `SplitMix64`.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    pub(super) fn up_to(&mut self, limit: u64) -> usize {
        usize::try_from(self.below(limit)).unwrap()
    }
}

fn some_record(random: &mut Random, next: &mut i32) -> (Record, Vec<i32>) {
    let mut number = || {
        *next += 1;
        *next
    };
    match random.below(10) {
        0 => (Record::from(Bytes::from_static(b"no")), vec![]),
        1 => (Record::from(Bytes::from_static(br#"{"rating":1}{"rating":[]}"#)), vec![]),
        2 => {
            let (a, b) = (number(), number());
            let two = format!("{{\"rating\":{a}}}\n{{\"more\":\"\\n\",\"Rating\":\"{b}\"}}");
            (Record::from(two.into_bytes()), vec![a, b])
        }
        _ => {
            let n = number();
            (rating(usize::try_from(n).unwrap()), vec![n])
        }
    }
}

async fn one_random_life(seed: u64) {
    let mut random = Random(seed);
    let store = FlakyStore::new();
    let size = 1 + random.up_to(3_000);
    let config = config()
        .buffering(size, Duration::from_secs(random.below(20)))
        .holding_at_most(1 + random.up_to(20_000));
    // The source records are kept in another store, whose deliveries are seen in their order.
    let backup_store = FlakyStore::new();
    let backup = DeliveryStreamConfig::new("PUT-S3-qrZbv")
        .buffering(1 + random.up_to(3_000), Duration::from_secs(random.below(20)))
        .holding_at_most(1 + random.up_to(20_000));
    let backed_up = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&backed_up);
    let observer = Observer::new(move |event| {
        if let DeliveryEvent::Delivered(delivered) = event {
            seen.lock().unwrap().push(delivered.key.clone());
        }
    });
    let backup = Backup::new(backup.observed_by(observer), bucket(&backup_store));
    let config = config.backed_up_by(backup);
    let mut sources = Vec::new();
    let stream = DeliveryStream::open(config, bucket(&store), six_o_clock()).await.unwrap();
    let (mut next, mut accepted, mut rows, mut bad) = (0, 0u64, Vec::new(), 0u64);
    for _ in 0..200 {
        match random.below(9) {
            0 => tokio::time::sleep(Duration::from_millis(random.below(10_000))).await,
            1 => store.refuse(i64::try_from(random.below(6)).unwrap()),
            2 => stream.flush().await,
            3 => backup_store.refuse(i64::try_from(random.below(6)).unwrap()),
            _ => {
                let count = random.below(12);
                let batch: Vec<_> =
                    (0..count).map(|_| some_record(&mut random, &mut next)).collect();
                let records: Vec<_> = batch.iter().map(|(record, _)| record.clone()).collect();
                let outcomes = stream.put_batch(&records).await.unwrap();
                assert_eq!(outcomes.len(), records.len());
                for (outcome, (record, expected)) in outcomes.iter().zip(batch) {
                    if outcome.is_accepted() {
                        accepted += 1;
                        sources.extend_from_slice(record.data());
                        bad += u64::from(expected.is_empty());
                        rows.extend(expected);
                    }
                }
            }
        }
        let stats = stream.stats();
        let places = stats.delivered_records + stats.failed_records + stats.buffered_records;
        assert_eq!(stats.accepted_records, places, "{stats:?}");
        assert_eq!(stats.accepted_records, accepted);
        let backup = stream.backup_stats().unwrap();
        assert_eq!(backup.delivered_records + backup.buffered_records, accepted);
    }
    let stats = stream.close().await;
    assert_eq!((stats.buffered_records, stats.buffered_bytes), (0, 0));
    assert_eq!(stats.failed_records, bad);
    let backup_objects = objects(&*backup_store).await;
    let keys = backed_up.lock().unwrap().clone();
    let kept: Vec<u8> = keys.iter().flat_map(|key| backup_objects[key].to_vec()).collect();
    assert_eq!((kept, keys.len()), (sources, backup_objects.len()), "byte for byte, in order");
    let objects = objects(&*store).await;
    assert_eq!(error_lines(&objects).len() as u64, bad);
    let mut found = ratings(&objects);
    found.sort_unstable();
    rows.sort_unstable();
    assert_eq!(found, rows);
    assert_eq!(stats.delivered_rows, rows.len() as u64);
    let now: DateTime<Utc> = six_o_clock().now();
    assert!(objects.keys().all(|key| key.contains(&now.format("%Y/%m/").to_string())));
}

/// The same law with partitions and records that hold several: accepted and split records are
/// delivered, failed or buffered, and every document stands in exactly one object.
#[test]
fn every_document_is_in_exactly_one_place_with_partitions() {
    for seed in 1..=20 {
        println!("seed {seed}");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(one_partitioned_life(seed));
    }
}

async fn one_partitioned_life(seed: u64) {
    let mut random = Random(seed);
    let store = FlakyStore::new();
    let limit = 1 + random.up_to(8);
    let query =
        DynamicPartitioning { most_active: limit, ..DynamicPartitioning::by_query("{c:.c}") };
    let processing = Processing {
        sub_records: Some(SubRecords::Json),
        delimiter: Some(b"\n".to_vec()),
        ..Processing::default()
    };
    let config = DeliveryStreamConfig::new("p")
        .with_prefix("!{partitionKeyFromQuery:c}/")
        .with_error_output_prefix("e/!{firehose:error-output-type}/")
        .partitioned(query)
        .processing(processing)
        .buffering(1 + random.up_to(400), Duration::from_secs(random.below(20)))
        .holding_at_most(1 + random.up_to(20_000));
    let stream = DeliveryStream::open(config, bucket(&store), six_o_clock()).await.unwrap();
    let mut next = 0u64;
    for _ in 0..100 {
        match random.below(6) {
            0 => tokio::time::sleep(Duration::from_millis(random.below(10_000))).await,
            1 => store.refuse(i64::try_from(random.below(6)).unwrap()),
            2 => stream.flush().await,
            _ => {
                let mut text = String::new();
                for _ in 0..=random.below(4) {
                    next += 1;
                    text += &format!(r#"{{"c":"p{}","n":{next}}}"#, random.below(12));
                }
                let bad = Record::from(Bytes::from_static(b"{"));
                stream.put_batch(&[Record::from(text.into_bytes()), bad]).await.unwrap();
            }
        }
        let stats = stream.stats();
        assert!(stats.active_partitions <= limit as u64);
        let places = stats.delivered_records + stats.failed_records + stats.buffered_records;
        assert_eq!(stats.accepted_records + stats.split_records, places, "{stats:?}");
    }
    let stats = stream.close().await;
    assert_eq!((stats.buffered_records, stats.buffered_bytes, stats.active_partitions), (0, 0, 0));
    let objects = objects(&*store).await;
    let (failed, delivered): (Vec<_>, Vec<_>) =
        objects.iter().partition(|(key, _)| key.starts_with("e/processing-failed/"));
    let lines = |objects: &[(&String, &Bytes)]| {
        objects.iter().map(|(_, bytes)| bytes.split(|b| *b == b'\n').count() - 1).sum::<usize>()
            as u64
    };
    assert_eq!(lines(&failed), stats.failed_records);
    assert_eq!(lines(&delivered), stats.delivered_records);
    for (key, bytes) in delivered {
        let partition = key.split('/').next().unwrap();
        for line in bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
            let document: serde_json::Value = serde_json::from_slice(line).unwrap();
            assert_eq!(document["c"], partition);
        }
    }
}
