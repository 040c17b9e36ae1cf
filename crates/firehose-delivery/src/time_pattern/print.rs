//! One piece of a pattern, and how it prints.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike, Offset as _, Timelike};
use chrono_tz::Tz;

use super::week;

/// What one run of letters, or the text between them, prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Literal(String),
    /// A number with at least so many digits.
    Number {
        field: Field,
        least: usize,
        sign: Sign,
    },
    /// The last two digits.
    TwoDigits(Field),
    Text(Field, Style),
    /// The first digits of the second's fraction.
    Fraction(usize),
    Offset(Offset),
    ZoneId,
    ZoneName,
    /// Blanks before the piece up to a width.
    Padded(usize, Box<Piece>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Era,
    Year,
    YearOfEra,
    WeekYear,
    Quarter,
    Month,
    Week,
    WeekOfMonth,
    /// Day within seven of a month: the `F` of Java up to 18.
    AlignedDay,
    Weekday,
    Day,
    DayOfYear,
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
    MilliOfDay,
    Nano,
    NanoOfDay,
}

/// When a number has a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Never,
    /// When it is negative.
    Negative,
    /// Also when it has more digits than the pattern has letters.
    Exceeding,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Short,
    Full,
    Narrow,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offset {
    /// `+HH[MM]`, `+HHMM`, `+HH:MM`, `+HHMM[SS]`, `+HH:MM[:SS]`, and what stands for none.
    Iso { form: usize, zero: &'static str },
    /// `GMT+1` or `GMT+01:00`.
    Localized { full: bool },
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const QUARTERS: [&str; 4] = ["1st quarter", "2nd quarter", "3rd quarter", "4th quarter"];

impl Piece {
    pub(super) fn print(&self, time: &DateTime<Tz>, out: &mut String) {
        match self {
            Self::Literal(text) => out.push_str(text),
            Self::Number { field, least, sign } => {
                number(field.value(time), *least, *sign, out);
            }
            Self::TwoDigits(field) => {
                number((field.value(time) % 100).abs(), 2, Sign::Never, out);
            }
            Self::Text(field, style) => out.push_str(&field.text(time, *style)),
            Self::Fraction(digits) => {
                let nanos = format!("{:09}", time.nanosecond() % 1_000_000_000);
                out.push_str(nanos.get(..*digits).unwrap_or(&nanos));
            }
            Self::Offset(offset) => offset.print(time.offset().fix().local_minus_utc(), out),
            Self::ZoneId => out.push_str(time.timezone().name()),
            // Writing to a String cannot fail.
            Self::ZoneName => drop(write!(out, "{}", time.format("%Z"))),
            Self::Padded(width, piece) => {
                let mut inner = String::new();
                piece.print(time, &mut inner);
                let missing = width.saturating_sub(inner.chars().count());
                out.extend(std::iter::repeat_n(' ', missing));
                out.push_str(&inner);
            }
        }
    }
}

fn number(value: i64, least: usize, sign: Sign, out: &mut String) {
    let digits = value.unsigned_abs().to_string();
    if value < 0 && sign != Sign::Never {
        out.push('-');
    } else if sign == Sign::Exceeding && digits.len() > least {
        out.push('+');
    }
    out.extend(std::iter::repeat_n('0', least.saturating_sub(digits.len())));
    out.push_str(&digits);
}

impl Field {
    fn value(self, time: &DateTime<Tz>) -> i64 {
        let (date, year) = (time.date_naive(), time.year());
        let small: i32 = match self {
            Self::Year => year,
            Self::YearOfEra => {
                if year > 0 {
                    year
                } else {
                    1 - year
                }
            }
            Self::Era => (year > 0).into(),
            Self::WeekYear => week::of_year(date).1,
            Self::Week => week::of_year(date).0,
            Self::WeekOfMonth => week::of_month(date),
            Self::Weekday => week::day(date),
            Self::HalfDay => time.hour12().0.into(),
            Self::Quarter => (time.month0() / 3 + 1).cast_signed(),
            Self::Month => time.month().cast_signed(),
            Self::AlignedDay => (time.day0() % 7 + 1).cast_signed(),
            Self::Day => time.day().cast_signed(),
            Self::DayOfYear => time.ordinal().cast_signed(),
            Self::Hour => time.hour().cast_signed(),
            Self::Hour24 => {
                if time.hour() == 0 {
                    24
                } else {
                    time.hour().cast_signed()
                }
            }
            Self::Hour12 => time.hour12().1.cast_signed(),
            Self::Hour11 => (time.hour() % 12).cast_signed(),
            Self::Minute => time.minute().cast_signed(),
            Self::Second => time.second().cast_signed(),
            Self::Nano => (time.nanosecond() % 1_000_000_000).cast_signed(),
            Self::MilliOfDay => return nano_of_day(time) / 1_000_000,
            Self::NanoOfDay => return nano_of_day(time),
        };
        small.into()
    }

    fn text(self, time: &DateTime<Tz>, style: Style) -> String {
        let value = usize::try_from(self.value(time)).unwrap_or_default();
        let named = |names: &[&str], first: usize| {
            let full = names.get(value.wrapping_sub(first)).copied().unwrap_or_default();
            let length = match style {
                Style::Full => full.len(),
                Style::Short => 3,
                Style::Narrow => 1,
            };
            full.get(..length).unwrap_or(full).to_owned()
        };
        match (self, style) {
            (Self::Month, _) => named(&MONTHS, 1),
            (Self::Weekday, _) => named(&WEEKDAYS, 1),
            (Self::HalfDay, _) => if value == 0 { "AM" } else { "PM" }.to_owned(),
            (Self::Era, Style::Short) => if value == 0 { "BC" } else { "AD" }.to_owned(),
            (Self::Era, Style::Narrow) => if value == 0 { "B" } else { "A" }.to_owned(),
            (Self::Era, _) => if value == 0 { "Before Christ" } else { "Anno Domini" }.to_owned(),
            (Self::Quarter, Style::Short) => format!("Q{value}"),
            (Self::Quarter, Style::Full) => named(&QUARTERS, 1),
            // The parser makes texts of the fields above only.
            _ => value.to_string(),
        }
    }
}

fn nano_of_day(time: &DateTime<Tz>) -> i64 {
    let seconds = i64::from(time.num_seconds_from_midnight());
    seconds * 1_000_000_000 + i64::from(time.nanosecond() % 1_000_000_000)
}

impl Offset {
    fn print(self, seconds: i32, out: &mut String) {
        let sign = if seconds < 0 { '-' } else { '+' };
        let total = seconds.abs();
        let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60);
        // Writing to a String cannot fail.
        let _ = match self {
            Self::Iso { zero, .. } if total == 0 => out.write_str(zero),
            Self::Iso { form: 1, .. } if minutes == 0 => write!(out, "{sign}{hours:02}"),
            Self::Iso { form: 1 | 2, .. } => write!(out, "{sign}{hours:02}{minutes:02}"),
            Self::Iso { form: 4, .. } if rest != 0 => {
                write!(out, "{sign}{hours:02}{minutes:02}{rest:02}")
            }
            Self::Iso { form: 4, .. } => write!(out, "{sign}{hours:02}{minutes:02}"),
            Self::Iso { form: 5, .. } if rest != 0 => {
                write!(out, "{sign}{hours:02}:{minutes:02}:{rest:02}")
            }
            Self::Iso { .. } => write!(out, "{sign}{hours:02}:{minutes:02}"),
            Self::Localized { .. } if total == 0 => out.write_str("GMT"),
            Self::Localized { full: true } if rest != 0 => {
                write!(out, "GMT{sign}{hours:02}:{minutes:02}:{rest:02}")
            }
            Self::Localized { full: true } => write!(out, "GMT{sign}{hours:02}:{minutes:02}"),
            Self::Localized { full: false } if rest != 0 => {
                write!(out, "GMT{sign}{hours}:{minutes:02}:{rest:02}")
            }
            Self::Localized { full: false } if minutes != 0 => {
                write!(out, "GMT{sign}{hours}:{minutes:02}")
            }
            Self::Localized { full: false } => write!(out, "GMT{sign}{hours}"),
        };
    }
}
