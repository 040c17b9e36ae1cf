//! What fuzz targets reach of the private parsers; built only with `--cfg fuzzing`.

use chrono::DateTime;
use chrono_tz::TZ_VARIANTS;
use uuid::Uuid;

use crate::{
    PartitionKeys,
    prefix::{Facts, KeySource, Prefix, evaluated_problem},
    time_pattern::TimePattern,
};

/// Reads a prefix, and evaluates it if it reads.
///
/// # Panics
///
/// When it does not evaluate the same way twice.
pub fn prefix(text: &str) {
    let Ok(read) = Prefix::parse(text) else { return };
    let key = |source: KeySource| (source, "k".to_owned(), "v".to_owned());
    let partition = PartitionKeys::new(vec![key(KeySource::Query), key(KeySource::Lambda)]);
    let facts = Facts {
        arrival: DateTime::UNIX_EPOCH,
        zone: chrono_tz::Tz::UTC,
        id: Uuid::nil(),
        error_type: Some("processing-failed"),
        partition: Some(&partition),
    };
    let evaluated = read.evaluate(facts);
    assert_eq!(evaluated, read.evaluate(facts));
    if !read.has_expressions() {
        assert_eq!(evaluated, text);
    }
    // Whether it may be a key is told in a sentence, never by a panic.
    let _ = evaluated_problem(&evaluated);
}

/// Reads a pattern, and prints a time by it if it reads.
pub fn time_pattern(pattern: &str, seconds: i64, zone: u16) {
    let Ok(read) = TimePattern::parse(pattern) else { return };
    let zone = TZ_VARIANTS[usize::from(zone) % TZ_VARIANTS.len()];
    // Chrono's dates end short of a shift to a zone; AWS's arrivals are of this age.
    let Some(instant) = DateTime::from_timestamp(seconds % 253_402_300_800, 0) else { return };
    let mut out = String::new();
    read.print(instant, zone, &mut out);
}
