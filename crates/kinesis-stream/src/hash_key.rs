//! Hash keys: where in the space of 2^128 a partition key lies, and which part of it a shard has.

use std::{fmt, str::FromStr};

use md5::{Digest, Md5};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A place between 0 and 2^128 - 1; printed and read as a decimal number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HashKey(pub u128);

/// The text is not a decimal number between 0 and 2^128 - 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a hash key is a decimal number between 0 and 2^128 - 1, without leading zeros")]
pub struct ParseHashKeyError;

impl HashKey {
    /// The last one.
    pub const MAX: Self = Self(u128::MAX);

    /// MD5 of the key's UTF-8 text, read as a big-endian number.
    ///
    /// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html>
    #[must_use]
    pub fn of(partition_key: &str) -> Self {
        Self(u128::from_be_bytes(Md5::digest(partition_key).into()))
    }
}

impl fmt::Display for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for HashKey {
    type Err = ParseHashKeyError;

    fn from_str(text: &str) -> Result<Self, ParseHashKeyError> {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        if !digits || (text.len() > 1 && text.starts_with('0')) {
            return Err(ParseHashKeyError);
        }
        text.parse().map(Self).map_err(|_| ParseHashKeyError)
    }
}

impl Serialize for HashKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HashKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// The hash keys of one shard; both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HashKeyRange {
    /// The first hash key.
    pub start: HashKey,
    /// The last hash key.
    pub end: HashKey,
}

impl HashKeyRange {
    /// The whole space in `count` parts: part i begins at i * floor(2^128 / count). No parts for a
    /// count of 0.
    #[must_use]
    pub fn even(count: u32) -> Vec<Self> {
        let parts = u128::from(count);
        let width = match count {
            0 => return Vec::new(),
            1 => return vec![Self { start: HashKey(0), end: HashKey::MAX }],
            // 2^128 itself does not fit into the type.
            count if count.is_power_of_two() => u128::MAX / parts + 1,
            _ => u128::MAX / parts,
        };
        (0..parts)
            .map(|part| Self {
                start: HashKey(part * width),
                end: if part + 1 == parts { HashKey::MAX } else { HashKey((part + 1) * width - 1) },
            })
            .collect()
    }

    /// Whether the key is in the range.
    #[must_use]
    pub fn contains(&self, key: HashKey) -> bool {
        (self.start..=self.end).contains(&key)
    }

    /// Whether `next` begins where this range ends.
    #[must_use]
    pub fn is_followed_by(&self, next: &Self) -> bool {
        self.end.0.checked_add(1) == Some(next.start.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partition_keys_hash_as_aws_says() {
        // `printf a | md5sum` and `printf partitionKey | md5sum`.
        for (key, md5) in [
            ("a", 0x0cc1_75b9_c0f1_b6a8_31c3_99e2_6977_2661),
            ("", 0xd41d_8cd9_8f00_b204_e980_0998_ecf8_427e),
        ] {
            assert_eq!(HashKey::of(key), HashKey(md5));
        }
    }

    #[test]
    fn even_parts_cover_the_space_without_a_gap() {
        for count in [1, 2, 3, 4, 5, 7, 8, 100, 1_000, 20_000] {
            let parts = HashKeyRange::even(count);
            assert_eq!(parts.len(), count as usize);
            assert_eq!((parts[0].start, parts[parts.len() - 1].end), (HashKey(0), HashKey::MAX));
            assert!(parts.windows(2).all(|pair| pair[0].is_followed_by(&pair[1])), "{count}");
        }
        let thirds = HashKeyRange::even(3);
        assert_eq!(thirds[1].start.to_string(), "113427455640312821154458202477256070485");
        let halves = HashKeyRange::even(2);
        assert_eq!(halves[1].start.to_string(), "170141183460469231731687303715884105728");
        assert_eq!(HashKeyRange::even(0), []);
    }

    #[test]
    fn texts_are_decimal_numbers_in_range() {
        for (text, value) in [
            ("0", Some(0)),
            ("340282366920938463463374607431768211455", Some(u128::MAX)),
            ("340282366920938463463374607431768211456", None),
            ("01", None),
            ("+1", None),
            ("-1", None),
            ("", None),
            ("1e3", None),
        ] {
            assert_eq!(text.parse().ok(), value.map(HashKey), "{text}");
        }
    }
}
