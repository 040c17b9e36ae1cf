//! Which shards are to be read, and in which order their records go on: pure, no network.
//!
//! Shards are read side by side, some faster than others. Records go on in the order of their arrival
//! in the stream, as far as every shard is known: a shard that lags holds the others back, so that
//! its rows do not come too late for their windows. Children begin when their parents have ended.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// A record that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StreamRecord {
    pub(super) data: Bytes,
    /// When the stream took it, in milliseconds since 1970.
    pub(super) arrival: i64,
    sequence: String,
}

impl StreamRecord {
    pub(super) fn new(data: Bytes, arrival: i64, sequence: impl Into<String>) -> Self {
        Self { data, arrival, sequence: sequence.into() }
    }
}

/// How far a shard was read, for the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Place {
    /// Nothing yet; it begins with its oldest record.
    Oldest,
    /// Nothing yet; it begins with the first record of this time, in milliseconds since 1970.
    Since(i64),
    /// All up to this sequence number.
    After(String),
    /// To its end.
    Ended,
}

#[derive(Debug)]
pub(super) struct Shard {
    parents: Vec<String>,
    /// What has gone on.
    place: Place,
    /// What was read; the reader goes on from here.
    read: Option<String>,
    waiting: VecDeque<StreamRecord>,
    waiting_bytes: usize,
    /// Arrival of the latest record that was read.
    latest: Option<i64>,
    /// The last read came to the shard's newest record.
    is_caught_up: bool,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Its parents are not done.
    Waits,
    Reads,
    /// Read to its end.
    Ended,
}

/// The shards of a stream.
#[derive(Debug, Default)]
pub(super) struct Shards(BTreeMap<String, Shard>);

impl Shards {
    /// Notes a shard that the stream has. One that is known stays as it is.
    pub(super) fn add(&mut self, id: &str, parents: &[Option<&str>], place: Place) {
        if self.0.contains_key(id) {
            return;
        }
        let state = if place == Place::Ended { State::Ended } else { State::Waits };
        let shard = Shard {
            parents: parents.iter().flatten().map(|parent| (*parent).to_owned()).collect(),
            place,
            read: None,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            latest: None,
            is_caught_up: false,
            state,
        };
        self.0.insert(id.to_owned(), shard);
    }

    pub(super) fn knows(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// Lets shards begin whose parents are done, or gone; gives which.
    pub(super) fn begin(&mut self) -> Vec<String> {
        let done = |id: &String| {
            self.0
                .get(id)
                .is_none_or(|parent| parent.state == State::Ended && parent.waiting.is_empty())
        };
        let can = |shard: &Shard| shard.state == State::Waits && shard.parents.iter().all(done);
        let ready: Vec<String> =
            self.0.iter().filter(|(_, shard)| can(shard)).map(|(id, _)| id.clone()).collect();
        for id in &ready {
            if let Some(shard) = self.0.get_mut(id) {
                shard.state = State::Reads;
            }
        }
        ready
    }

    /// Shards to read from: those that have not too much waiting.
    pub(super) fn to_read(&self, most_bytes: usize) -> Vec<String> {
        let wants = |shard: &Shard| shard.state == State::Reads && shard.waiting_bytes < most_bytes;
        self.0.iter().filter(|(_, shard)| wants(shard)).map(|(id, _)| id.clone()).collect()
    }

    /// Where a reader of this shard goes on.
    pub(super) fn reads_from(&self, id: &str) -> Place {
        let Some(shard) = self.0.get(id) else { return Place::Oldest };
        match &shard.read {
            Some(sequence) => Place::After(sequence.clone()),
            None => shard.place.clone(),
        }
    }

    /// Takes what a read gave; `ended` says that the shard has no more.
    pub(super) fn take(
        &mut self,
        id: &str,
        records: Vec<StreamRecord>,
        is_caught_up: bool,
        ended: bool,
    ) {
        let Some(shard) = self.0.get_mut(id) else { return };
        if let Some(last) = records.last() {
            shard.read = Some(last.sequence.clone());
            // Arrivals are approximate; what matters is that they do not go back.
            shard.latest = shard.latest.max(records.iter().map(|record| record.arrival).max());
        }
        shard.waiting_bytes += records.iter().map(|record| record.data.len()).sum::<usize>();
        shard.waiting.extend(records);
        shard.is_caught_up = is_caught_up;
        if ended {
            shard.state = State::Ended;
            if shard.waiting.is_empty() {
                shard.place = Place::Ended;
            }
        }
    }

    /// The records that go on, by arrival.
    pub(super) fn release(&mut self) -> Vec<StreamRecord> {
        let bound = self.0.values().filter_map(|shard| self.holds_back(shard)).min();
        let is_due = |record: &StreamRecord| bound.is_none_or(|bound| record.arrival <= bound);
        let mut all = Vec::new();
        for (id, shard) in &mut self.0 {
            while let Some(record) = shard.waiting.pop_front_if(|record| is_due(record)) {
                shard.waiting_bytes -= record.data.len();
                shard.place = Place::After(record.sequence.clone());
                all.push((record.arrival, id.clone(), record));
            }
            if shard.state == State::Ended && shard.waiting.is_empty() {
                shard.place = Place::Ended;
            }
        }
        // Stable: records of one shard and millisecond keep their order.
        all.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        all.into_iter().map(|(_, _, record)| record).collect()
    }

    /// Records that arrived later than this may have to wait for those of the shard; none if it
    /// holds nothing back.
    fn holds_back(&self, shard: &Shard) -> Option<i64> {
        match shard.state {
            State::Ended => None,
            State::Reads if shard.is_caught_up => None,
            State::Reads => Some(shard.latest.unwrap_or(i64::MIN)),
            // What it has came after what its parents had; a parent that waits speaks for it.
            State::Waits => {
                let known = || shard.parents.iter().filter_map(|parent| self.0.get(parent));
                if known().any(|parent| parent.state == State::Waits) {
                    return None;
                }
                Some(known().filter_map(|parent| parent.latest).max().unwrap_or(i64::MIN))
            }
        }
    }

    /// Whether everything that the stream has was read.
    pub(super) fn is_caught_up(&self) -> bool {
        self.0.values().all(|shard| match shard.state {
            State::Ended => true,
            State::Reads => shard.is_caught_up,
            State::Waits => false,
        })
    }

    /// How far each shard has gone on.
    pub(super) fn places(&self) -> BTreeMap<String, Place> {
        self.0.iter().map(|(id, shard)| (id.clone(), shard.place.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(arrival: i64, sequence: u64) -> StreamRecord {
        StreamRecord::new(Bytes::from(format!("{arrival}")), arrival, sequence.to_string())
    }

    fn arrivals(records: &[StreamRecord]) -> Vec<i64> {
        records.iter().map(|record| record.arrival).collect()
    }

    #[test]
    fn a_shard_that_lags_holds_the_others_back() {
        let mut shards = Shards::default();
        shards.add("a", &[], Place::Oldest);
        shards.add("b", &[], Place::Oldest);
        assert_eq!(shards.begin(), ["a", "b"]);
        assert_eq!(shards.begin(), Vec::<String>::new());
        shards.take("a", vec![record(1, 1), record(5, 2), record(9, 3)], true, false);
        assert_eq!(arrivals(&shards.release()), Vec::<i64>::new(), "b was not read");
        shards.take("b", vec![record(2, 1), record(6, 2)], false, false);
        assert_eq!(arrivals(&shards.release()), [1, 2, 5, 6]);
        assert!(!shards.is_caught_up());
        assert_eq!(shards.places()["a"], Place::After("2".to_owned()));
        assert_eq!(shards.reads_from("a"), Place::After("3".to_owned()));
        shards.take("b", vec![], true, false);
        assert_eq!(arrivals(&shards.release()), [9]);
        assert!(shards.is_caught_up());
    }

    #[test]
    fn children_begin_when_their_parents_have_gone_on() {
        let mut shards = Shards::default();
        shards.add("a", &[], Place::Oldest);
        shards.add("b", &[], Place::Oldest);
        shards.add("merged", &[Some("a"), Some("b"), None], Place::Oldest);
        shards.add("of a shard that is gone", &[Some("long ago")], Place::After("7".to_owned()));
        assert_eq!(shards.begin(), ["a", "b", "of a shard that is gone"]);
        shards.take("of a shard that is gone", vec![record(90, 8)], false, false);
        shards.take("a", vec![record(1, 1)], false, true);
        shards.take("b", vec![record(4, 1)], false, false);
        // The merged shard has nothing before 4, and the other nothing before 90.
        assert_eq!(arrivals(&shards.release()), [1, 4]);
        assert_eq!(shards.begin(), Vec::<String>::new());
        shards.take("b", vec![], true, true);
        assert_eq!(arrivals(&shards.release()), Vec::<i64>::new());
        assert_eq!(shards.begin(), ["merged"]);
        assert_eq!(shards.places()["a"], Place::Ended);
        shards.take("merged", vec![record(50, 1), record(95, 2)], true, false);
        assert_eq!(arrivals(&shards.release()), [50, 90]);
    }

    #[test]
    fn grandchildren_do_not_hold_back_what_their_parents_wait_for() {
        let mut shards = Shards::default();
        shards.add("a", &[], Place::Oldest);
        shards.add("child", &[Some("a")], Place::Oldest);
        shards.add("grandchild", &[Some("child")], Place::Oldest);
        assert_eq!(shards.begin(), ["a"]);
        shards.take("a", vec![record(1, 1)], true, true);
        assert_eq!(arrivals(&shards.release()), [1]);
        // The child has nothing, and its end lets the next one begin.
        assert_eq!(shards.begin(), ["child"]);
        shards.take("child", vec![], true, true);
        assert_eq!(shards.begin(), ["grandchild"]);
        shards.take("grandchild", vec![record(2, 1)], true, false);
        assert_eq!(arrivals(&shards.release()), [2]);
        assert!(shards.is_caught_up());
    }

    #[test]
    fn a_checkpoint_names_what_has_gone_on_and_not_what_waits() {
        let mut shards = Shards::default();
        shards.add("a", &[], Place::After("3".to_owned()));
        shards.add("b", &[], Place::Ended);
        shards.begin();
        shards.take("a", vec![record(7, 4)], false, true);
        assert_eq!(shards.places()["a"], Place::After("3".to_owned()));
        assert_eq!(arrivals(&shards.release()), [7]);
        let text = serde_json::to_string(&shards.places()).unwrap();
        assert_eq!(text, r#"{"a":"ended","b":"ended"}"#);
        assert_eq!(
            serde_json::from_str::<BTreeMap<String, Place>>(&text).unwrap(),
            shards.places()
        );
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut shards = Shards::default();
        for id in ["a", "b"] {
            shards.add(id, &[], Place::Oldest);
        }
        shards.begin();
        shards.take("a", vec![record(1_000_000, 1)], false, false);
        assert_eq!(shards.to_read(7), ["b"]);
        assert_eq!(shards.to_read(8), ["a", "b"]);
    }
}
