//! User names: the English first and last names of the `fake` crate.
//!
//! `fake`'s own `Name()` fills a text template on each call and draws from a `rand` generator.
//! Picking from its tables gives the same distribution (a first and a last name, independent of
//! each other, each uniform over its table) for a tenth of the time and from a random source of
//! our own. Which entry is picked is left to [`RatingGenerator`](crate::RatingGenerator).

use fake::locales::{Data, EN};

/// Every first name that a user may have, each equally likely: the table `NAME_FIRST_NAME` of
/// `fake`'s locale `EN`.
pub const FIRST_NAMES: &[&str] = EN::NAME_FIRST_NAME;

/// Every last name that a user may have, each equally likely: the table `NAME_LAST_NAME` of
/// `fake`'s locale `EN`.
pub const LAST_NAMES: &[&str] = EN::NAME_LAST_NAME;
