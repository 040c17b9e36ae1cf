//! Sequence numbers, in the form that AWS's have: 56 decimal digits that begin with 49.
//!
//! In hexadecimal: `2`, nine digits for the second in which the shard was made, one for the end of
//! its index, sixteen for the record's position, `00`, nine for the second of the put, eight for
//! the shard's index, `2`. As the kinesalite project decoded them; AWS documents only that they
//! rise within a shard.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// The number of a record, or the beginning or end of a shard. They compare as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SequenceNumber {
    high: u64,
    low: u128,
}

/// The text is not a decimal number of at most 129 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sequence number is a decimal number of at most 129 digits, without leading zeros")]
pub struct ParseSequenceNumberError;

/// What a sequence number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parts {
    /// Second in which the shard was made, since 1970.
    pub(crate) shard_made: u64,
    pub(crate) shard: u32,
    /// Place within the shard, from 1; 0 stands for its beginning.
    pub(crate) position: u64,
    /// Second of the put, since 1970.
    pub(crate) written: u64,
}

/// Seconds have nine hexadecimal digits.
const SECONDS: u64 = (1 << 36) - 1;
const TEN_TO_19: u64 = 10_000_000_000_000_000_000;
/// The longest text that the service's model lets through.
const MOST_DIGITS: usize = 129;

impl SequenceNumber {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { shard_made, shard, position, written } = parts;
        let low = 2
            | u128::from(shard) << 4
            | u128::from(written & SECONDS) << 36
            | u128::from(position) << 80;
        let high =
            position >> 48 | u64::from(shard & 15) << 16 | (shard_made & SECONDS) << 20 | 2 << 56;
        Self { high, low }
    }

    /// What the number says, if it has the form of ours.
    pub(crate) fn parts(self) -> Option<Parts> {
        // The casts keep the bits that are wanted.
        #[expect(clippy::cast_possible_truncation, reason = "see above")]
        let parts = Parts {
            shard_made: self.high >> 20 & SECONDS,
            shard: (self.low >> 4) as u32,
            position: (self.high & 0xffff) << 48 | (self.low >> 80) as u64,
            written: (self.low >> 36) as u64 & SECONDS,
        };
        (Self::new(parts) == self).then_some(parts)
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[expect(clippy::cast_possible_truncation, reason = "the number's limbs")]
        let mut limbs = [self.high, (self.low >> 64) as u64, self.low as u64];
        // 192 bits have at most 58 digits.
        let mut text = [b'0'; 4 * 19];
        let mut end = text.len();
        while limbs != [0; 3] {
            let mut digits = divide(&mut limbs, TEN_TO_19);
            for digit in text.get_mut(end - 19..end).into_iter().flatten().rev() {
                *digit = b'0' + u8::try_from(digits % 10).unwrap_or(0);
                digits /= 10;
            }
            end -= 19;
        }
        let from = text.iter().position(|digit| *digit != b'0').unwrap_or(text.len() - 1);
        f.pad(std::str::from_utf8(text.get(from..).unwrap_or(b"0")).unwrap_or("0"))
    }
}

/// Divides in place; answers with the remainder.
fn divide(limbs: &mut [u64; 3], by: u64) -> u64 {
    let mut rest: u64 = 0;
    for limb in limbs {
        let value = u128::from(rest) << 64 | u128::from(*limb);
        // A quotient by more than the rest, and a rest by a limb, fit into a limb.
        #[expect(clippy::cast_possible_truncation, reason = "see above")]
        {
            *limb = (value / u128::from(by)) as u64;
            rest = (value % u128::from(by)) as u64;
        }
    }
    rest
}

impl FromStr for SequenceNumber {
    type Err = ParseSequenceNumberError;

    /// A number that is larger than any of ours becomes the largest.
    fn from_str(text: &str) -> Result<Self, ParseSequenceNumberError> {
        let wrong = text.is_empty()
            || text.len() > MOST_DIGITS
            || (text.len() > 1 && text.starts_with('0'))
            || !text.bytes().all(|b| b.is_ascii_digit());
        if wrong {
            return Err(ParseSequenceNumberError);
        }
        let mut limbs = [0_u64; 3];
        for digit in text.bytes() {
            let mut carry = u128::from(digit - b'0');
            for limb in limbs.iter_mut().rev() {
                let value = u128::from(*limb) * 10 + carry;
                #[expect(clippy::cast_possible_truncation, reason = "the rest is the carry")]
                let kept = value as u64;
                *limb = kept;
                carry = value >> 64;
            }
            if carry > 0 {
                return Ok(Self { high: u64::MAX, low: u128::MAX });
            }
        }
        let [high, middle, low] = limbs;
        Ok(Self { high, low: u128::from(middle) << 64 | u128::from(low) })
    }
}

impl Serialize for SequenceNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SequenceNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_look_like_those_of_aws() {
        let parts =
            Parts { shard_made: 1_641_621_600, shard: 0, position: 1, written: 1_641_621_660 };
        let number = SequenceNumber::new(parts).to_string();
        assert!(number.len() == 56 && number.starts_with("49"), "{number}");
        // From AWS's documentation of PutRecord's answer: it is put together by the same rule.
        let aws = "49590338271490256608559692538361571095921575989136588898";
        let read: SequenceNumber = aws.parse().unwrap();
        assert_eq!(read.to_string(), aws);
        let parts = read.parts().unwrap();
        assert_eq!((parts.shard, parts.shard_made), (6, 1_542_776_258));
    }

    #[test]
    fn texts_are_decimal_numbers() {
        for (text, printed) in [
            ("0", Some("0")),
            ("10", Some("10")),
            (
                "340282366920938463463374607431768211456",
                Some("340282366920938463463374607431768211456"),
            ),
            ("", None),
            ("00", None),
            ("-1", None),
            ("1x", None),
        ] {
            let found = text.parse::<SequenceNumber>().map(|number| number.to_string()).ok();
            assert_eq!(found.as_deref(), printed, "{text}");
        }
        let huge: SequenceNumber = "9".repeat(129).parse().unwrap();
        assert!(
            huge > SequenceNumber::new(Parts {
                shard_made: SECONDS,
                shard: 1,
                position: u64::MAX,
                written: 0
            })
        );
        assert!("9".repeat(130).parse::<SequenceNumber>().is_err());
    }

    proptest! {
        #[test]
        fn numbers_are_read_back_and_rise_with_the_position(
            (shard_made, shard) in (0..=SECONDS, any::<u32>()),
            (position, written) in (0..u64::MAX, 0..=SECONDS),
            later in 0..=SECONDS,
        ) {
            let parts = Parts { shard_made, shard, position, written };
            let number = SequenceNumber::new(parts);
            prop_assert_eq!(number.parts(), Some(parts));
            prop_assert_eq!(number.to_string().parse(), Ok(number));
            let next = Parts { position: position + 1, written: later, ..parts };
            prop_assert!(SequenceNumber::new(next) > number);
        }
    }
}
