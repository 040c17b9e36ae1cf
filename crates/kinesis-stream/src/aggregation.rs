//! Records that hold several: the format of the Kinesis Producer Library.
//!
//! Four bytes of magic, a protobuf message, and its MD5.
//!
//! Source: <https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md>

use bytes::Bytes;
use md5::{Digest, Md5};

use crate::{HashKey, NewRecord};

const MAGIC: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];
const SUM_BYTES: usize = 16;

/// One of the records that an aggregated record holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// Its own partition key.
    pub partition_key: String,
    /// Its own explicit hash key, if it has one.
    pub explicit_hash_key: Option<String>,
    /// Its data; shares the memory of the whole.
    pub data: Bytes,
}

/// The records that `data` holds, in order. None when it is not an aggregated record: no magic, a
/// wrong sum, or a message that cannot be read. Such a record stands for itself.
#[must_use]
pub fn deaggregate(data: &Bytes) -> Option<Vec<UserRecord>> {
    let message = data.strip_prefix(&MAGIC)?;
    let (message, sum) = message.split_at_checked(message.len().checked_sub(SUM_BYTES)?)?;
    if Md5::digest(message)[..] != *sum {
        return None;
    }
    Message { data, left: message }.read()
}

/// One record that holds all of `records`, for the shard of the first.
///
/// Sources: as the module's.
#[must_use]
pub fn aggregate(records: &[UserRecord]) -> Option<NewRecord> {
    let first = records.first()?;
    let mut message = Vec::new();
    // Keys stand in a table each; here every record has its own entry.
    for record in records {
        field(&mut message, 1, record.partition_key.as_bytes());
    }
    let hashes: Vec<&String> =
        records.iter().filter_map(|record| record.explicit_hash_key.as_ref()).collect();
    for hash in &hashes {
        field(&mut message, 2, hash.as_bytes());
    }
    let mut hash_index = 0;
    for (index, record) in records.iter().enumerate() {
        let mut inner = Vec::with_capacity(record.data.len() + 16);
        number(&mut inner, 1, index);
        if record.explicit_hash_key.is_some() {
            number(&mut inner, 2, hash_index);
            hash_index += 1;
        }
        field(&mut inner, 3, &record.data);
        field(&mut message, 3, &inner);
    }
    let mut data = MAGIC.to_vec();
    data.extend_from_slice(&message);
    data.extend_from_slice(&Md5::digest(&message));
    let whole = NewRecord::new(&first.partition_key, &data);
    match first.explicit_hash_key.as_ref().and_then(|hash| hash.parse::<HashKey>().ok()) {
        Some(hash) => Some(whole.with_hash_key(hash)),
        None => Some(whole),
    }
}

fn number(out: &mut Vec<u8>, field: u8, value: usize) {
    out.push(field << 3);
    varint(out, value as u64);
}

fn field(out: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    out.push(field << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap_or(0) | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or(0));
}

/// A protobuf message that is being read; `data` is what its slices are cut from.
struct Message<'a> {
    data: &'a Bytes,
    left: &'a [u8],
}

/// A field's value.
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Skipped,
}

/// A record before its keys are looked up.
#[derive(Default)]
struct Indexed<'a> {
    partition_key: Option<u64>,
    explicit_hash_key: Option<u64>,
    data: Option<&'a [u8]>,
}

impl<'a> Message<'a> {
    fn read(mut self) -> Option<Vec<UserRecord>> {
        let (mut keys, mut hashes, mut records) = (Vec::new(), Vec::new(), Vec::new());
        while !self.left.is_empty() {
            match self.field()? {
                (1, Value::Bytes(key)) => keys.push(std::str::from_utf8(key).ok()?),
                (2, Value::Bytes(hash)) => hashes.push(std::str::from_utf8(hash).ok()?),
                (3, Value::Bytes(record)) => {
                    records.push(Message { data: self.data, left: record }.record()?);
                }
                _ => {}
            }
        }
        let entry = |table: &[&str], index: u64| {
            table.get(usize::try_from(index).ok()?).map(|&text| text.to_owned())
        };
        records
            .into_iter()
            .map(|Indexed { partition_key, explicit_hash_key, data }| {
                Some(UserRecord {
                    partition_key: entry(&keys, partition_key?)?,
                    explicit_hash_key: match explicit_hash_key {
                        Some(index) => Some(entry(&hashes, index)?),
                        None => None,
                    },
                    data: self.data.slice_ref(data?),
                })
            })
            .collect()
    }

    fn record(mut self) -> Option<Indexed<'a>> {
        let mut record = Indexed::default();
        while !self.left.is_empty() {
            match self.field()? {
                (1, Value::Number(index)) => record.partition_key = Some(index),
                (2, Value::Number(index)) => record.explicit_hash_key = Some(index),
                (3, Value::Bytes(data)) => record.data = Some(data),
                _ => {}
            }
        }
        Some(record)
    }

    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            1 => self.take(8).map(|_| Value::Skipped)?,
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Skipped)?,
            _ => return None,
        };
        Some((tag >> 3, value))
    }

    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, left) = self.left.split_at_checked(bytes)?;
        self.left = left;
        Some(taken)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, left) = self.left.split_first()?;
            self.left = left;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(key: &str, hash: Option<u128>, data: &[u8]) -> UserRecord {
        UserRecord {
            partition_key: key.to_owned(),
            explicit_hash_key: hash.map(|hash| hash.to_string()),
            data: Bytes::copy_from_slice(data),
        }
    }

    fn data_of(whole: &NewRecord) -> Bytes {
        whole.payload().slice(whole.key_bytes()..)
    }

    #[test]
    fn what_is_not_aggregated_stands_for_itself() {
        let whole = data_of(&aggregate(&[record("a", None, b"1")]).unwrap());
        let mut broken = whole.to_vec();
        broken[6] ^= 1;
        for data in [&b""[..], b"{}", &MAGIC, &whole[..whole.len() - 1], &broken] {
            assert_eq!(deaggregate(&Bytes::copy_from_slice(data)), None);
        }
        assert_eq!(aggregate(&[]), None);
    }

    #[test]
    fn the_first_record_decides_the_shard() {
        let records = [record("a", Some(7), b"1"), record("b", None, b"2")];
        assert_eq!(aggregate(&records).unwrap().hash_key(), HashKey(7));
        assert_eq!(aggregate(&records[1..]).unwrap().hash_key(), HashKey::of("b"));
    }

    proptest! {
        #[test]
        fn records_come_back_as_they_went_in(
            parts in prop::collection::vec(
                ("\\PC{1,20}", prop::option::of(any::<u128>()), prop::collection::vec(any::<u8>(), 0..200)),
                1..20,
            ),
        ) {
            let records: Vec<_> =
                parts.iter().map(|(key, hash, data)| record(key, *hash, data)).collect();
            let whole = data_of(&aggregate(&records).unwrap());
            prop_assert_eq!(deaggregate(&whole), Some(records));
        }

        /// A sum that is right says nothing of the message: whatever it is, nothing breaks.
        #[test]
        fn any_message_is_read_or_left(message in prop::collection::vec(any::<u8>(), 0..100)) {
            let mut data = MAGIC.to_vec();
            data.extend_from_slice(&message);
            data.extend_from_slice(&Md5::digest(&message));
            let _ = deaggregate(&Bytes::from(data));
        }
    }
}
