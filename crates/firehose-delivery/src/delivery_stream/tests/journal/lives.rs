//! Random lives: whatever happens, an acknowledged record stands in exactly one object.

use std::collections::{BTreeMap, BTreeSet};

use super::{super::conservation::Random, *};
use crate::{
    Backup, DynamicPartitioning, LambdaProcessor, Processing, SubRecords, Transformed,
    for_each_record,
};

/// Lives of one stream, one after the other.
const LIVES: usize = 6;

/// What the seeds are, and how many.
fn seeds() -> Vec<u64> {
    match std::env::var("FIREHOSE_DELIVERY_SEED") {
        Ok(seed) => vec![seed.parse().expect("FIREHOSE_DELIVERY_SEED is a number")],
        Err(_) => {
            let count = std::env::var("FIREHOSE_DELIVERY_SEEDS")
                .map_or(60, |count| count.parse().expect("FIREHOSE_DELIVERY_SEEDS is a number"));
            (1..=count).collect()
        }
    }
}

const ERRORS: &str = "e/!{firehose:error-output-type}/";

/// A function that turns every ninth record away and changes the others.
fn function(size: usize) -> LambdaProcessor {
    let function = for_each_record(|record| match record.data.len() % 9 {
        0 => Transformed::ProcessingFailed,
        _ => Transformed::Ok([b" ".as_slice(), &record.data].concat()),
    });
    LambdaProcessor::new("arn:aws:lambda:us-east-1:000000000000:function:f", function)
        .buffering(size, Duration::from_secs(3))
}

#[derive(Debug, Default)]
struct Told {
    accepted: BTreeSet<u64>,
    refused: BTreeSet<u64>,
    next: u64,
}

/// The world that outlives the process.
struct World {
    disk: MemoryDisk,
    store: Arc<FlakyStore>,
    backup: Arc<FlakyStore>,
    kind: u64,
    told: Told,
}

impl World {
    fn config(&self, size: usize) -> DeliveryStreamConfig {
        let config = DeliveryStreamConfig::new("p")
            .buffering(size, Duration::from_secs(5))
            .holding_at_most(20_000);
        let backup = DeliveryStreamConfig::new("p").buffering(size * 2, Duration::from_secs(9));
        let backed_up = |config: DeliveryStreamConfig| {
            config.backed_up_by(Backup::new(backup.clone(), bucket(&self.backup)))
        };
        let partitioned = |config: DeliveryStreamConfig| {
            let processing =
                Processing { sub_records: Some(SubRecords::Json), ..Processing::default() };
            config
                .with_prefix("!{partitionKeyFromQuery:c}/")
                .with_error_output_prefix(ERRORS)
                .partitioned(DynamicPartitioning {
                    most_active: 5,
                    ..DynamicPartitioning::by_query("{c:.c}")
                })
                .processing(processing)
        };
        let config = match self.kind % 4 {
            0 => config,
            1 => backed_up(config),
            2 => partitioned(config),
            _ => backed_up(partitioned(config)),
        };
        match self.kind >= 4 {
            true => config.transformed_by(function(size)).with_error_output_prefix(ERRORS),
            false => config,
        }
    }

    fn has_backup(&self) -> bool {
        self.kind % 2 == 1
    }

    fn record(&mut self, random: &mut Random) -> (u64, Record) {
        self.told.next += 1;
        let n = self.told.next;
        let text = match random.below(8) {
            0 => format!("{{\"c\":no,\"n\":{n}}}"),
            _ => format!("{{\"c\":\"p{}\",\"n\":{n}}}", random.below(9)),
        };
        (n, Record::from(text.into_bytes()))
    }

    async fn put(&mut self, stream: &DeliveryStream, random: &mut Random) {
        let batch: Vec<_> = (0..=random.below(6)).map(|_| self.record(random)).collect();
        let records: Vec<_> = batch.iter().map(|(_, record)| record.clone()).collect();
        // A put that waits for room for ever is cut off; what it was told is nothing.
        let put = stream.put_batch(&records);
        let answer = tokio::time::timeout(Duration::from_secs(5), put).await;
        let outcomes = answer.map(|answer| answer.unwrap());
        for (index, (n, _)) in batch.iter().enumerate() {
            match outcomes.as_ref().map(|outcomes| outcomes[index].is_accepted()) {
                Ok(true) => self.told.accepted.insert(*n),
                _ => self.told.refused.insert(*n),
            };
        }
    }

    async fn live(&mut self, random: &mut Random) {
        let size = 1 + random.up_to(600);
        let opened = DeliveryStream::open_journaled(
            self.config(size),
            bucket(&self.store),
            six_o_clock(),
            journaling(&self.disk),
        );
        let stream = opened.await.unwrap();
        self.disk.cut_after(20 + random.below(200));
        for _ in 0..random.below(60) {
            match random.below(14) {
                0 => tokio::time::sleep(Duration::from_millis(random.below(8_000))).await,
                1 if random.below(2) == 0 => self.store.lose_answers(2),
                1 => self.store.refuse(i64::try_from(random.below(4)).unwrap()),
                2 => self.backup.refuse(i64::try_from(random.below(4)).unwrap()),
                3 => self.disk.fail(u32::try_from(random.below(3)).unwrap()),
                4 => {
                    let room = Some(1_000 + random.up_to(4_000)).filter(|_| random.below(3) > 0);
                    self.disk.set_capacity(room);
                }
                5 => {
                    let flush = stream.flush();
                    let _ = tokio::time::timeout(Duration::from_secs(30), flush).await;
                }
                6 => {
                    let size = 1 + random.up_to(600);
                    stream.update(&self.config(size), bucket(&self.store)).unwrap();
                }
                _ => self.put(&stream, random).await,
            }
            let stats = stream.stats();
            let places = stats.delivered_records + stats.failed_records + stats.buffered_records;
            let came = stats.accepted_records + stats.split_records + stats.recovered_records;
            assert_eq!(came, places, "{stats:?}");
        }
    }
}

/// How often each number stands in the objects.
fn numbers(objects: &BTreeMap<String, Bytes>) -> BTreeMap<u64, usize> {
    let mut found = BTreeMap::new();
    for (key, bytes) in objects {
        let texts: Vec<Vec<u8>> = if key.starts_with("e/") {
            let lines = bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty());
            let line = |line| serde_json::from_slice::<serde_json::Value>(line).unwrap();
            lines
                .map(|text| STANDARD.decode(line(text)["rawData"].as_str().unwrap()).unwrap())
                .collect()
        } else {
            vec![bytes.to_vec()]
        };
        for text in texts {
            let text = String::from_utf8(text).unwrap();
            for part in text.split("\"n\":").skip(1) {
                let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
                *found.entry(digits.parse().unwrap()).or_default() += 1;
            }
        }
    }
    found
}

fn check(told: &Told, found: &BTreeMap<u64, usize>, what: &str) {
    for n in &told.accepted {
        assert_eq!(found.get(n), Some(&1), "{what}: record {n} was acknowledged");
    }
    for (n, times) in found {
        assert!(told.accepted.contains(n) || told.refused.contains(n), "{what}: {n} from nowhere");
        assert_eq!(*times, 1, "{what}: record {n}");
    }
}

fn live_and_die(seed: u64, disk: MemoryDisk) -> World {
    let mut random = Random(seed);
    let (store, backup) = (FlakyStore::new(), FlakyStore::new());
    let kind = random.below(8);
    let mut world = World { disk, store, backup, kind, told: Told::default() };
    for _ in 0..LIVES {
        in_one_life(world.live(&mut random));
        world.disk.power_up(&mut random);
    }
    world.store.refuse(0);
    world.backup.refuse(0);
    world
}

#[test]
fn acknowledged_records_stand_in_exactly_one_object_after_any_power_cuts() {
    let (mut lives, mut accepted, mut refused) = (0, 0, 0);
    for seed in seeds() {
        println!("FIREHOSE_DELIVERY_SEED={seed}");
        let world = live_and_die(seed, MemoryDisk::default());
        let (objects, backup) = in_one_life(async {
            let opened = DeliveryStream::open_journaled(
                world.config(1_000),
                bucket(&world.store),
                six_o_clock(),
                journaling(&world.disk),
            );
            let stats = opened.await.unwrap().close().await;
            assert_eq!(stats.buffered_records, 0);
            (objects(&*world.store).await, objects(&*world.backup).await)
        });
        check(&world.told, &numbers(&objects), "stream");
        if world.has_backup() {
            check(&world.told, &numbers(&backup), "backup");
        }
        assert_eq!(world.disk.segments(), Vec::<std::path::PathBuf>::new());
        lives += LIVES;
        accepted += world.told.accepted.len();
        refused += world.told.refused.len();
    }
    println!("{lives} power cuts, {accepted} records acknowledged, {refused} refused, lost 0");
}

/// The control: on a disk that does not sync, records are lost. If they were not, the test above
/// would show nothing.
#[test]
fn without_syncs_records_are_lost() {
    let lost = (1..=20).any(|seed| {
        let world = live_and_die(seed, MemoryDisk::lazy());
        let objects = in_one_life(async {
            let opened = DeliveryStream::open_journaled(
                world.config(1_000),
                bucket(&world.store),
                six_o_clock(),
                journaling(&world.disk),
            );
            opened.await.unwrap().close().await;
            objects(&*world.store).await
        });
        let found = numbers(&objects);
        world.told.accepted.iter().any(|n| !found.contains_key(n))
    });
    assert!(lost);
}
