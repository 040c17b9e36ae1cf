//! Dates and times as the JSON SerDes read them.
//!
//! Source: <https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion.html>, and
//! probes of the service for the details that the page leaves open.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use super::number::Number;

/// From this size on a number counts milliseconds, below it seconds.
const MILLISECONDS_FROM: f64 = 1e12;

/// Microseconds since 1970 of an epoch number: seconds or milliseconds with any fraction, rounded
/// to the nearest microsecond. Nothing beyond what 64 bits hold.
pub(super) fn epoch_micros(number: Number<'_>) -> Option<i64> {
    let milliseconds = number.to_f64()?.abs() >= MILLISECONDS_FROM;
    let micros = number.to_rounded(if milliseconds { 3 } else { 6 })?;
    i64::try_from(micros).ok()
}

/// Microseconds since 1970 of a timestamp's text: `yyyy-MM-dd'T'HH:mm:ss[.S]['Z']` with every
/// digit, `yyyy-[M]M-[d]d [H]H:[m]m:[s]s[.S]`, or an epoch number.
pub(super) fn text_micros(text: &str) -> Option<i64> {
    let text = text.trim_ascii();
    if let Some(number) = Number::parse(text) {
        return epoch_micros(number);
    }
    let time = match text.split_once('T') {
        Some((date, time)) => {
            let time = time.strip_suffix('Z').unwrap_or(time);
            date_of(date, Digits::All)?.and_time(time_of(time, Digits::All)?)
        }
        None => {
            let (date, time) = text.split_once(' ')?;
            date_of(date, Digits::OneOrTwo)?.and_time(time_of(time, Digits::OneOrTwo)?)
        }
    };
    micros(time)
}

/// Microseconds since 1970 of a text as `java.sql.Timestamp.valueOf` reads it:
/// `yyyy-[m]m-[d]d hh:mm:ss[.f…]`. It is what Hive's SerDe falls back to.
pub(super) fn jdbc_micros(text: &str) -> Option<i64> {
    let (date, time) = text.trim_ascii().split_once(' ')?;
    micros(date_of(date, Digits::OneOrTwo)?.and_time(time_of(time, Digits::OneOrTwo)?))
}

/// Microseconds since 1970 of epoch milliseconds with any fraction.
pub(super) fn epoch_millis_micros(text: &str) -> Option<i64> {
    i64::try_from(Number::parse(text)?.to_rounded(3)?).ok()
}

/// Days since 1970 of a date's text: `yyyy-[M]M-[d]d`.
pub(super) fn text_days(text: &str) -> Option<i32> {
    let date = date_of(text.trim_ascii(), Digits::OneOrTwo)?;
    i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).ok()
}

/// Whether months, days, hours, minutes and seconds need both of their digits.
#[derive(Clone, Copy, PartialEq)]
enum Digits {
    All,
    OneOrTwo,
}

fn micros(time: NaiveDateTime) -> Option<i64> {
    Some(DateTime::<Utc>::from_naive_utc_and_offset(time, Utc).timestamp_micros())
}

fn date_of(text: &str, digits: Digits) -> Option<NaiveDate> {
    let mut parts = text.split('-');
    let year = parts.next().filter(|year| year.len() == 4)?;
    let (month, day) = (parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    NaiveDate::from_ymd_opt(
        i32::try_from(whole(year)?).ok()?,
        field(month, digits)?,
        field(day, digits)?,
    )
}

fn time_of(text: &str, digits: Digits) -> Option<NaiveTime> {
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (text, None),
    };
    let mut parts = clock.split(':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let nanos = match fraction {
        None => 0,
        Some(fraction) if (1..=9).contains(&fraction.len()) => {
            whole(fraction)? * 10u32.pow(9 - u32::try_from(fraction.len()).ok()?)
        }
        Some(_) => return None,
    };
    NaiveTime::from_hms_nano_opt(
        field(hour, digits)?,
        field(minute, digits)?,
        field(second, digits)?,
        nanos,
    )
}

fn field(text: &str, digits: Digits) -> Option<u32> {
    let least = if digits == Digits::All { 2 } else { 1 };
    (least..=2).contains(&text.len()).then(|| whole(text)).flatten()
}

fn whole(text: &str) -> Option<u32> {
    text.bytes().all(|digit| digit.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_read_as_openx_reads_them() {
        let second = 1_000_000;
        let table = [
            ("2022-01-08T06:00:00Z", Some(1_641_621_600 * second)),
            ("2022-01-08T06:00:00", Some(1_641_621_600 * second)),
            ("2022-01-08T06:00:00.123456789Z", Some(1_641_621_600 * second + 123_456)),
            ("2022-1-8T06:00:00Z", None),
            ("2022-01-08T6:00:00Z", None),
            ("2022-01-08T06:00:00+00:00", None),
            ("2022-1-8 6:0:0", Some(1_641_621_600 * second)),
            ("2022-01-08 06:00:00.5", Some(1_641_621_600 * second + 500_000)),
            ("1641621600", Some(1_641_621_600 * second)),
            ("1641621600123", Some(1_641_621_600 * second + 123_000)),
            ("1641621600.123", Some(1_641_621_600 * second + 123_000)),
            ("1641621600123.4567", Some(1_641_621_600 * second + 123_457)),
            ("-1.5", Some(-1_500_000)),
            ("1e400", None),
            ("1e30", None),
            ("2022-02-30 00:00:00", None),
            ("2022-01-08", None),
            ("2022-01-08 25:00:00", None),
            ("1969-12-31 23:59:59.000001", Some(-999_999)),
            ("now", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(text_micros(text), expected, "{text}");
        }
    }

    #[test]
    fn dates_may_drop_leading_zeros() {
        let table = [
            ("1970-01-01", Some(0)),
            ("1970-1-2", Some(1)),
            ("1969-12-31", Some(-1)),
            ("22-01-01", None),
            ("2022-13-01", None),
            ("2022-01-01T00:00:00Z", None),
            ("2022-01", None),
            ("2022-01-01-01", None),
            ("+022-01-01", None),
        ];
        for (text, expected) in table {
            assert_eq!(text_days(text), expected, "{text}");
        }
    }
}
