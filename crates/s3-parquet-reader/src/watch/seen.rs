//! Which objects have been dealt with: pure, and small enough to be written often.
//!
//! An object is known by its key and its version. Objects of old hours are forgotten, but not
//! what they prove: an object in a forgotten hour is new only when it was written after all that
//! was forgotten.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::layout;
use crate::list::ObjectInfo;
use crate::watch::Arrival;

/// The layout of the written state.
const FORMAT: u32 = 1;

/// What a checkpoint holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    format: u32,
    /// What is watched, so that the state of one prefix is not taken for another's.
    prefix: String,
    /// The last hour and the last time of writing among the forgotten, if any are.
    forgotten: Option<Forgotten>,
    objects: BTreeMap<String, Version>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Forgotten {
    /// As `Version`'s times.
    hour: Option<i64>,
    modified: i64,
}

/// What tells one content of a key from another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Version {
    /// Unix time in microseconds.
    modified: i64,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    e_tag: Option<String>,
}

impl Version {
    fn of(object: &ObjectInfo) -> Self {
        let ObjectInfo { size, last_modified, e_tag, .. } = object;
        Self { modified: last_modified.timestamp_micros(), size: *size, e_tag: e_tag.clone() }
    }

    /// The same bytes put again are the same version, where the store's ETags say so.
    fn is_of(&self, object: &ObjectInfo) -> bool {
        match (&self.e_tag, &object.e_tag) {
            (Some(mine), Some(other)) => mine == other && self.size == object.size,
            _ => *self == Self::of(object),
        }
    }
}

/// True when two listings saw the same content of a key.
pub(crate) fn same_version(one: &ObjectInfo, other: &ObjectInfo) -> bool {
    Version::of(one).is_of(other)
}

fn hour_micros(key: &str) -> Option<i64> {
    layout::hour_of(key).map(|hour| hour.timestamp_micros())
}

impl Seen {
    pub(crate) fn new(prefix: &str) -> Self {
        let (prefix, objects) = (prefix.to_owned(), BTreeMap::new());
        Self { format: FORMAT, prefix, forgotten: None, objects }
    }

    /// Reads what [`encode`](Self::encode) wrote for the same prefix; the error is a clause.
    pub(crate) fn decode(state: &[u8], prefix: &str) -> Result<Self, String> {
        let seen: Self = serde_json::from_slice(state)
            .map_err(|error| format!("it is no checkpoint of this version: {error}"))?;
        if seen.format != FORMAT {
            return Err(format!("its format is {}, this version reads {FORMAT}", seen.format));
        }
        if seen.prefix != prefix {
            return Err(format!("it belongs to the prefix `{}`, not `{prefix}`", seen.prefix));
        }
        Ok(seen)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        // A map with string keys, numbers and strings: there is nothing that could fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// What the object is to one who has dealt with all acknowledged ones; `None` when it is
    /// nothing new.
    pub(crate) fn arrival(&self, object: &ObjectInfo) -> Option<Arrival> {
        if let Some(known) = self.objects.get(&object.key) {
            return (!known.is_of(object)).then_some(Arrival::Replaced);
        }
        let known = self.forgotten.is_some_and(|forgotten| {
            let hour = object.hour.map(|hour| hour.timestamp_micros());
            let old_hour = hour.is_none() || hour <= forgotten.hour;
            old_hour && object.last_modified.timestamp_micros() <= forgotten.modified
        });
        (!known).then_some(Arrival::New)
    }

    /// Notes a version as dealt with, unless a later one already is.
    pub(crate) fn acknowledge(&mut self, object: &ObjectInfo) {
        let version = Version::of(object);
        let later = |known: &Version| known.modified > version.modified;
        if !self.objects.get(&object.key).is_some_and(later) {
            self.objects.insert(object.key.clone(), version);
        }
    }

    /// Forgets what was written, and stands in an hour, more than `look_back` before the newest.
    /// Nothing that is older than an object which is still to be dealt with is forgotten, so that
    /// this object stays new; `unsettled` are those.
    pub(crate) fn forget<'a>(
        &mut self,
        look_back: Duration,
        unsettled: impl Iterator<Item = &'a ObjectInfo>,
    ) {
        let Ok(look_back) = i64::try_from(look_back.as_micros()) else { return };
        let newest = self.objects.values().map(|version| version.modified).max();
        let newest_hour = self.objects.keys().filter_map(|key| hour_micros(key)).max();
        let before = |time: Option<i64>| time?.checked_sub(look_back);
        let (Some(mut modified_before), mut hour_before) = (before(newest), before(newest_hour))
        else {
            return;
        };
        for object in unsettled {
            modified_before = modified_before.min(object.last_modified.timestamp_micros());
            let own = object.hour.map(|hour| hour.timestamp_micros());
            hour_before = hour_before.map(|hour| own.map_or(hour, |own| hour.min(own)));
        }
        let mut forgotten = self.forgotten;
        self.objects.retain(|key, version| {
            let hour = hour_micros(key);
            let old_hour = match (hour, hour_before) {
                (Some(hour), Some(before)) => hour < before,
                (Some(_), None) => false,
                (None, _) => true,
            };
            if !old_hour || version.modified >= modified_before {
                return true;
            }
            let entry = forgotten.get_or_insert(Forgotten { hour, modified: version.modified });
            entry.hour = entry.hour.max(hour);
            entry.modified = entry.modified.max(version.modified);
            false
        });
        self.forgotten = forgotten;
    }

    /// The hour from which on a listing finds everything but stragglers in forgotten hours: that
    /// of the oldest object that is remembered.
    pub(crate) fn first_hour(&self) -> Option<DateTime<Utc>> {
        self.objects.keys().filter_map(|key| layout::hour_of(key)).min()
    }

    /// Number of objects that are remembered.
    pub(crate) fn len(&self) -> usize {
        self.objects.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn object(hour: &str, name: &str, modified: &str, e_tag: &str) -> ObjectInfo {
        let key = format!("ratings2022/{hour}/{name}.parquet");
        let hour = layout::hour_of(&key);
        let e_tag = Some(e_tag.to_owned());
        ObjectInfo { key, size: 1, last_modified: at(modified), e_tag, hour }
    }

    #[test]
    fn a_version_is_new_once() {
        let mut seen = Seen::new("ratings");
        let first = object("01/08/06", "a", "2022-01-08T06:01:00Z", "1");
        assert_eq!(seen.arrival(&first), Some(Arrival::New));
        seen.acknowledge(&first);
        assert_eq!(seen.arrival(&first), None);
        let same = object("01/08/06", "a", "2022-01-08T06:09:00Z", "1");
        assert_eq!(seen.arrival(&same), None, "the same bytes put again");
        let other = object("01/08/06", "a", "2022-01-08T06:09:00Z", "2");
        assert_eq!(seen.arrival(&other), Some(Arrival::Replaced));
        let again = Seen::decode(&seen.encode(), "ratings").unwrap();
        assert_eq!(again, seen);
    }

    #[test]
    fn what_is_forgotten_stays_known_and_stragglers_stay_new() {
        let mut seen = Seen::new("ratings");
        for day in 1..=9 {
            let (hour, modified) = (format!("01/0{day}/06"), format!("2022-01-0{day}T06:01:00Z"));
            seen.acknowledge(&object(&hour, "a", &modified, "1"));
        }
        seen.forget(2 * DAY, std::iter::empty());
        assert_eq!((seen.len(), seen.first_hour()), (3, Some(at("2022-01-07T06:00:00Z"))));
        let old = object("01/03/06", "a", "2022-01-03T06:01:00Z", "1");
        assert_eq!(seen.arrival(&old), None);
        let late = object("01/03/06", "late", "2022-01-09T07:00:00Z", "1");
        assert_eq!(seen.arrival(&late), Some(Arrival::New), "an old hour, but written today");
        seen.acknowledge(&late);
        seen.forget(2 * DAY, std::iter::empty());
        assert_eq!(seen.arrival(&late), None);
        let later = object("01/03/06", "later", "2022-01-09T06:59:00Z", "1");
        assert_eq!(seen.arrival(&later), Some(Arrival::New), "written before the other came");
    }

    #[test]
    fn nothing_is_forgotten_past_what_is_still_to_be_done() {
        let mut seen = Seen::new("ratings");
        let open = object("01/02/06", "open", "2022-01-02T06:01:00Z", "1");
        for day in 1..=9 {
            let (hour, modified) = (format!("01/0{day}/06"), format!("2022-01-0{day}T06:01:00Z"));
            seen.acknowledge(&object(&hour, "a", &modified, "1"));
        }
        seen.forget(2 * DAY, std::iter::once(&open));
        assert_eq!(seen.len(), 8);
        assert_eq!(seen.arrival(&open), Some(Arrival::New));
    }

    #[test]
    fn a_foreign_state_is_refused_by_what_is_wrong() {
        let state = Seen::new("ratings").encode();
        assert!(Seen::decode(&state, "other").unwrap_err().contains("prefix `ratings`"));
        assert!(Seen::decode(b"{}", "ratings").unwrap_err().contains("no checkpoint"));
        let newer = String::from_utf8(state).unwrap().replace("\"format\":1", "\"format\":2");
        assert!(Seen::decode(newer.as_bytes(), "ratings").unwrap_err().contains("format is 2"));
    }
}
