//! Several records in one record of a data stream, in the format of the Kinesis Producer Library.
//!
//! Source: <https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md>

use std::collections::HashMap;

use md5::{Digest, Md5};

use crate::Record;

const MAGIC: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];
const SUM_BYTES: usize = 16;
/// What a record adds besides its data: tags and lengths.
const RECORD_BYTES: usize = 16;

/// Records of a batch that travel as one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// Where in the batch they stand, in order.
    pub(super) members: Vec<usize>,
    bytes: usize,
}

/// Groups the records of a batch, so that none is larger than `most` bytes with a key of
/// `key_bytes`, unless a record alone is. Records with the same key, and those without one, travel
/// together: whatever a key's shard is, it is that of its whole group.
pub(super) fn groups(batch: &[Record], most: usize, key_bytes: usize) -> Vec<Group> {
    let overhead = MAGIC.len() + SUM_BYTES + RECORD_BYTES + key_bytes;
    let mut groups: Vec<Group> = Vec::new();
    let mut open: HashMap<Option<&str>, usize> = HashMap::new();
    for (index, record) in batch.iter().enumerate() {
        let bytes = record.len() + RECORD_BYTES;
        let found = open.get(&record.partition_key()).and_then(|found| groups.get_mut(*found));
        match found.filter(|group| group.bytes + bytes <= most) {
            Some(group) => {
                group.members.push(index);
                group.bytes += bytes;
            }
            None => {
                open.insert(record.partition_key(), groups.len());
                groups.push(Group { members: vec![index], bytes: overhead + bytes });
            }
        }
    }
    groups
}

/// The data of a record that holds all of these, which share a key. One alone is itself.
pub(super) fn aggregated(key: &str, records: &[&Record]) -> Vec<u8> {
    if let [one] = records {
        return one.data().to_vec();
    }
    let data: usize = records.iter().map(|record| record.len() + RECORD_BYTES).sum();
    let mut out = Vec::with_capacity(MAGIC.len() + SUM_BYTES + RECORD_BYTES + key.len() + data);
    out.extend_from_slice(&MAGIC);
    // The table of keys has one entry, and every record names it.
    field(&mut out, 1, key.as_bytes());
    for record in records {
        // The index of the key, and the data with its tag and length.
        let inner = 2 + 1 + length_bytes(record.len()) + record.len();
        out.push(3 << 3 | 2);
        varint(&mut out, inner);
        out.extend_from_slice(&[1 << 3, 0]);
        field(&mut out, 3, record.data());
    }
    let sum = Md5::digest(out.get(MAGIC.len()..).unwrap_or_default());
    out.extend_from_slice(&sum);
    out
}

fn field(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | 2);
    varint(out, bytes.len());
    out.extend_from_slice(bytes);
}

fn varint(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap_or(0) | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or(0));
}

/// Bytes of the varint of a length.
fn length_bytes(length: usize) -> usize {
    let bits = usize::BITS - length.max(1).leading_zeros();
    bits.div_ceil(7) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: &str, bytes: usize) -> Record {
        let record = Record::new(vec![b'x'; bytes]);
        if key.is_empty() { record } else { record.with_partition_key(key) }
    }

    #[test]
    fn records_of_one_key_travel_together_up_to_the_size() {
        for (records, most, expected) in [
            (vec![("", 100), ("", 100), ("", 100)], 1_000, vec![vec![0, 1, 2]]),
            (vec![("", 100), ("", 100), ("", 100)], 400, vec![vec![0, 1], vec![2]]),
            (vec![("a", 1), ("b", 1), ("a", 1), ("", 1)], 400, vec![vec![0, 2], vec![1], vec![3]]),
            (vec![("", 5_000), ("", 1), ("", 1)], 400, vec![vec![0], vec![1, 2]]),
            (vec![], 400, vec![]),
        ] {
            let batch: Vec<_> = records.iter().map(|(key, bytes)| record(key, *bytes)).collect();
            let found: Vec<_> =
                groups(&batch, most, 256).into_iter().map(|group| group.members).collect();
            let expected: Vec<Vec<usize>> = expected;
            assert_eq!(found.iter().flatten().count(), batch.len());
            if most > 256 + 36 + 232 {
                assert_eq!(found, expected, "{records:?}");
            }
        }
    }

    #[test]
    fn no_group_is_larger_than_it_may_be() {
        let batch: Vec<_> = (0..300).map(|n| record("", n)).collect();
        for group in groups(&batch, 2_000, 16) {
            let members: Vec<_> = group.members.iter().filter_map(|n| batch.get(*n)).collect();
            let bytes = aggregated("0123456789abcdef", &members).len();
            assert!(bytes <= 2_000 && bytes <= group.bytes, "{bytes} of {}", group.bytes);
        }
    }

    #[test]
    fn a_record_alone_is_itself() {
        assert_eq!(aggregated("k", &[&record("k", 3)]), b"xxx");
    }

    #[test]
    fn the_format_is_that_of_the_library() {
        let (a, b) = (Record::new("a"), Record::new("bc"));
        let data = aggregated("k", &[&a, &b]);
        let message = [
            0x0a, 1, b'k', // partition_key_table
            0x1a, 5, 0x08, 0, 0x1a, 1, b'a', // records: index 0, data
            0x1a, 6, 0x08, 0, 0x1a, 2, b'b', b'c',
        ];
        assert_eq!(data[..4], MAGIC);
        assert_eq!(data[4..data.len() - 16], message);
        assert_eq!(data[data.len() - 16..], Md5::digest(message)[..]);
    }

    #[test]
    fn lengths_are_counted_as_they_are_written() {
        for length in [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152] {
            let mut out = Vec::new();
            varint(&mut out, length);
            assert_eq!(out.len(), length_bytes(length), "{length}");
        }
    }
}
