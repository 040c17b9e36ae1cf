//! A rating as JSON text, compact or exactly as Python's `json.dumps` prints it.
//!
//! The writers here take any text. The quick way for generated records, whose texts are known
//! beforehand, is in `line.rs`; both print the same bytes. Reading JSON is left to serde.

#[cfg(test)]
mod tests;

/// How a record looks as JSON. Both styles hold the same keys in the same order: `user`,
/// `favoritecaptain`, `rating`, `timestamp`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JsonStyle {
    /// No spaces and UTF-8 as it is: the bytes that `serde_json::to_string` gives.
    ///
    /// A timestamp that is not a number or infinite becomes `null`, for JSON has no word for it;
    /// such a record cannot be read back.
    #[default]
    Compact,
    /// The bytes that Python's `json.dumps` gives with its default settings, as the tutorial's
    /// producer sends them: `", "` and `": "` between the parts, ASCII only (`\u00e9`, surrogate
    /// pairs beyond the basic plane, and `\u007f`), floats as `repr` prints them (`1e-05`).
    ///
    /// Like Python's, it prints `NaN`, `Infinity` and `-Infinity` as bare words, which is not JSON:
    /// most readers refuse them. No time source of this crate makes such a value by itself.
    Python,
}

impl JsonStyle {
    /// The fixed text between the values.
    pub(crate) const fn layout(self) -> Layout {
        match self {
            Self::Compact => Layout {
                user: r#"{"user":""#,
                captain: r#"","favoritecaptain":""#,
                rating: r#"","rating":"#,
                timestamp: r#","timestamp":"#,
                end: "}",
            },
            Self::Python => Layout {
                user: r#"{"user": ""#,
                captain: r#"", "favoritecaptain": ""#,
                rating: r#"", "rating": "#,
                timestamp: r#", "timestamp": "#,
                end: "}",
            },
        }
    }

    /// Whether a character stands for itself between the quotes of a string.
    fn keeps(self, c: char) -> bool {
        let plain = c >= ' ' && c != '"' && c != '\\';
        plain && (self == Self::Compact || c < '\u{7f}')
    }
}

/// The fixed text of a record; the quotes around the two strings belong to it.
pub(crate) struct Layout {
    pub(crate) user: &'static str,
    pub(crate) captain: &'static str,
    pub(crate) rating: &'static str,
    pub(crate) timestamp: &'static str,
    pub(crate) end: &'static str,
}

/// Something that text can be added to.
pub(crate) trait Text {
    fn add(&mut self, text: &str);
}

impl Text for String {
    fn add(&mut self, text: &str) {
        self.push_str(text);
    }
}

impl Text for Vec<u8> {
    fn add(&mut self, text: &str) {
        self.extend_from_slice(text.as_bytes());
    }
}

/// The values of one record, borrowed. The user comes in parts that are printed without a gap.
pub(crate) struct Values<'a> {
    pub(crate) user: &'a [&'a str],
    pub(crate) captain: &'a str,
    pub(crate) rating: i32,
    pub(crate) timestamp: f64,
}

/// Adds one record without anything after its closing brace.
pub(crate) fn write_record(style: JsonStyle, values: &Values<'_>, out: &mut impl Text) {
    let layout = style.layout();
    out.add(layout.user);
    for part in values.user {
        write_escaped(style, part, out);
    }
    out.add(layout.captain);
    write_escaped(style, values.captain, out);
    out.add(layout.rating);
    out.add(itoa::Buffer::new().format(values.rating));
    out.add(layout.timestamp);
    write_float(style, values.timestamp, out);
    out.add(layout.end);
}

/// Adds a number as the style prints it: always the shortest text that reads back as the same
/// number.
pub(crate) fn write_float(style: JsonStyle, value: f64, out: &mut impl Text) {
    if !value.is_finite() {
        out.add(match style {
            JsonStyle::Compact => "null",
            JsonStyle::Python if value.is_nan() => "NaN",
            JsonStyle::Python if value > 0.0 => "Infinity",
            JsonStyle::Python => "-Infinity",
        });
        return;
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value);
    // The shortest digits are the same everywhere; only below 1e-4 does Python arrange them
    // otherwise: `1e-05` for 0.00001, and two digits in the exponent.
    let small = value != 0.0 && value.abs() < 1e-4;
    if small && style == JsonStyle::Python { write_small(text, out) } else { out.add(text) }
}

/// Adds a number between 0 and 1e-4 as Python prints it. `text` is `0.0000` and digits for
/// 1e-5 and above, and below that already has an exponent, of one digit or more.
fn write_small(text: &str, out: &mut impl Text) {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    out.add(sign);
    if let Some(digits) = digits.strip_prefix("0.0000") {
        let (first, rest) = digits.split_at_checked(1).unwrap_or((digits, ""));
        out.add(first);
        if !rest.is_empty() {
            out.add(".");
            out.add(rest);
        }
        out.add("e-05");
    } else if let Some((mantissa, exponent)) = digits.split_once("e-") {
        out.add(mantissa);
        out.add(if exponent.len() < 2 { "e-0" } else { "e-" });
        out.add(exponent);
    } else {
        out.add(digits);
    }
}

/// Adds the text of a string, without the quotes around it.
fn write_escaped(style: JsonStyle, text: &str, out: &mut impl Text) {
    let mut rest = text;
    while let Some((at, c)) = rest.char_indices().find(|(_, c)| !style.keeps(*c)) {
        let (plain, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.add(plain);
        write_escape(c, out);
        rest = from.get(c.len_utf8()..).unwrap_or("");
    }
    out.add(rest);
}

/// Adds one character that does not stand for itself.
fn write_escape(c: char, out: &mut impl Text) {
    match c {
        '"' => out.add("\\\""),
        '\\' => out.add("\\\\"),
        '\u{8}' => out.add("\\b"),
        '\t' => out.add("\\t"),
        '\n' => out.add("\\n"),
        '\u{c}' => out.add("\\f"),
        '\r' => out.add("\\r"),
        c => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write_hex(*unit, out);
            }
        }
    }
}

/// Adds `\u` and four hexadecimal digits, small letters as serde_json and Python print them.
fn write_hex(unit: u16, out: &mut impl Text) {
    out.add("\\u");
    for shift in [12, 8, 4, 0] {
        let digit = char::from_digit(u32::from(unit >> shift & 0xf), 16).unwrap_or('0');
        out.add(digit.encode_utf8(&mut [0; 4]));
    }
}
