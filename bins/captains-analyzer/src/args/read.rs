//! Which objects a command reads, and how: the flags of all that read.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use clap::ValueEnum;
use s3_parquet_reader::OnBad;

use super::DEFAULT_LOCATION;

/// What to do with objects that cannot be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum OnBadArg {
    /// Stop with an error that names the object
    #[default]
    Fail,
    /// Leave the object out and report it on stderr
    Skip,
}

/// Which objects to read, and how.
#[derive(Debug, Clone, clap::Args)]
pub struct ReadArgs {
    /// s3://BUCKET/PREFIX, a directory, a path prefix or one file
    #[arg(default_value = DEFAULT_LOCATION, env = "CAPTAINS_FROM", hide_env_values = true)]
    pub location: String,
    /// First hour (UTC), such as 2022-01-08T06 or 2022-01-08T06:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<DateTime<Utc>>,
    /// End of the last hour (UTC), itself left out
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub to: Option<DateTime<Utc>>,
    /// What to do with damaged objects
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    pub on_bad: OnBadArg,
    /// Objects to fetch at once
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = positive)]
    pub concurrency: usize,
}

/// Which objects, and which of their columns.
#[derive(Debug, Clone, clap::Args)]
pub struct SelectArgs {
    /// Which objects.
    #[command(flatten)]
    pub read: ReadArgs,
    /// Columns to look at, in this order [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub columns: Vec<String>,
}

impl From<OnBadArg> for OnBad {
    fn from(arg: OnBadArg) -> Self {
        match arg {
            OnBadArg::Fail => Self::Fail,
            OnBadArg::Skip => Self::Skip,
        }
    }
}

/// RFC 3339, or a date, hour or minute of UTC.
pub(super) fn time(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.with_timezone(&Utc));
    }
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Ok(day.and_time(chrono::NaiveTime::MIN).and_utc());
    }
    let short = text.strip_suffix('Z').unwrap_or(text);
    // chrono reads no time without minutes.
    let hour = NaiveDateTime::parse_from_str(&format!("{short}:00"), "%Y-%m-%dT%H:%M");
    hour.or_else(|_| NaiveDateTime::parse_from_str(short, "%Y-%m-%dT%H:%M"))
        .or_else(|_| NaiveDateTime::parse_from_str(short, "%Y-%m-%dT%H:%M:%S"))
        .map(|time| time.and_utc())
        .map_err(|_| "give an hour as 2022-01-08T06, or a time as 2022-01-08T06:00:00Z".to_owned())
}

pub(super) fn positive(text: &str) -> Result<usize, String> {
    let number = text.parse().map_err(|_| format!("`{text}` is not a whole number"))?;
    if number == 0 { Err("at least 1 is needed".to_owned()) } else { Ok(number) }
}

pub(super) fn threshold(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err("give a number above zero, such as 3.5".to_owned()),
    }
}

/// A duration of whole seconds, at least one, such as `30s` or `5m`.
pub(super) fn seconds(text: &str) -> Result<u32, String> {
    let duration = duration(text)?;
    let seconds = u32::try_from(duration.as_secs()).ok().filter(|seconds| *seconds > 0);
    match seconds {
        Some(seconds) if duration.subsec_nanos() == 0 => Ok(seconds),
        _ => Err("give whole seconds, minutes or hours, such as 60s or 5m".to_owned()),
    }
}

/// As [`seconds`], or none.
pub(super) fn lateness(text: &str) -> Result<u32, String> {
    if text == "0" || text == "0s" { Ok(0) } else { seconds(text) }
}

/// A duration such as `500ms` or `2s`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|error| format!("{error}: give a duration such as 2s or 5m"))
}

/// As [`duration`], and some time.
pub(super) fn pause(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("give some time, such as 1s".to_owned()),
        pause => Ok(pause),
    }
}

/// A size such as `128MiB`.
pub(super) fn size(text: &str) -> Result<u64, String> {
    match text.parse::<bytesize::ByteSize>() {
        Ok(size) if size.as_u64() > 0 => Ok(size.as_u64()),
        _ => Err("give a size such as 128MiB".to_owned()),
    }
}

/// `COLUMN=VALUE`, or nothing.
pub(super) fn equation(text: &str) -> Result<Equation, String> {
    if text.is_empty() {
        return Ok(Equation { column: String::new(), value: String::new() });
    }
    match text.split_once('=') {
        Some((column, value)) if !column.is_empty() => {
            Ok(Equation { column: column.to_owned(), value: value.to_owned() })
        }
        _ => Err("give COLUMN=VALUE, such as 'favoritecaptain=Neil Armstrong'".to_owned()),
    }
}

/// A column and the value that it has in the rows that are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equation {
    /// Name of the column; empty for no row at all.
    pub column: String,
    /// The value as text.
    pub value: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_may_be_short() {
        for (text, expected) in [
            ("2022-01-08", "2022-01-08T00:00:00+00:00"),
            ("2022-01-08T06", "2022-01-08T06:00:00+00:00"),
            ("2022-01-08T06Z", "2022-01-08T06:00:00+00:00"),
            ("2022-01-08T06:30", "2022-01-08T06:30:00+00:00"),
            ("2022-01-08T06:30:15", "2022-01-08T06:30:15+00:00"),
            ("2022-01-08T06:30:15Z", "2022-01-08T06:30:15+00:00"),
            ("2022-01-08T06:30:15+02:00", "2022-01-08T04:30:15+00:00"),
        ] {
            assert_eq!(time(text).map(|time| time.to_rfc3339()), Ok(expected.to_owned()));
        }
        for text in ["", "06", "yesterday", "2022-13-01", "2022-01-08T25", "2022-01-08T06:61"] {
            assert!(time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_and_sizes_have_units() {
        for (text, expected) in
            [("60s", Some(60)), ("5m", Some(300)), ("1500ms", None), ("0s", None)]
        {
            assert_eq!(seconds(text).ok(), expected, "{text}");
        }
        assert_eq!((lateness("0"), lateness("90s")), (Ok(0), Ok(90)));
        assert_eq!(size("1MiB"), Ok(1 << 20));
        assert!(pause("0s").is_err() && pause("1ms").is_ok());
        assert!(size("0").is_err() && size("much").is_err() && duration("2").is_err());
        assert!(equation("a=b=c").is_ok_and(|it| it.column == "a" && it.value == "b=c"));
        assert!(equation("=b").is_err() && equation("ab").is_err());
    }
}
