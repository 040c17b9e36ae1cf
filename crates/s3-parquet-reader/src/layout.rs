//! Where Firehose puts an hour: `prefix` + `yyyy/MM/dd/HH/`, in UTC, read backwards.
//!
//! A prefix without expressions gets the date by plain concatenation, without a slash of its own
//! (<https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html>), so that both
//! `ratings2022/01/08/06/` and `ratings/2022/01/08/06/` occur. Pure functions; listing is
//! `list.rs`.

use chrono::{DateTime, Datelike, Months, NaiveDate, SubsecRound, TimeDelta, Timelike, Utc};

/// More prefixes than this cost more requests than listing everything once.
const MAX_PREFIXES: usize = 512;

/// The hour that a key carries: the last `yyyy/MM/dd/HH` among its directories, in UTC. The year
/// may be glued to what stands before it.
///
/// ```
/// use s3_parquet_reader::hour_of;
///
/// let hour = hour_of("ratings2022/01/08/06/PUT-S3-qrZbv-1-2022-01-08-06-04-19-1f6d0c0e.parquet");
/// assert_eq!(hour.unwrap().to_rfc3339(), "2022-01-08T06:00:00+00:00");
/// assert_eq!(hour_of("year=2022/month=01/x.parquet"), None);
/// ```
pub fn hour_of(key: &str) -> Option<DateTime<Utc>> {
    let (directories, _file) = key.rsplit_once('/')?;
    let segments: Vec<&str> = directories.split('/').collect();
    segments.windows(4).rev().find_map(|window| match window {
        [year, month, day, hour] => {
            let (_, year) = trailing_year(year)?;
            let date = NaiveDate::from_ymd_opt(year, two_digits(month)?, two_digits(day)?)?;
            Some(date.and_hms_opt(two_digits(hour)?, 0, 0)?.and_utc())
        }
        _ => None,
    })
}

/// Where a date at the end of `prefix` begins: the byte index of its year. The date may be
/// incomplete (`ratings2022/01/`), also in its last digits (`ratings2022/0`).
pub(crate) fn date_tail(prefix: &str) -> Option<usize> {
    let trimmed = prefix.strip_suffix('/').unwrap_or(prefix);
    if let Some(start) = complete_date_tail(trimmed) {
        return Some(start);
    }
    let (head, partial) = trimmed.rsplit_once('/')?;
    let is_partial = partial.len() < 2 && partial.bytes().all(|b| b.is_ascii_digit());
    if is_partial { complete_date_tail(head) } else { None }
}

/// The prefixes that hold the hours of `from..to` below `prefix`, sorted and apart from each
/// other; `None` when there would be too many.
pub(crate) fn hour_prefixes(
    prefix: &str,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Option<Vec<String>> {
    let dates = cover(from, to)?;
    let mut prefixes = Vec::new();
    for base in bases(prefix) {
        for date in &dates {
            let hours = format!("{base}{date}");
            if hours.starts_with(prefix) {
                prefixes.push(hours);
            } else if prefix.starts_with(&hours) {
                prefixes.push(prefix.to_owned());
            }
        }
    }
    prefixes.sort();
    prefixes.dedup_by(|later, earlier| later.starts_with(earlier.as_str()));
    Some(prefixes)
}

/// Where keys of `hour` and later begin below `prefix`: what stands before their year, and the
/// first characters of that hour's keys. The bases are apart, and their keys do not mix.
pub(crate) fn starts_of(prefix: &str, hour: DateTime<Utc>) -> Vec<(String, String)> {
    let start = |base: String| {
        let start = format!("{base}{}", hour.format("%Y/%m/%d/%H/"));
        (base, start)
    };
    bases(prefix).into_iter().map(start).collect()
}

/// True when `key` carries its hour where [`hour_prefixes`] looks for it.
pub(crate) fn is_directly_below(prefix: &str, key: &str, hour: DateTime<Utc>) -> bool {
    let date = hour.format("%Y/%m/%d/%H/").to_string();
    bases(prefix)
        .iter()
        .any(|base| key.strip_prefix(base.as_str()).is_some_and(|rest| rest.starts_with(&date)))
}

/// What may stand before the year: the prefix itself, glued or with a slash, or, where the prefix
/// ends in a date of its own, what stands before that.
fn bases(prefix: &str) -> Vec<String> {
    let tail = date_tail(prefix).map(|start| prefix.split_at(start));
    let mut bases = Vec::new();
    if let Some((base, _)) = tail {
        bases.push(base.to_owned());
    }
    // `ratings2022` may be a year or a name; `ratings2022/01` is a date.
    if tail.is_none_or(|(_, date)| !date.contains('/')) {
        bases.push(prefix.to_owned());
        if !prefix.is_empty() && !prefix.ends_with('/') {
            bases.push(format!("{prefix}/"));
        }
    }
    bases
}

/// The fewest of `yyyy/`, `yyyy/MM/`, `yyyy/MM/dd/` and `yyyy/MM/dd/HH/` that cover the hours
/// which overlap `from..to`.
fn cover(from: DateTime<Utc>, to: DateTime<Utc>) -> Option<Vec<String>> {
    let mut dates = Vec::new();
    let mut at = floor_hour(from)?;
    while at < to {
        let (format, next) = widest_step(at, to)?;
        dates.push(at.format(format).to_string());
        if dates.len() > MAX_PREFIXES {
            return None;
        }
        at = next;
    }
    Some(dates)
}

fn widest_step(at: DateTime<Utc>, to: DateTime<Utc>) -> Option<(&'static str, DateTime<Utc>)> {
    let first_hour = at.hour() == 0;
    let first_day = first_hour && at.day() == 1;
    let first_month = first_day && at.month() == 1;
    let fits = |next: &DateTime<Utc>| *next <= to;
    if let Some(next) = at.checked_add_months(Months::new(12)).filter(|n| first_month && fits(n)) {
        return Some(("%Y/", next));
    }
    if let Some(next) = at.checked_add_months(Months::new(1)).filter(|n| first_day && fits(n)) {
        return Some(("%Y/%m/", next));
    }
    if let Some(next) = at.checked_add_signed(TimeDelta::days(1)).filter(|n| first_hour && fits(n))
    {
        return Some(("%Y/%m/%d/", next));
    }
    Some(("%Y/%m/%d/%H/", at.checked_add_signed(TimeDelta::hours(1))?))
}

/// The start of the hour that `time` lies in.
pub(crate) fn floor_hour(time: DateTime<Utc>) -> Option<DateTime<Utc>> {
    time.trunc_subsecs(0).with_second(0)?.with_minute(0)
}

/// The start of a complete date at the end of `text`, which has no trailing slash: a year, and up
/// to three two-digit segments after it. The longest one counts.
fn complete_date_tail(text: &str) -> Option<usize> {
    let ranges = [1..=12, 1..=31, 0..=23];
    (0..=ranges.len()).rev().find_map(|parts| {
        let mut head = text;
        for range in ranges.iter().take(parts).rev() {
            let (before, segment) = head.rsplit_once('/')?;
            range.contains(&two_digits(segment)?).then_some(())?;
            head = before;
        }
        let segment_start = head.rfind('/').map_or(0, |slash| slash + 1);
        let (glued, _) = trailing_year(head.get(segment_start..)?)?;
        Some(segment_start + glued)
    })
}

/// The year at the end of a segment, and how many bytes stand before it.
fn trailing_year(segment: &str) -> Option<(usize, i32)> {
    let start = segment.len().checked_sub(4)?;
    let digits = segment.get(start..).filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
    let year = digits.parse().ok().filter(|year| *year >= 1970)?;
    Some((start, year))
}

fn two_digits(segment: &str) -> Option<u32> {
    let is_number = segment.len() == 2 && segment.bytes().all(|b| b.is_ascii_digit());
    if is_number { segment.parse().ok() } else { None }
}

#[cfg(test)]
mod tests;
