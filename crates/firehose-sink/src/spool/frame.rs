//! One record in a segment: its sizes, a checksum, its partition key, its data. Pure.
//!
//! ```text
//! data length, u32 │ key length + 1 or 0, u16 │ CRC-32 of all the rest, u32 │ key │ data
//! ```
//!
//! Numbers are little-endian.

use std::sync::Arc;

use bytes::Bytes;

use crate::Record;

const HEADER_BYTES: usize = 10;

/// Adds a record to `to`.
///
/// # Panics
///
/// Never for records that a sink takes: 4 GiB of data and 65,534 bytes of key are the limit, and
/// the caller checks it.
pub(super) fn write(record: &Record, to: &mut Vec<u8>) {
    let length = u32::try_from(record.len()).unwrap_or(u32::MAX);
    let key = record.partition_key();
    let key_length = key.map_or(0, |key| u16::try_from(key.len() + 1).unwrap_or(u16::MAX));
    let key = key.unwrap_or_default().as_bytes();
    to.extend_from_slice(&length.to_le_bytes());
    to.extend_from_slice(&key_length.to_le_bytes());
    to.extend_from_slice(&checksum(length, key_length, key, record.data()).to_le_bytes());
    to.extend_from_slice(key);
    to.extend_from_slice(record.data());
}

/// Whether a record is small enough for its frame.
pub(super) fn fits(record: &Record) -> bool {
    let key = record.partition_key().map_or(0, str::len);
    u32::try_from(record.len()).is_ok() && key < usize::from(u16::MAX) - 1
}

/// The record at the start of `from`, and the bytes it takes; nothing when it is not whole.
pub(super) fn read(from: &Bytes) -> Option<(Record, usize)> {
    let header: &[u8; HEADER_BYTES] = from.first_chunk()?;
    let [l0, l1, l2, l3, k0, k1, c0, c1, c2, c3] = *header;
    let length = u32::from_le_bytes([l0, l1, l2, l3]);
    let key_length = u16::from_le_bytes([k0, k1]);
    let key_end = HEADER_BYTES + usize::from(key_length.saturating_sub(1));
    let end = key_end.checked_add(usize::try_from(length).ok()?)?;
    let (key, data) = (from.get(HEADER_BYTES..key_end)?, from.get(key_end..end)?);
    if checksum(length, key_length, key, data) != u32::from_le_bytes([c0, c1, c2, c3]) {
        return None;
    }
    let record = Record::new(from.slice(key_end..end));
    let record = match key_length {
        0 => record,
        _ => record.with_partition_key(Arc::<str>::from(std::str::from_utf8(key).ok()?)),
    };
    Some((record, end))
}

fn checksum(length: u32, key_length: u16, key: &[u8], data: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length.to_le_bytes());
    hasher.update(&key_length.to_le_bytes());
    hasher.update(key);
    hasher.update(data);
    hasher.finalize()
}
