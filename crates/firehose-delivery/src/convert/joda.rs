//! Patterns of Joda-Time, as far as times are read by them: `TimestampFormats` of `HiveJsonSerDe`.
//!
//! Source: <https://www.joda.org/joda-time/apidocs/org/joda/time/format/DateTimeFormat.html>

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};

/// A pattern, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JodaPattern {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Field(Field, usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Year,
    Month,
    Day,
    DayOfYear,
    Weekday,
    HalfDay,
    /// 0 to 23.
    Hour,
    /// 1 to 24.
    Hour24,
    /// 1 to 12.
    Hour12,
    /// 0 to 11.
    Hour11,
    Minute,
    Second,
    Fraction,
    Offset,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

impl JodaPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in a sentence that follows its name.
    pub(super) fn parse(pattern: &str) -> Result<Self, String> {
        let mut chars = pattern.chars().peekable();
        let mut pieces = Vec::new();
        while let Some(next) = chars.next() {
            if next == '\'' {
                let mut text = String::new();
                loop {
                    match chars.next() {
                        Some('\'') if chars.next_if_eq(&'\'').is_some() => text.push('\''),
                        Some('\'') if text.is_empty() => break text.push('\''),
                        Some('\'') => break,
                        Some(other) => text.push(other),
                        None => return Err("has a quote that does not end".to_owned()),
                    }
                }
                pieces.push(Piece::Literal(text));
            } else if next.is_ascii_alphabetic() {
                let count = 1 + std::iter::from_fn(|| chars.next_if_eq(&next)).count();
                pieces.push(Piece::Field(field(next)?, count));
            } else {
                pieces.push(Piece::Literal(next.to_string()));
            }
        }
        if pieces.is_empty() {
            return Err("is empty".to_owned());
        }
        Ok(Self { pieces })
    }

    /// Microseconds since 1970 of a text that the pattern fits whole.
    pub(super) fn micros(&self, text: &str) -> Option<i64> {
        let mut found = Found { month: 1, day: 1, ..Found::default() };
        let mut rest = text;
        for (place, piece) in self.pieces.iter().enumerate() {
            rest = match piece {
                Piece::Literal(literal) => rest.strip_prefix(literal.as_str())?,
                Piece::Field(field, count) => {
                    // Digits of the next field follow at once: this one has its count of them.
                    let joined = matches!(self.pieces.get(place + 1), Some(Piece::Field(..)));
                    found.read(*field, *count, joined, rest)?
                }
            };
        }
        if rest.is_empty() { found.micros() } else { None }
    }
}

fn field(letter: char) -> Result<Field, String> {
    Ok(match letter {
        'y' | 'Y' => Field::Year,
        'M' => Field::Month,
        'd' => Field::Day,
        'D' => Field::DayOfYear,
        'E' => Field::Weekday,
        'a' => Field::HalfDay,
        'H' => Field::Hour,
        'k' => Field::Hour24,
        'h' => Field::Hour12,
        'K' => Field::Hour11,
        'm' => Field::Minute,
        's' => Field::Second,
        'S' => Field::Fraction,
        'Z' => Field::Offset,
        _ => {
            return Err(format!(
                "has the letter `{letter}`; known are y, Y, M, d, D, E, a, H, k, h, K, m, s, S and Z"
            ));
        }
    })
}

#[derive(Debug, Default)]
struct Found {
    year: i32,
    month: u32,
    day: u32,
    day_of_year: Option<u32>,
    hour: u32,
    afternoon: Option<bool>,
    minute: u32,
    second: u32,
    nanos: u32,
    offset_seconds: i64,
}

impl Found {
    /// Reads a field; answers with what is left of the text.
    fn read<'a>(
        &mut self,
        field: Field,
        count: usize,
        joined: bool,
        text: &'a str,
    ) -> Option<&'a str> {
        let most = match field {
            Field::Year if joined => count,
            Field::Year => 9,
            Field::DayOfYear => 3,
            Field::Fraction => 9,
            _ => 2,
        };
        match field {
            Field::Month if count >= 3 => {
                let (index, rest) = named(&MONTHS, text)?;
                self.month = index + 1;
                return Some(rest);
            }
            Field::Weekday => return named(&WEEKDAYS, text).map(|(_, rest)| rest),
            Field::HalfDay => {
                let half = text.get(..2)?.to_ascii_lowercase();
                self.afternoon = Some(match half.as_str() {
                    "am" => false,
                    "pm" => true,
                    _ => return None,
                });
                return text.get(2..);
            }
            Field::Offset => return self.read_offset(text),
            _ => {}
        }
        let digits = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (own, rest) = text.split_at_checked(digits)?;
        let value: u32 = own.parse().ok()?;
        match field {
            // Joda reads two digits as the year within fifty years of now; a fixed window does not
            // move under a stream.
            Field::Year if count == 2 && digits == 2 => {
                self.year = value.cast_signed() + if value < 70 { 2000 } else { 1900 };
            }
            Field::Year => self.year = i32::try_from(value).ok()?,
            Field::Month => self.month = value,
            Field::Day => self.day = value,
            Field::DayOfYear => self.day_of_year = Some(value),
            Field::Hour => self.hour = value,
            Field::Hour24 => self.hour = if value == 24 { 0 } else { value },
            Field::Hour12 if (1..=12).contains(&value) => self.hour = value % 12,
            Field::Hour11 if value < 12 => self.hour = value,
            Field::Minute => self.minute = value,
            Field::Second => self.second = value,
            Field::Fraction => self.nanos = value * 10u32.pow(9 - u32::try_from(digits).ok()?),
            _ => return None,
        }
        Some(rest)
    }

    /// `+HHMM`, `+HH:MM` or `Z`.
    fn read_offset<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        if let Some(rest) = text.strip_prefix('Z') {
            return Some(rest);
        }
        let (sign, rest) = match text.as_bytes().first()? {
            b'+' => (1, text.get(1..)?),
            b'-' => (-1, text.get(1..)?),
            _ => return None,
        };
        let two = |text: &str| {
            let digits = text.get(..2).filter(|two| two.bytes().all(|b| b.is_ascii_digit()))?;
            digits.parse::<i64>().ok()
        };
        let hours = two(rest)?;
        let rest = rest.get(2..)?;
        let rest = rest.strip_prefix(':').unwrap_or(rest);
        let minutes = two(rest).filter(|minutes| *minutes < 60)?;
        self.offset_seconds = sign * (hours * 3600 + minutes * 60);
        rest.get(2..)
    }

    fn micros(&self) -> Option<i64> {
        let date = match self.day_of_year {
            Some(day) => NaiveDate::from_yo_opt(self.year, day)?,
            None => NaiveDate::from_ymd_opt(self.year, self.month, self.day)?,
        };
        let hour = self.hour + if self.afternoon == Some(true) { 12 } else { 0 };
        let time: NaiveDateTime =
            date.and_hms_nano_opt(hour, self.minute, self.second, self.nanos)?;
        let utc = time.checked_sub_signed(TimeDelta::try_seconds(self.offset_seconds)?)?;
        Some(utc.and_utc().timestamp_micros())
    }
}

/// The name that the text begins with, whole or its first three letters.
fn named<'a>(names: &[&str], text: &'a str) -> Option<(u32, &'a str)> {
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (word, rest) = text.split_at_checked(letters)?;
    let word = word.to_ascii_lowercase();
    let index = names.iter().position(|name| *name == word || name.get(..3) == Some(&word))?;
    Some((u32::try_from(index).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn section_5_2_times_are_read_by_their_pattern() {
        let table = [
            ("yyyy-MM-dd'T'HH:mm:ss", "2022-01-08T06:00:00", Some(1_641_621_600_000_000)),
            ("yyyy-MM-dd'T'HH:mm:ssZ", "2022-01-08T06:00:00+01:00", Some(1_641_618_000_000_000)),
            ("yyyy-MM-dd'T'HH:mm:ssZ", "2022-01-08T06:00:00-0030", Some(1_641_623_400_000_000)),
            ("yyyy-MM-dd HH:mm:ss.SSS", "2022-01-08 06:00:00.25", Some(1_641_621_600_250_000)),
            ("dd/MMM/yyyy hh:mm a", "08/Jan/2022 06:00 PM", Some(1_641_664_800_000_000)),
            ("EEE, d MMMM yyyy", "Sat, 8 January 2022", Some(1_641_600_000_000_000)),
            ("yyyyMMddHHmmss", "20220108060000", Some(1_641_621_600_000_000)),
            ("yy-MM-dd", "22-1-8", Some(1_641_600_000_000_000)),
            ("yyyy DDD", "2022 008", Some(1_641_600_000_000_000)),
            ("kk 'o''clock' yyyy", "24 o'clock 1970", Some(0)),
            ("yyyy-MM-dd", "2022-01-08x", None),
            ("yyyy-MM-dd", "2022-02-30", None),
            ("yyyy-MM-dd", "2022-01", None),
            ("hh", "13", None),
            ("HH", "24", None),
            ("a", "xm", None),
        ];
        for (pattern, text, expected) in table {
            assert_eq!(JodaPattern::parse(pattern).unwrap().micros(text), expected, "{text}");
        }
        for (pattern, words) in
            [("xyz", "letter `x`"), ("'a", "quote"), ("", "empty"), ("z", "`z`")]
        {
            let problem = JodaPattern::parse(pattern).unwrap_err();
            assert!(problem.contains(words), "{problem}");
        }
    }

    proptest! {
        #[test]
        fn any_pattern_reads_any_text(pattern in ".{0,12}|[yYMdDEaHkhKmsSZ' :-]{0,16}", text in ".{0,24}|[0-9A-Za-z:+ -]{0,24}") {
            if let Ok(pattern) = JodaPattern::parse(&pattern) {
                pattern.micros(&text);
            }
        }
    }
}
