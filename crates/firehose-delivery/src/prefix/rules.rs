//! What a stream's two prefixes must keep to, each alone and both together.

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use super::{Expression, Facts, KeySource, Prefix};
use crate::{PartitionKeys, key::ErrorOutputType};

/// Characters of a prefix as it is given.
const MOST_GIVEN: usize = 1024;
/// Characters of a prefix once its expressions have values.
const MOST_EVALUATED: usize = 512;
/// A partition's values are not known before its records are; they may take the rest.
const LEAST_OF_A_VALUE: &str = "v";

/// Who gives the partition keys of a stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Partitions {
    pub(crate) by_query: bool,
    pub(crate) by_function: bool,
}

/// Checks both prefixes; answers with the member at fault and the problem.
pub(crate) fn check(
    prefix: &str,
    error_prefix: Option<&str>,
    zone: Tz,
    partitions: Option<Partitions>,
) -> Result<(), (&'static str, String)> {
    let data = checked("Prefix", prefix, zone, None)?;
    if data.pieces.contains(&Expression::ErrorOutputType) {
        let problem = "must not contain `!{firehose:error-output-type}`".to_owned();
        return Err(("Prefix", problem));
    }
    check_partitions(&data, partitions)?;
    let Some(error_prefix) = error_prefix else {
        if data.has_expressions() {
            let problem = "cannot be null or empty when Prefix contains expressions".to_owned();
            return Err(("ErrorOutputPrefix", problem));
        }
        return Ok(());
    };
    let errors = checked(
        "ErrorOutputPrefix",
        error_prefix,
        zone,
        Some(ErrorOutputType::Processing.as_str()),
    )?;
    let refuse = |problem: &str| Err(("ErrorOutputPrefix", problem.to_owned()));
    if errors.has_expressions() && !errors.pieces.contains(&Expression::ErrorOutputType) {
        return refuse("must contain `!{firehose:error-output-type}` when it has expressions");
    }
    if errors.partition_keys().next().is_some() {
        return refuse("must not contain partition keys: a record that fails has none");
    }
    Ok(())
}

fn check_partitions(
    prefix: &Prefix,
    partitions: Option<Partitions>,
) -> Result<(), (&'static str, String)> {
    let refuse = |problem: String| Err(("Prefix", problem));
    let mut keys = prefix.partition_keys();
    let Some(Partitions { by_query, by_function }) = partitions else {
        return keys.next().map_or(Ok(()), |(_, key)| {
            refuse(format!(
                "names the partition key `{key}` and dynamic partitioning is not enabled"
            ))
        });
    };
    if keys.next().is_none() {
        return refuse("must name a partition key when dynamic partitioning is enabled".to_owned());
    }
    for (source, key) in prefix.partition_keys() {
        let (given, who) = match source {
            KeySource::Query => (by_query, "MetadataExtraction"),
            KeySource::Lambda => (by_function, "Lambda"),
        };
        if !given {
            return refuse(format!(
                "names the partition key `{key}` and there is no processor of type {who} to give it"
            ));
        }
    }
    Ok(())
}

fn checked(
    member: &'static str,
    text: &str,
    zone: Tz,
    error_type: Option<&str>,
) -> Result<Prefix, (&'static str, String)> {
    let refuse = |problem: String| Err((member, problem));
    let length = text.chars().count();
    if length > MOST_GIVEN {
        return refuse(format!("has {length} characters, at most {MOST_GIVEN} are allowed"));
    }
    let prefix = Prefix::parse(text).map_err(|problem| (member, problem))?;
    let values = prefix
        .partition_keys()
        .map(|(source, key)| (source, key.to_owned(), LEAST_OF_A_VALUE.to_owned()))
        .collect();
    let partition = PartitionKeys::new(values);
    for arrival in every_day() {
        let facts =
            Facts { arrival, zone, id: Uuid::nil(), error_type, partition: Some(&partition) };
        let evaluated = prefix.evaluate(facts);
        if let Some(problem) = evaluated_problem(&evaluated) {
            return refuse(problem);
        }
        if !prefix.has_expressions() {
            break;
        }
    }
    Ok(prefix)
}

/// The evening of each day of a leap year: every month, weekday and length of their names.
fn every_day() -> impl Iterator<Item = DateTime<Utc>> {
    let first = DateTime::from_timestamp(1_704_149_999, 999_999_999).unwrap_or_default();
    (0..366).map(move |day| first + TimeDelta::days(day)).filter(|time| time.year() >= 1970)
}

/// What is wrong with a prefix whose expressions have values.
pub(crate) fn evaluated_problem(evaluated: &str) -> Option<String> {
    let length = evaluated.chars().count();
    if length > MOST_EVALUATED {
        return Some(format!(
            "has {length} characters once evaluated, at most {MOST_EVALUATED} are allowed"
        ));
    }
    path_problem(evaluated)
}

/// S3 takes such keys; the object stores that deliver here do not.
fn path_problem(prefix: &str) -> Option<String> {
    let bad_segment = prefix.split('/').rev().skip(1).any(|segment| segment.is_empty());
    let dots = prefix.split('/').any(|segment| segment == "." || segment == "..");
    let control = prefix.chars().any(char::is_control);
    (bad_segment || dots || control).then(|| {
        format!(
            "`{}` must not begin with a slash, hold `//`, `.` or `..` as a folder, or control \
             characters",
            prefix.escape_debug()
        )
    })
}
