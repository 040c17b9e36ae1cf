//! The quick way through a record: one pass, values straight into their columns.
//!
//! It knows less than JSON: at anything unusual (an escape, a nested value in a column that is not
//! nested, a fault of any kind) it gives up, and `document` reads the record again from its start. So it decides nothing on
//! its own: a record that it takes has exactly the rows that `document` would make of it, and
//! every refusal comes from there.

mod nested;

use super::{
    Row,
    column::{Text, Value},
    keys::Keys,
    number::Number,
};

/// Adds the rows of `record`; answers with whether it could. If not, rows may be left behind that
/// the caller has to drop.
pub(super) fn read_record(row: &mut Row<'_>, record: &[u8]) -> bool {
    let mut scanner = Scanner { bytes: record, at: 0 };
    scanner.skip_blanks();
    // An empty record is a fault with a message of its own.
    let mut rows = 0;
    while scanner.at < record.len() {
        if scanner.object(row).is_none() {
            return false;
        }
        row.end();
        rows += 1;
        scanner.skip_blanks();
    }
    rows > 0
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    /// One object, its values put into the row.
    #[inline]
    fn object(&mut self, row: &mut Row<'_>) -> Option<()> {
        self.take(b'{')?;
        self.skip_blanks();
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        let mut expected = 0;
        loop {
            let column = self.key(row.keys(), expected)?;
            self.skip_blanks();
            self.take(b':')?;
            self.skip_blanks();
            if matches!(self.peek()?, b'{' | b'[') {
                // A nested value that goes nowhere would have to be checked all the same.
                expected = column? + 1;
                self.nested(row.begin(column?)?)?;
            } else {
                let value = self.value()?;
                if let Some(column) = column {
                    row.set(column, value).ok()?;
                    expected = column + 1;
                }
            }
            self.skip_blanks();
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
            self.skip_blanks();
        }
    }

    /// The column of the key here, or none for a key that is not in the table.
    #[inline]
    fn key(&mut self, keys: &Keys, expected: usize) -> Option<Option<usize>> {
        if let Some(length) = keys.at(expected, self.bytes.get(self.at..)?) {
            self.at += length;
            return Some(Some(expected));
        }
        let key = self.string()?;
        key.is_ascii().then(|| keys.find_ascii(key))
    }

    #[inline]
    fn value(&mut self) -> Option<Value<'a>> {
        match self.peek()? {
            b'"' => self.string().map(|text| Value::Text(Text(text))),
            b'-' | b'0'..=b'9' => {
                let (number, end) = Number::scan(self.bytes, self.at)?;
                self.at = end;
                Some(Value::Number(number))
            }
            b't' => self.word(b"true", Value::Bool(true)),
            b'f' => self.word(b"false", Value::Bool(false)),
            b'n' => self.word(b"null", Value::Null),
            _ => None,
        }
    }

    fn word(&mut self, word: &[u8], value: Value<'a>) -> Option<Value<'a>> {
        self.bytes.get(self.at..)?.starts_with(word).then(|| {
            self.at += word.len();
            value
        })
    }

    /// The inside of the string here; nothing when it has an escape, a control character, or
    /// bytes that are not UTF-8.
    #[inline]
    fn string(&mut self) -> Option<&'a [u8]> {
        self.take(b'"')?;
        let start = self.at;
        let (end, ascii) = plain_until_quote(self.bytes, start)?;
        let inside = self.bytes.get(start..end)?;
        if !ascii {
            std::str::from_utf8(inside).ok()?;
        }
        self.at = end + 1;
        Some(inside)
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    #[inline]
    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Finds the quote that ends the string, eight bytes at a time; answers with its place and
/// whether all before it is ASCII. Nothing when an escape or a control character comes first.
#[inline]
fn plain_until_quote(bytes: &[u8], start: usize) -> Option<(usize, bool)> {
    let mut at = start;
    let mut high = 0;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let stops = stops(word);
        if stops != 0 {
            let offset = stops.trailing_zeros() / 8;
            // The bytes before the stop: none for offset 0.
            high |= word & HIGHS & ((1u64 << (offset * 8)) - 1);
            let end = at + offset as usize;
            return (bytes.get(end) == Some(&b'"')).then_some((end, high == 0));
        }
        high |= word & HIGHS;
        at += 8;
    }
    for (offset, byte) in bytes.get(at..)?.iter().enumerate() {
        match byte {
            b'"' => return Some((at + offset, high == 0)),
            b'\\' | 0..=0x1f => return None,
            _ => high |= u64::from(byte & 0x80),
        }
    }
    None
}

/// A mark in each byte that is a quote, a backslash or a control character. Marks above the
/// lowest one may be wrong, the lowest is right.
#[inline]
fn stops(word: u64) -> u64 {
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let quote = zero(word ^ (ONES * 0x22));
    let backslash = zero(word ^ (ONES * 0x5c));
    let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
    quote | backslash | control
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slowly(bytes: &[u8]) -> Option<(usize, bool)> {
        let end = bytes.iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1f))?;
        (bytes[end] == b'"').then(|| (end, bytes[..end].is_ascii()))
    }

    proptest! {
        #[test]
        fn the_quote_is_found_where_it_is(
            bytes in prop::collection::vec(
                prop_oneof![8 => b' '..=b'~', 1 => any::<u8>(), 1 => Just(b'"')], 0..40)
        ) {
            prop_assert_eq!(plain_until_quote(&bytes, 0), slowly(&bytes));
        }
    }
}
