//! A single value of any column, for minima, maxima and sums: exact where `f64` would round.

use std::fmt;

/// One value, as exact as its column held it. [`Display`](fmt::Display) prints it plainly, a text
/// without quotes.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// An integer of any width.
    Integer(i128),
    /// A float.
    Number(f64),
    /// `unscaled / 10^scale`.
    Decimal {
        /// All digits.
        unscaled: i128,
        /// How many of them stand behind the point; a negative scale means zeros before it.
        scale: i8,
    },
    /// True or false.
    Boolean(bool),
    /// Text.
    Text(String),
    /// A date, time, timestamp or duration as ISO 8601 text; timestamps with a zone are in UTC.
    Time(String),
}

impl Value {
    /// The nearest `f64`, if the value is a number.
    ///
    /// ```
    /// use stream_analysis::Value;
    ///
    /// assert_eq!(Value::Decimal { unscaled: 1250, scale: 2 }.as_f64(), Some(12.5));
    /// assert_eq!(Value::Text("12.5".into()).as_f64(), None);
    /// ```
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Integer(value) => Some(*value as f64),
            Self::Number(value) => Some(*value),
            Self::Decimal { unscaled, scale } => {
                Some(*unscaled as f64 / 10_f64.powi(i32::from(*scale)))
            }
            Self::Boolean(_) | Self::Text(_) | Self::Time(_) => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => value.fmt(f),
            Self::Number(value) => value.fmt(f),
            Self::Decimal { unscaled, scale } => f.write_str(&decimal(*unscaled, *scale)),
            Self::Boolean(value) => value.fmt(f),
            Self::Text(text) | Self::Time(text) => f.write_str(text),
        }
    }
}

/// `-1234` at scale 2 is `-12.34`; at scale -2 it is `-123400`.
fn decimal(unscaled: i128, scale: i8) -> String {
    let sign = if unscaled < 0 { "-" } else { "" };
    let mut digits = unscaled.unsigned_abs().to_string();
    let places = usize::from(scale.unsigned_abs());
    if scale <= 0 {
        digits.extend(std::iter::repeat_n('0', if unscaled == 0 { 0 } else { places }));
        return format!("{sign}{digits}");
    }
    let padded = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = padded.split_at(padded.len() - places);
    format!("{sign}{whole}.{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_print_as_people_write_them() {
        for (unscaled, scale, text) in [
            (1234, 2, "12.34"),
            (-1234, 2, "-12.34"),
            (5, 3, "0.005"),
            (-5, 1, "-0.5"),
            (0, 2, "0.00"),
            (7, 0, "7"),
            (7, -2, "700"),
            (0, -2, "0"),
            (i128::MIN, 0, "-170141183460469231731687303715884105728"),
        ] {
            assert_eq!(Value::Decimal { unscaled, scale }.to_string(), text);
        }
    }
}
