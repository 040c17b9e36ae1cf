use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::StreamLayout;

const UNLIMITED: StreamSettings = StreamSettings {
    retention: Duration::from_secs(24 * 60 * 60),
    retained_bytes: u64::MAX,
    limits: None,
};

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_641_621_600, 0).unwrap()
}

fn texts(page: &ReadPage) -> Vec<String> {
    page.records.iter().map(|record| String::from_utf8(record.data().to_vec()).unwrap()).collect()
}

fn put(stream: &DataStream, now: DateTime<Utc>, key: &str, data: &str) -> Placed {
    stream.put(now, &[NewRecord::new(key, data.as_bytes())])[0].unwrap()
}

#[test]
fn every_start_finds_its_record() {
    let stream = DataStream::create(UNLIMITED, 1, start());
    let at = |seconds| start() + TimeDelta::seconds(seconds);
    let placed: Vec<_> =
        (0..5).map(|n| put(&stream, at(n * 10), "k", &n.to_string()).sequence_number).collect();
    let shard = ShardId(0);
    let ends = stream.shards(start())[0].clone();
    for (from, expected) in [
        (Start::TrimHorizon, "0 1 2 3 4"),
        (Start::Latest, ""),
        (Start::AtSequenceNumber(placed[2]), "2 3 4"),
        (Start::AfterSequenceNumber(placed[2]), "3 4"),
        (Start::AtSequenceNumber(ends.starting_sequence_number), "0 1 2 3 4"),
        (Start::AtTimestamp(at(20)), "2 3 4"),
        (Start::AtTimestamp(at(21)), "3 4"),
        (Start::AtTimestamp(at(-1000)), "0 1 2 3 4"),
        (Start::AtTimestamp(at(41)), ""),
    ] {
        let position = stream.position(shard, from).unwrap();
        let page = stream.read(at(50), shard, position, ReadLimits::default()).unwrap();
        assert_eq!(texts(&page).join(" "), expected, "{from:?}");
        assert!(page.next.is_some(), "an open shard has no end");
    }
}

#[test]
fn numbers_of_other_shards_are_refused() {
    let stream = DataStream::create(UNLIMITED, 2, start());
    let shards = stream.shards(start());
    let foreign = shards[1].starting_sequence_number;
    for number in [foreign, "0".parse().unwrap(), "1234567".parse().unwrap()] {
        for from in [Start::AtSequenceNumber(number), Start::AfterSequenceNumber(number)] {
            let refused = stream.position(ShardId(0), from).unwrap_err();
            let expected =
                Error::ForeignSequenceNumber { sequence_number: number, shard: ShardId(0) };
            assert_eq!(refused, expected);
        }
    }
    assert_eq!(stream.position(ShardId(9), Start::Latest), Err(Error::NoShard(ShardId(9))));
}

#[test]
fn pages_hold_what_the_limits_allow_and_never_nothing_of_something() {
    let stream = DataStream::create(UNLIMITED, 1, start());
    for data in ["aaaa", "bbbb", "cc"] {
        put(&stream, start(), "k", data);
    }
    for (records, bytes, expected) in [
        (2, 1000, "aaaa bbbb"),
        (10, 10, "aaaa bbbb"),
        (10, 9, "aaaa"),
        (10, 1, "aaaa"),
        (10, 13, "aaaa bbbb cc"),
    ] {
        let page = stream.read(start(), ShardId(0), 0, ReadLimits { records, bytes }).unwrap();
        assert_eq!(texts(&page).join(" "), expected, "{records} records, {bytes} bytes");
        let rest = stream.read(start(), ShardId(0), page.next.unwrap(), ReadLimits::default());
        assert_eq!(page.records.len() + rest.unwrap().records.len(), 3);
    }
}

#[test]
fn a_shard_over_its_limits_takes_no_more_until_time_has_passed() {
    let stream = DataStream::create(StreamSettings::default(), 1, start());
    let records = vec![NewRecord::new("k", b"x"); 1_100];
    let taken = |now| stream.put(now, &records).iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(taken(start()), 1_000);
    assert_eq!(taken(start()), 0);
    assert_eq!(taken(start() + TimeDelta::milliseconds(500)), 500);
    assert_eq!(stream.stats().throttled_records, 100 + 1_100 + 600);
    let half = NewRecord::new("k", &vec![0; 600_000]);
    let later = start() + TimeDelta::seconds(10);
    let outcomes = stream.put(later, &[half.clone(), half.clone(), half]);
    assert_eq!(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false]);
}

#[test]
fn reads_are_limited_by_calls_and_by_bytes() {
    let stream = DataStream::create(StreamSettings::default(), 1, start());
    let read = |now| stream.read_within_limits(now, ShardId(0), 0, ReadLimits::default());
    for _ in 0..5 {
        read(start()).unwrap();
    }
    assert_eq!(read(start()), Err(Error::Throttled(ShardId(0))));
    let later = |seconds| start() + TimeDelta::seconds(seconds);
    for second in 1..10 {
        let _ = stream.put(later(second), &[NewRecord::new("k", &vec![0; 1_000_000])]);
    }
    // Nine million bytes at two megabytes a second.
    assert_eq!(read(later(20)).unwrap().records.len(), 9);
    assert!(read(later(23)).is_err());
    read(later(24)).unwrap();
}

#[test]
fn records_and_closed_shards_go_when_their_retention_is_over() {
    let stream = DataStream::create(UNLIMITED, 1, start());
    let hours = |hours| start() + TimeDelta::hours(hours);
    put(&stream, start(), "k", "old");
    put(&stream, hours(2), "k", "new");
    stream.split(hours(3), ShardId(0), HashKey(5)).unwrap();
    let read = |now| {
        let page = stream.read(now, ShardId(0), 0, ReadLimits::default());
        page.map(|page| texts(&page).join(" "))
    };
    assert_eq!(read(hours(24)), Ok("old new".to_owned()));
    assert_eq!(read(hours(25)), Ok("new".to_owned()));
    assert_eq!(read(hours(27)), Ok(String::new()));
    assert_eq!(read(hours(28)), Err(Error::NoShard(ShardId(0))));
    assert_eq!(stream.shards(hours(28)).len(), 2);
    assert_eq!((stream.stats().retained_records, stream.stats().retained_bytes), (0, 0));
}

#[test]
fn the_oldest_go_early_when_there_are_too_many_bytes_but_not_those_that_are_held() {
    let settings = StreamSettings { retained_bytes: 1_000, ..UNLIMITED };
    let stream = DataStream::create(settings, 1, start());
    let records = vec![NewRecord::new("k", &[0; 9]); 100];
    assert!(stream.put(start(), &records).iter().all(Result::is_ok));
    stream.hold("reader", HashMap::from([(ShardId(0), 51)]));
    let outcomes = stream.put(start(), &records);
    // Fifty are done with and make way for fifty.
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 50);
    assert_eq!(stream.stats().dropped_bytes, 500);
    stream.release("reader");
    assert!(stream.put(start(), &records).iter().all(Result::is_ok));
    assert!(stream.stats().retained_bytes <= 1_000);
}

#[test]
fn an_opened_stream_goes_on_with_higher_numbers_and_what_was_kept() {
    let stream = DataStream::create(UNLIMITED, 2, start());
    let now = start() + TimeDelta::seconds(5);
    let placed: Vec<_> = (0..50).map(|n| put(&stream, now, &n.to_string(), "x")).collect();
    stream.split(now, ShardId(1), HashKey(u128::MAX - 7)).unwrap();
    let layout = serde_json::to_string(&stream.layout()).unwrap();
    let layout: StreamLayout = serde_json::from_str(&layout).unwrap();

    let later = now + TimeDelta::seconds(1);
    let again = DataStream::open(UNLIMITED, &layout, later);
    assert_eq!(again.shards(later), stream.shards(later));
    let kept = placed.iter().enumerate().rev().filter(|(n, _)| n % 2 == 0).map(|(n, placed)| {
        (placed.shard, placed.position, now, NewRecord::new(&n.to_string(), b"x"))
    });
    again.restore(later, kept);
    assert_eq!(again.stats().retained_records, 25);
    for n in 0..50 {
        let new = put(&again, later, &n.to_string(), "y");
        let higher = |old: &Placed| new.sequence_number > old.sequence_number;
        assert!(placed.iter().filter(|old| old.shard == new.shard).all(higher), "{new:?}");
    }
}

#[test]
fn what_cannot_be_split_or_merged_is_refused_by_name() {
    let stream = DataStream::create(UNLIMITED, 3, start());
    let (now, first) = (start(), HashKeyRange::even(3)[0]);
    for at in [HashKey(0), HashKey(first.end.0 + 1), HashKey::MAX] {
        let refused = stream.split(now, ShardId(0), at).unwrap_err();
        assert_eq!(refused, Error::NoSplitPoint { hash_key: at, shard: ShardId(0) });
    }
    let apart = Error::NotAdjacent(ShardId(0), ShardId(2));
    assert_eq!(stream.merge(now, ShardId(0), ShardId(2)), Err(apart));
    let with_itself = Error::NotAdjacent(ShardId(1), ShardId(1));
    assert_eq!(stream.merge(now, ShardId(1), ShardId(1)), Err(with_itself));
    stream.merge(now, ShardId(1), ShardId(0)).unwrap();
    assert_eq!(stream.split(now, ShardId(0), HashKey(5)), Err(Error::Closed(ShardId(0))));
    assert_eq!(stream.scale_to(now, 0), Err(Error::NoShards));
}

/// What happens to a stream.
#[derive(Debug, Clone)]
enum Step {
    Put(Vec<u8>),
    Split(usize, u128),
    Merge(usize),
    Scale(u32),
    Read(usize, usize),
    Wait(u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop::collection::vec(0_u8..20, 1..20).prop_map(Step::Put),
        1 => (any::<usize>(), any::<u128>()).prop_map(|(shard, at)| Step::Split(shard, at)),
        1 => any::<usize>().prop_map(Step::Merge),
        1 => (1_u32..9).prop_map(Step::Scale),
        4 => (0_usize..3, 1_usize..30).prop_map(|(reader, most)| Step::Read(reader, most)),
        1 => (0_u32..3_000).prop_map(Step::Wait),
    ]
}

/// A reader that goes from parents to children, at its own pace.
#[derive(Debug, Default)]
struct Reader {
    places: BTreeMap<ShardId, Option<u64>>,
    seen: Vec<(String, String)>,
}

impl Reader {
    fn read(&mut self, stream: &DataStream, now: DateTime<Utc>, most: usize) {
        let shards = stream.shards(now);
        for shard in &shards {
            let parents_read =
                shard.parents.iter().all(|parent| self.places.get(parent) == Some(&None));
            let place = self.places.get(&shard.id).copied().unwrap_or(Some(0));
            let Some(from) = place.filter(|_| parents_read) else { continue };
            let limits = ReadLimits { records: most, bytes: usize::MAX };
            let page = stream.read(now, shard.id, from, limits).unwrap();
            for record in &page.records {
                let data = String::from_utf8(record.data().to_vec()).unwrap();
                self.seen.push((record.partition_key().to_owned(), data));
            }
            self.places.insert(shard.id, page.next);
        }
    }
}

fn apply(stream: &DataStream, now: DateTime<Utc>, step: &Step, put: &mut Vec<(String, String)>) {
    let shards = stream.shards(now);
    let open: Vec<_> = shards.iter().filter(|shard| shard.closed.is_none()).collect();
    match step {
        Step::Put(keys) => {
            let records: Vec<_> = keys
                .iter()
                .map(|key| {
                    put.push((key.to_string(), put.len().to_string()));
                    NewRecord::new(&key.to_string(), (put.len() - 1).to_string().as_bytes())
                })
                .collect();
            assert!(stream.put(now, &records).iter().all(Result::is_ok));
        }
        Step::Split(shard, at) => {
            let shard = open[shard % open.len()];
            let width = shard.hash_keys.end.0 - shard.hash_keys.start.0;
            if width > 0 {
                let at = HashKey(shard.hash_keys.start.0 + 1 + at % width);
                stream.split(now, shard.id, at).unwrap();
            }
        }
        Step::Merge(shard) => {
            let shard = open[shard % open.len()];
            let next = open.iter().find(|next| shard.hash_keys.is_followed_by(&next.hash_keys));
            if let Some(next) = next {
                stream.merge(now, next.id, shard.id).unwrap();
            }
        }
        Step::Scale(count) => {
            stream.scale_to(now, *count).unwrap();
            assert_eq!(stream.open_shards(), *count as usize);
            let shards = stream.shards(now);
            let mut open: Vec<_> = shards
                .iter()
                .filter(|shard| shard.closed.is_none())
                .map(|shard| shard.hash_keys)
                .collect();
            open.sort();
            assert_eq!(open, HashKeyRange::even(*count));
        }
        Step::Read(..) | Step::Wait(_) => {}
    }
}

proptest! {
    /// Each record is read exactly once by each reader, and in order within its partition key.
    #[test]
    fn every_reader_gets_every_record_once_and_in_order(
        shards in 1_u32..6,
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let stream = DataStream::create(UNLIMITED, shards, start());
        let (mut now, mut put) = (start(), Vec::new());
        let mut readers = [Reader::default(), Reader::default(), Reader::default()];
        for step in &steps {
            match step {
                Step::Read(reader, most) => readers[*reader].read(&stream, now, *most),
                Step::Wait(milliseconds) => now += TimeDelta::milliseconds(i64::from(*milliseconds)),
                step => apply(&stream, now, step, &mut put),
            }
            // Numbers rise from parents to children.
            let shards = stream.shards(now);
            for shard in &shards {
                for parent in shards.iter().filter(|parent| shard.parents.contains(&parent.id)) {
                    prop_assert!(parent.ending_sequence_number < Some(shard.starting_sequence_number));
                }
            }
        }
        let by_key = |records: &[(String, String)]| {
            let mut by_key: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for (key, data) in records {
                by_key.entry(key.clone()).or_default().push(data.clone());
            }
            by_key
        };
        for mut reader in readers {
            // A step down the family tree each: no line is longer than there are shards.
            for _ in 0..=stream.shards(now).len() {
                reader.read(&stream, now, usize::MAX);
            }
            prop_assert_eq!(by_key(&reader.seen), by_key(&put));
        }
    }
}
