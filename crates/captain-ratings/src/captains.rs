//! The captains that people rate, and the one outlier among them: names, shares and ranges.
//!
//! The figures are the tutorial's: `random.randint(1, 100) < 5` picks the outlier, whose rating is
//! `randint(7000, 9000)`; everybody else is `random.choice` of fourteen and `randint(1, 1000)`.
//! How the numbers are drawn is left to [`RatingGenerator`](crate::RatingGenerator).

use std::ops::RangeInclusive;

/// The fourteen captains of a normal record, each equally likely, in the tutorial's order.
pub const CAPTAINS: [&str; 14] = [
    "Jean-Luc Picard",
    "James T. Kirk",
    "Han Solo",
    "Kathryn Janeway",
    "Malcolm Reynolds",
    "William Adama",
    "Turanga Leela",
    "Jacob Keyes",
    "Wilhuff Tarkin",
    "Christopher Pike",
    "David Bowman",
    "The Doctor",
    "John Robinson",
    "Khan Noonien Singh",
];

/// The captain of an outlier. He is not one of [`CAPTAINS`], so the name alone tells the truth
/// about a generated record, and a detector can be scored against it.
pub const OUTLIER_CAPTAIN: &str = "Neil Armstrong";

/// How many records of a hundred are outliers: `randint(1, 100) < 5` holds for 1, 2, 3 and 4.
pub const OUTLIER_PERCENT: u32 = 4;

/// The probability that a record is an outlier: exactly [`OUTLIER_PERCENT`] of a hundred.
pub const OUTLIER_SHARE: f64 = OUTLIER_PERCENT as f64 / 100.0;

/// Ratings of a normal record, both ends possible, each value equally likely.
pub const NORMAL_RATINGS: RangeInclusive<i32> = 1..=1000;

/// Ratings of an outlier, both ends possible, each value equally likely. No record has a rating
/// between the two ranges.
pub const OUTLIER_RATINGS: RangeInclusive<i32> = 7000..=9000;
