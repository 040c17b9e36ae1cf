//! Prefixes of keys: text, expressions `!{namespace:value}`, and the rules about them.
//!
//! Source: <https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html>

mod expression;
mod rules;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

pub(crate) use self::{
    expression::{Expression, KeySource},
    rules::{Partitions, check, evaluated_problem},
};

/// Characters of a `random-string`.
const RANDOM_CHARACTERS: usize = 11;

/// A prefix, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prefix {
    pieces: Vec<Expression>,
}

/// What an evaluation takes its values from. One instant serves all expressions of a key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) arrival: DateTime<Utc>,
    pub(crate) zone: Tz,
    /// The object's id. Random strings come from it, so that a repeated put has the same key.
    pub(crate) id: Uuid,
    /// What is evaluated is the prefix of this kind of error; nothing for a prefix of data.
    pub(crate) error_type: Option<&'a str>,
    /// Values of partition keys.
    pub(crate) partition: Option<&'a crate::PartitionKeys>,
}

impl Prefix {
    /// Reads a prefix.
    ///
    /// # Errors
    ///
    /// What is wrong with an expression, in a sentence that follows the prefix's name.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        expression::pieces(text).map(|pieces| Self { pieces })
    }

    /// Whether there is any expression in it.
    pub(crate) fn has_expressions(&self) -> bool {
        self.pieces.iter().any(|piece| !matches!(piece, Expression::Text(_)))
    }

    /// The partition keys that it names.
    pub(crate) fn partition_keys(&self) -> impl Iterator<Item = (KeySource, &str)> {
        self.pieces.iter().filter_map(|piece| match piece {
            Expression::PartitionKey(source, key) => Some((*source, key.as_str())),
            _ => None,
        })
    }

    /// The text of the prefix for one object.
    pub(crate) fn evaluate(&self, facts: Facts<'_>) -> String {
        let mut out = String::new();
        for (place, piece) in self.pieces.iter().enumerate() {
            match piece {
                Expression::Text(text) => out.push_str(text),
                Expression::Timestamp(pattern) => {
                    pattern.print(facts.arrival, facts.zone, &mut out);
                }
                Expression::RandomString => out.extend(random_characters(facts.id, place)),
                Expression::ErrorOutputType => out.push_str(facts.error_type.unwrap_or_default()),
                Expression::PartitionKey(source, key) => {
                    let value = facts.partition.and_then(|keys| keys.get(*source, key));
                    out.push_str(value.unwrap_or_default());
                }
            }
        }
        out
    }
}

/// Letters and digits that belong to the object and the place in its prefix.
fn random_characters(id: Uuid, place: usize) -> impl Iterator<Item = char> {
    const CHARACTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let (high, low) = id.as_u64_pair();
    // SplitMix64, begun anew for each place.
    let mut state = high ^ low.rotate_left(17) ^ (place as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let index = usize::try_from((z ^ (z >> 31)) % 62).unwrap_or_default();
        char::from(CHARACTERS[index])
    })
    .take(RANDOM_CHARACTERS)
}

#[cfg(test)]
mod tests;
