use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use kinesis_stream::{HashKey, NewRecord, ShardId, StreamSettings, UserRecord, aggregate};
use object_store::{ObjectStore, ObjectStoreExt, memory::InMemory};

use super::*;
use crate::{DeliveryStreamConfig, flaky_store::FlakyStore};

const SETTINGS: StreamSettings = StreamSettings {
    retention: Duration::from_secs(24 * 60 * 60),
    retained_bytes: u64::MAX,
    limits: None,
};

/// What `keep` was told last.
type Kept = Arc<Mutex<Option<SourcePlaces>>>;

struct World {
    clock: Clock,
    data: DataStream,
    store: Arc<InMemory>,
    kept: Kept,
}

impl World {
    fn new(shards: u32) -> Self {
        let clock = Clock::starting_at("2022-01-08T06:04:19Z".parse().unwrap());
        let data = DataStream::create(SETTINGS, shards, clock.now());
        Self { clock, data, store: Arc::default(), kept: Arc::default() }
    }

    async fn delivery(&self) -> DeliveryStream {
        let config = DeliveryStreamConfig::new("s").buffering(1 << 20, Duration::from_secs(60));
        DeliveryStream::open(config, Arc::clone(&self.store) as _, self.clock).await.unwrap()
    }

    fn source(&self, to: &DeliveryStream, places: SourcePlaces) -> KinesisSource {
        let kept = Arc::clone(&self.kept);
        KinesisSource::start(
            "s",
            self.data.clone(),
            to.clone(),
            self.clock,
            places,
            move |places| {
                *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(places);
                std::future::ready(())
            },
        )
    }

    fn put(&self, key: &str, text: &str) {
        let outcomes = self.data.put(self.clock.now(), &[NewRecord::new(key, text.as_bytes())]);
        outcomes[0].unwrap();
    }

    fn kept(&self) -> SourcePlaces {
        self.kept.lock().unwrap().clone().unwrap_or_default()
    }

    /// What was delivered, in order of the objects' keys.
    async fn delivered(&self) -> String {
        let (mut texts, mut keys) = (String::new(), Vec::new());
        let mut all = self.store.list(None);
        while let Some(object) = futures::StreamExt::next(&mut all).await {
            keys.push(object.unwrap().location);
        }
        keys.sort();
        for key in keys {
            let bytes = self.store.get(&key).await.unwrap().bytes().await.unwrap();
            texts.push_str(std::str::from_utf8(&bytes).unwrap());
        }
        texts
    }
}

#[tokio::test(start_paused = true)]
async fn records_of_all_shards_are_delivered() {
    let world = World::new(3);
    let to = world.delivery().await;
    let source = world.source(&to, SourcePlaces::latest(&world.data, world.clock.now()));
    for n in 0..100 {
        world.put(&n.to_string(), "x");
    }
    source.catch_up().await;
    assert_eq!(to.stats().accepted_records, 100);
    to.flush().await;
    assert_eq!(world.delivered().await, "x".repeat(100));
    let stats = source.stats();
    assert_eq!((stats.read_records, stats.read_bytes, stats.milliseconds_behind), (100, 100, 0));
}

#[tokio::test(start_paused = true)]
async fn what_came_before_the_source_is_left_out() {
    let world = World::new(1);
    world.put("k", "before ");
    let to = world.delivery().await;
    let source = world.source(&to, SourcePlaces::latest(&world.data, world.clock.now()));
    world.put("k", "after");
    source.catch_up().await;
    to.flush().await;
    assert_eq!(world.delivered().await, "after");
}

#[tokio::test(start_paused = true)]
async fn children_come_after_their_parents() {
    let world = World::new(1);
    let to = world.delivery().await;
    let source = world.source(&to, SourcePlaces::default());
    let mut expected = String::new();
    for round in 0..20_u32 {
        for n in 0..5 {
            let text = format!("{round}.{n} ");
            world.put("one key", &text);
            expected.push_str(&text);
        }
        world.data.scale_to(world.clock.now(), 1 + round * 7 % 5).unwrap();
        if round % 4 == 0 {
            source.catch_up().await;
        }
    }
    source.catch_up().await;
    to.flush().await;
    assert_eq!(world.delivered().await, expected);
}

#[tokio::test(start_paused = true)]
async fn places_are_kept_only_when_everything_before_them_is_delivered() {
    let world = World::new(1);
    let to = world.delivery().await;
    let source = world.source(&to, SourcePlaces::default());
    world.put("k", "1 ");
    source.catch_up().await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(world.kept(), SourcePlaces::default(), "it waits in the buffer");
    tokio::time::sleep(Duration::from_secs(40)).await;
    assert_eq!(world.kept().of(ShardId(0)), Some(2), "its buffer went out by age");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_starts_again_misses_nothing() {
    let world = World::new(2);
    let to = world.delivery().await;
    let source = world.source(&to, SourcePlaces::default());
    world.put("a", "1 ");
    source.catch_up().await;
    to.flush().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    // Handed over, and lost with the process.
    world.put("a", "2 ");
    source.catch_up().await;
    drop(source);
    to.discard();

    world.data.split(world.clock.now(), ShardId(0), HashKey(7)).unwrap();
    world.put("a", "3 ");
    let to = world.delivery().await;
    let source = world.source(&to, world.kept());
    source.catch_up().await;
    to.flush().await;
    assert_eq!(world.delivered().await, "1 2 3 ");
}

#[tokio::test(start_paused = true)]
async fn two_delivery_streams_on_one_source_both_get_everything() {
    let world = World::new(2);
    let (one, other) = (world.delivery().await, world.delivery().await);
    let places = SourcePlaces::default;
    let keep = |_| std::future::ready(());
    let start = |name: &str, to: &DeliveryStream| {
        KinesisSource::start(name, world.data.clone(), to.clone(), world.clock, places(), keep)
    };
    let sources = [start("one", &one), start("other", &other)];
    for n in 0..10 {
        world.put(&n.to_string(), "x");
    }
    for source in &sources {
        source.finish().await;
    }
    assert_eq!((one.stats().accepted_records, other.stats().accepted_records), (10, 10));
}

#[tokio::test(start_paused = true)]
async fn aggregated_records_are_taken_apart() {
    let world = World::new(1);
    let to = world.delivery().await;
    let source = world.source(&to, SourcePlaces::default());
    let parts: Vec<UserRecord> = ["1 ", "2 ", "3 "]
        .iter()
        .map(|text| UserRecord {
            partition_key: "k".to_owned(),
            explicit_hash_key: None,
            data: Bytes::from_static(text.as_bytes()),
        })
        .collect();
    world.data.put(world.clock.now(), &[aggregate(&parts).unwrap()])[0].unwrap();
    world.put("k", "4");
    source.catch_up().await;
    assert_eq!(to.stats().accepted_records, 4);
    to.flush().await;
    assert_eq!(world.delivered().await, "1 2 3 4");
}

#[tokio::test(start_paused = true)]
async fn large_records_and_pages_are_delivered() {
    let world = World::new(1);
    let to = world.delivery().await;
    let source = world.source(&to, SourcePlaces::default());
    // More than a put of Firehose may hold.
    let large = NewRecord::new("k", &vec![b'x'; 3_000_000]);
    assert!(world.data.put(world.clock.now(), &[large]).iter().all(Result::is_ok));
    let many = vec![NewRecord::new("k", b"y"); 5_000];
    assert!(world.data.put(world.clock.now(), &many).iter().all(Result::is_ok));
    source.catch_up().await;
    assert_eq!(to.stats().accepted_records, 5_001);
}

#[tokio::test(start_paused = true)]
async fn a_source_waits_while_the_store_fails() {
    let world = World::new(1);
    let store = FlakyStore::new();
    store.refuse(10);
    let config = DeliveryStreamConfig::new("s")
        .buffering(1 << 20, Duration::from_secs(1))
        .holding_at_most(1_000_000);
    let to = DeliveryStream::open(config, store, world.clock).await.unwrap();
    let source = world.source(&to, SourcePlaces::default());
    let record = NewRecord::new("k", &vec![b'x'; 400_000]);
    for _ in 0..10 {
        assert!(world.data.put(world.clock.now(), std::slice::from_ref(&record))[0].is_ok());
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    source.finish().await;
    let stats = to.close().await;
    assert_eq!((stats.accepted_records, stats.delivered_records), (10, 10));
}

#[tokio::test(start_paused = true)]
async fn the_stream_keeps_what_a_source_has_not_done_with() {
    let clock = Clock::starting_at("2022-01-08T06:04:19Z".parse().unwrap());
    let settings = StreamSettings { retained_bytes: 1_000, ..SETTINGS };
    let data = DataStream::create(settings, 1, clock.now());
    let world = World { clock, data, store: Arc::default(), kept: Arc::default() };
    let to = world.delivery().await;
    let source = world.source(&to, SourcePlaces::default());
    let records = vec![NewRecord::new("k", &[b'x'; 99]); 15];
    let put = || world.data.put(clock.now(), &records).iter().filter(|o| o.is_ok()).count();
    assert_eq!(put(), 10);
    source.catch_up().await;
    assert_eq!(put(), 0, "read, and not delivered yet");
    to.flush().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(put(), 10);
    source.stop();
    assert_eq!(put(), 15);
}

/// A function is told where each record came from, those of an aggregated record, too.
#[tokio::test(start_paused = true)]
async fn a_function_is_told_where_records_came_from() {
    let world = World::new(1);
    let events = Arc::new(Mutex::new(Vec::new()));
    let function = Arc::new(Listener(Arc::clone(&events)));
    let config = DeliveryStreamConfig::new("s")
        .buffering(1 << 20, Duration::from_secs(60))
        .transformed_by(crate::LambdaProcessor::new(
            "arn:aws:lambda:us-east-1:0:function:f",
            function,
        ))
        .sourced_from("arn:aws:kinesis:us-east-1:0:stream/data");
    let to =
        DeliveryStream::open(config, Arc::clone(&world.store) as _, world.clock).await.unwrap();
    let source = world.source(&to, SourcePlaces::default());
    world.put("a \"key\"", "alone");
    let user = |key: &str, data: &'static str| UserRecord {
        partition_key: key.to_owned(),
        explicit_hash_key: None,
        data: Bytes::from_static(data.as_bytes()),
    };
    let both = aggregate(&[user("b", "first"), user("c", "second")]).unwrap();
    world.data.put(world.clock.now(), &[both])[0].unwrap();
    source.catch_up().await;
    to.flush().await;
    let event: serde_json::Value = events.lock().unwrap().first().cloned().unwrap();
    assert_eq!(event["sourceKinesisStreamArn"], "arn:aws:kinesis:us-east-1:0:stream/data");
    let records = event["records"].as_array().unwrap();
    let of = |record: &serde_json::Value| {
        let from = &record["kinesisRecordMetadata"];
        assert_eq!(from["shardId"], "shardId-000000000000");
        assert!(from["approximateArrivalTimestamp"].is_i64(), "{from}");
        let sequence = from["sequenceNumber"].as_str().unwrap().to_owned();
        (
            from["partitionKey"].as_str().unwrap().to_owned(),
            from["subsequenceNumber"].as_i64(),
            sequence,
        )
    };
    let of: Vec<_> = records.iter().map(of).collect();
    let keys: Vec<_> = of.iter().map(|(key, part, _)| (key.as_str(), *part)).collect();
    assert_eq!(keys, [("a \"key\"", Some(0)), ("b", Some(0)), ("c", Some(1))]);
    assert!(of[0].2 < of[1].2 && of[1].2 == of[2].2, "{of:?}");
    assert_eq!(world.delivered().await, "alonefirstsecond");
}

/// Records may be small, and what a function is told of each is not: it counts as undelivered, too.
#[tokio::test(start_paused = true)]
async fn places_of_records_that_wait_for_a_function_count_as_undelivered() {
    let world = World::new(1);
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let function = Arc::new(Gated(Arc::clone(&gate), Listener(Arc::default())));
    let config = DeliveryStreamConfig::new("s")
        .buffering(1_000, Duration::from_secs(60))
        .holding_at_most(3_000)
        .transformed_by(crate::LambdaProcessor::new("arn:f", function));
    let to =
        DeliveryStream::open(config, Arc::clone(&world.store) as _, world.clock).await.unwrap();
    let source = world.source(&to, SourcePlaces::default());
    for _ in 0..100 {
        world.put("a key", "x");
    }
    source.catch_up().await;
    world.put("a key", "y");
    tokio::time::sleep(Duration::from_secs(90)).await;
    assert_eq!(to.stats().accepted_records, 100, "100 bytes of records, far more of places");
    gate.add_permits(1_000);
    source.catch_up().await;
    to.flush().await;
    assert_eq!(world.delivered().await, "x".repeat(100) + "y");
}

/// A function that answers when it may.
#[derive(Debug)]
struct Gated(Arc<tokio::sync::Semaphore>, Listener);

#[async_trait::async_trait]
impl crate::LambdaFunction for Gated {
    async fn invoke(&self, event: Bytes) -> Result<Bytes, crate::FunctionError> {
        self.0.acquire().await.unwrap().forget();
        self.1.invoke(event).await
    }
}

/// A function that keeps its events and changes nothing.
#[derive(Debug)]
struct Listener(Arc<Mutex<Vec<serde_json::Value>>>);

#[async_trait::async_trait]
impl crate::LambdaFunction for Listener {
    async fn invoke(&self, event: Bytes) -> Result<Bytes, crate::FunctionError> {
        let event: serde_json::Value = serde_json::from_slice(&event).unwrap();
        let answers = event["records"].as_array().unwrap().iter().map(|record| {
            serde_json::json!({ "recordId": record["recordId"], "result": "Ok", "data": record["data"] })
        });
        let answer = serde_json::json!({ "records": answers.collect::<Vec<_>>() });
        self.0.lock().unwrap().push(event);
        Ok(answer.to_string().into())
    }
}
