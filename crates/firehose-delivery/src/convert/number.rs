//! Numbers of JSON text, read once into digits and exponent.

/// A number as it stands in JSON text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number<'a> {
    /// The characters, for the columns that keep them and for the cases that need them all.
    bytes: &'a [u8],
    negative: bool,
    /// All digits as one integer, with the point left out.
    digits: u64,
    /// Whether `digits` holds every digit.
    exact: bool,
    /// Power of ten that `digits` is multiplied with.
    exponent: i32,
    /// Whether there is neither a point nor an exponent.
    integral: bool,
}

/// Powers of ten that a double holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

impl<'a> Number<'a> {
    /// Reads the number that starts at `start`; answers with it and the place behind it. Nothing
    /// when JSON's grammar has no number there.
    #[inline]
    pub(super) fn scan(bytes: &'a [u8], start: usize) -> Option<(Self, usize)> {
        let mut at = start;
        let negative = bytes.get(at) == Some(&b'-');
        at += usize::from(negative);
        let first = at;
        let mut digits = 0u64;
        at = scan_digits(bytes, at, &mut digits);
        let whole = at - first;
        if whole == 0 || (whole > 1 && bytes.get(first) == Some(&b'0')) {
            return None;
        }
        let mut count = whole;
        let mut exponent = 0i32;
        let mut integral = true;
        if bytes.get(at) == Some(&b'.') {
            let point = at + 1;
            at = scan_digits(bytes, point, &mut digits);
            let fraction = at - point;
            if fraction == 0 {
                return None;
            }
            count += fraction;
            exponent = -i32::try_from(fraction).ok()?;
            integral = false;
        }
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            let (power, end) = scan_exponent(bytes, at + 1)?;
            exponent = exponent.saturating_add(power);
            at = end;
            integral = false;
        }
        let bytes = bytes.get(start..at)?;
        // Nineteen digits always fit 64 bits.
        Some((Self { bytes, negative, digits, exact: count <= 19, exponent, integral }, at))
    }

    /// The number as it is written.
    pub(super) fn text(self) -> &'a str {
        // Digits, signs, a point and an `e`: always UTF-8.
        std::str::from_utf8(self.bytes).unwrap_or_default()
    }

    /// The number that is all of `text`, blanks around it left out.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim_ascii();
        let (number, end) = Self::scan(text.as_bytes(), 0)?;
        (end == text.len()).then_some(number)
    }

    /// Whether it is written without a point and an exponent.
    pub(super) fn is_integral(self) -> bool {
        self.integral
    }

    /// The value as a whole number: only when it is written as one, and fits.
    #[inline]
    pub(super) fn to_i64(self) -> Option<i64> {
        if !self.integral {
            return None;
        }
        match i64::try_from(self.digits) {
            Ok(value) if self.exact => Some(if self.negative { -value } else { value }),
            _ => self.text().parse().ok(),
        }
    }

    /// The nearest double; nothing when it is too large for one.
    #[inline]
    pub(super) fn to_f64(self) -> Option<f64> {
        const EXACT: u64 = 1 << 53;
        if self.exact
            && self.digits <= EXACT
            && let Some(power) = POWERS.get(self.exponent.unsigned_abs() as usize)
        {
            // Both operands are exact, so that the one operation rounds correctly.
            #[expect(clippy::cast_precision_loss, reason = "at most 53 bits")]
            let digits = self.digits as f64;
            let value = if self.exponent < 0 { digits / power } else { digits * power };
            return Some(if self.negative { -value } else { value });
        }
        self.text().parse::<f64>().ok().filter(|value| value.is_finite())
    }

    /// The nearest single; nothing when it is too large for one.
    pub(super) fn to_f32(self) -> Option<f32> {
        self.text().parse::<f32>().ok().filter(|value| value.is_finite())
    }

    /// The value times ten to the `scale`, when that is a whole number.
    pub(super) fn to_scaled(self, scale: i32) -> Option<i128> {
        self.shifted(scale, |digits, divisor| {
            divisor.filter(|divisor| digits % divisor == 0).map(|divisor| digits / divisor)
        })
    }

    /// The value times ten to the `scale`, rounded half away from zero.
    pub(super) fn to_rounded(self, scale: i32) -> Option<i128> {
        self.shifted(scale, |digits, divisor| match divisor {
            Some(divisor) => digits.checked_add(divisor / 2).map(|sum| sum / divisor),
            None => Some(0),
        })
    }

    /// The value times ten to the `scale`. `divide` says what becomes of digits behind the point;
    /// its divisor is none when it is larger than all digits held here.
    fn shifted(
        self,
        scale: i32,
        divide: impl Fn(i128, Option<i128>) -> Option<i128>,
    ) -> Option<i128> {
        let (digits, exponent) = self.significant()?;
        let shift = exponent.checked_add(scale)?;
        let power = 10i128.checked_pow(shift.unsigned_abs());
        let value = match shift {
            _ if digits == 0 => 0,
            0.. => digits.checked_mul(power?)?,
            _ => divide(digits, power)?,
        };
        Some(if self.negative { -value } else { value })
    }

    /// All digits and the power of ten, for any count of digits up to 38.
    fn significant(self) -> Option<(i128, i32)> {
        if self.exact {
            return Some((self.digits.into(), self.exponent));
        }
        let mantissa = self.text().split(['e', 'E']).next()?;
        let mut digits = 0i128;
        let mut zeros = 0i32;
        for digit in mantissa.bytes().filter(u8::is_ascii_digit) {
            // Zeros at the end are held back: `1.000…0` has one digit, however long it is.
            if digit == b'0' {
                zeros += 1;
                continue;
            }
            digits = digits.checked_mul(10i128.checked_pow(zeros.unsigned_abs() + 1)?)?;
            digits = digits.checked_add(i128::from(digit - b'0'))?;
            zeros = 0;
        }
        Some((digits, self.exponent.checked_add(zeros)?))
    }
}

#[inline]
fn scan_digits(bytes: &[u8], mut at: usize, digits: &mut u64) -> usize {
    while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
        // Wraps beyond 19 digits, where `exact` says so.
        *digits = digits.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        at += 1;
    }
    at
}

fn scan_exponent(bytes: &[u8], mut at: usize) -> Option<(i32, usize)> {
    let negative = bytes.get(at) == Some(&b'-');
    at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
    let first = at;
    let mut power = 0i32;
    while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
        power = power.saturating_mul(10).saturating_add(i32::from(digit - b'0'));
        at += 1;
    }
    (at > first).then_some((if negative { -power } else { power }, at))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_grammar_is_jsons() {
        let table = [
            ("0", true),
            ("-0", true),
            ("10", true),
            ("1.5e-7", true),
            ("1E+9", true),
            ("01", false),
            ("-", false),
            ("1.", false),
            (".5", false),
            ("1e", false),
            ("+1", false),
            ("0x1", false),
            ("1_000", false),
            ("NaN", false),
            ("", false),
        ];
        for (text, expected) in table {
            assert_eq!(Number::parse(text).is_some(), expected, "{text}");
        }
    }

    #[test]
    fn scaled_values_are_exact_or_nothing() {
        let number = |text| Number::parse(text).unwrap();
        assert_eq!(number("12.34").to_scaled(2), Some(1234));
        assert_eq!(number("12.345").to_scaled(2), None);
        assert_eq!(number("12.340").to_scaled(2), Some(1234));
        assert_eq!(number("-1e3").to_scaled(2), Some(-100_000));
        assert_eq!(
            number("12345678901234567890123456789.5").to_scaled(1),
            Some(123_456_789_012_345_678_901_234_567_895)
        );
        assert_eq!(number("0e999999999").to_scaled(2), Some(0));
        assert_eq!(number("1e999999999").to_scaled(2), None);
        assert_eq!(number("1.5").to_rounded(0), Some(2));
        assert_eq!(number("-1.5").to_rounded(0), Some(-2));
        assert_eq!(number("1e-300").to_rounded(6), Some(0));
    }

    proptest! {
        #[test]
        fn every_double_is_read_back_to_the_bit(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            for text in [format!("{value:e}"), serde_json::to_string(&value).unwrap()] {
                let read = Number::parse(&text).unwrap().to_f64().unwrap();
                prop_assert_eq!(read.to_bits(), value.to_bits(), "{}", text);
            }
        }

        #[test]
        fn epoch_seconds_are_read_as_std_reads_them(micros in 0u64..4_000_000_000_000_000, cut in 0usize..8) {
            let text = format!("{}.{:06}7", micros / 1_000_000, micros % 1_000_000);
            let text = &text[..text.len() - cut.min(6)];
            let read = Number::parse(text).unwrap().to_f64().unwrap();
            prop_assert_eq!(read.to_bits(), text.parse::<f64>().unwrap().to_bits());
        }

        #[test]
        fn every_long_is_read_back(value in any::<i64>()) {
            prop_assert_eq!(Number::parse(&value.to_string()).unwrap().to_i64(), Some(value));
        }
    }
}
