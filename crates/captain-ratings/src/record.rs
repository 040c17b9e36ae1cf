//! The record: one person's rating of one captain at one moment.
//!
//! How it looks as JSON is in `json.rs`, how believable ones are made in `generator.rs`.

use serde::{Deserialize, Serialize};

use crate::captains::OUTLIER_CAPTAIN;
use crate::json::{self, JsonStyle, Values};

#[cfg(test)]
mod tests;

/// One rating, with the fields and wire names of the tutorial's records.
///
/// Serialises through serde with the keys `user`, `favoritecaptain`, `rating`, `timestamp` in this
/// order; unknown keys are ignored when it is read. To get the timestamp back to the last bit,
/// `serde_json` must be built with its feature `float_roundtrip`: without it about one epoch time
/// in five is read one unit in the last place off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaptainRating {
    /// The user's full name.
    pub user: String,
    /// The captain's name; `favoritecaptain` in JSON and in tables.
    #[serde(rename = "favoritecaptain")]
    pub favorite_captain: String,
    /// The rating: 1 to 1000, or 7000 to 9000 for an outlier. 32 bits wide, like Glue's `int`.
    pub rating: i32,
    /// When it was given, in seconds since 1970-01-01T00:00:00Z.
    pub timestamp: f64,
}

impl CaptainRating {
    /// Whether this is one of the planted outliers: a rating of
    /// [`OUTLIER_CAPTAIN`](crate::OUTLIER_CAPTAIN). For generated records this says the same
    /// as a rating of 7000 or more.
    #[must_use]
    pub fn is_outlier(&self) -> bool {
        self.favorite_captain == OUTLIER_CAPTAIN
    }

    /// The record as compact JSON, the same text that `serde_json::to_string` gives.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.to_styled_json(JsonStyle::Compact)
    }

    /// The record as Python's `json.dumps` prints it, byte for byte: what the tutorial's producer
    /// sends.
    #[must_use]
    pub fn to_python_json(&self) -> String {
        self.to_styled_json(JsonStyle::Python)
    }

    /// Appends the record as JSON to a buffer. Nothing is put before or after it.
    pub fn write_json(&self, style: JsonStyle, out: &mut Vec<u8>) {
        json::write_record(style, &self.values(&[&self.user]), out);
    }

    fn to_styled_json(&self, style: JsonStyle) -> String {
        // Room for the longest usual record, so that the text is allocated once.
        let mut text = String::with_capacity(self.user.len() + self.favorite_captain.len() + 96);
        json::write_record(style, &self.values(&[&self.user]), &mut text);
        text
    }

    fn values<'a>(&'a self, user: &'a [&'a str]) -> Values<'a> {
        Values {
            user,
            captain: &self.favorite_captain,
            rating: self.rating,
            timestamp: self.timestamp,
        }
    }
}
