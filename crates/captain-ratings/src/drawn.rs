//! A generated record before it owns anything: places in static tables, and two numbers.
//!
//! It is what the generator hands to its own writers. Whoever wants one record after another
//! without allocating takes it too; everybody else takes [`CaptainRating`].

use crate::captains::{CAPTAINS, OUTLIER_CAPTAIN};
use crate::json::{self, JsonStyle, Values};
use crate::names::{FIRST_NAMES, LAST_NAMES};
use crate::random::Picks;
use crate::record::CaptainRating;

/// A generated rating whose texts are borrowed from static tables: 40 bytes or so, copied freely.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DrawnRating {
    pub(crate) picks: Picks,
    pub(crate) timestamp: f64,
}

impl DrawnRating {
    /// The user's first name, one of [`FIRST_NAMES`].
    #[must_use]
    pub fn first_name(&self) -> &'static str {
        FIRST_NAMES.get(self.picks.first_name).copied().unwrap_or_default()
    }

    /// The user's last name, one of [`LAST_NAMES`].
    #[must_use]
    pub fn last_name(&self) -> &'static str {
        LAST_NAMES.get(self.picks.last_name).copied().unwrap_or_default()
    }

    /// The captain: one of [`CAPTAINS`], or [`OUTLIER_CAPTAIN`].
    #[must_use]
    pub fn favorite_captain(&self) -> &'static str {
        let captain = self.picks.captain.and_then(|place| CAPTAINS.get(place));
        captain.copied().unwrap_or(OUTLIER_CAPTAIN)
    }

    /// The rating: 1 to 1000, or 7000 to 9000 for an outlier.
    #[must_use]
    pub fn rating(&self) -> i32 {
        self.picks.rating
    }

    /// When it was given, in seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn timestamp(&self) -> f64 {
        self.timestamp
    }

    /// Whether this is one of the planted outliers.
    #[must_use]
    pub fn is_outlier(&self) -> bool {
        self.picks.captain.is_none()
    }

    /// Appends the record as JSON to a buffer: the bytes that [`CaptainRating::write_json`] gives.
    /// Nothing is put before or after it.
    pub fn write_json(&self, style: JsonStyle, out: &mut Vec<u8>) {
        let values = Values {
            user: &[self.first_name(), " ", self.last_name()],
            captain: self.favorite_captain(),
            rating: self.rating(),
            timestamp: self.timestamp,
        };
        json::write_record(style, &values, out);
    }
}

impl From<DrawnRating> for CaptainRating {
    fn from(drawn: DrawnRating) -> Self {
        Self {
            user: [drawn.first_name(), " ", drawn.last_name()].concat(),
            favorite_captain: drawn.favorite_captain().to_owned(),
            rating: drawn.rating(),
            timestamp: drawn.timestamp,
        }
    }
}
