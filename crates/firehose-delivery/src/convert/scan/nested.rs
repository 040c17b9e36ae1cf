//! Nested values on the quick way: straight into the columns of the type.

use super::{Scanner, Text, Value};
use crate::convert::{column::Column, keys::Keys, nested::Nested};

/// Entries of a map that are compared with each other for a key that comes twice.
const MOST_ENTRIES: usize = 32;

impl Scanner<'_> {
    /// The nested value here, as a row of `column`. Nothing when the column is not nested, or not
    /// of this kind.
    pub(super) fn nested(&mut self, column: &mut Column) -> Option<()> {
        match column.nested()? {
            Nested::Array { items, .. } => self.items(items)?,
            Nested::Struct { rows, members, keys, .. } => self.members(*rows, members, keys)?,
            Nested::Map { keys, values, lowers_keys, .. } => {
                self.entries(keys, values, *lowers_keys)?;
            }
        }
        column.nested()?.end_row();
        column.mark_valid();
        Some(())
    }

    /// Any value, as a row of `column`.
    #[inline]
    fn value_into(&mut self, column: &mut Column) -> Option<()> {
        if matches!(self.peek()?, b'{' | b'[') {
            return self.nested(column);
        }
        column.push(self.value()?).ok()
    }

    fn items(&mut self, items: &mut Column) -> Option<()> {
        self.take(b'[')?;
        self.skip_blanks();
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        loop {
            self.value_into(items)?;
            if self.goes_on(b']')? {
                return Some(());
            }
        }
    }

    fn members(&mut self, rows: usize, members: &mut [Column], keys: &Keys) -> Option<()> {
        if self.opens_empty()? {
            return Some(());
        }
        let mut expected = 0;
        loop {
            let place = self.key(keys, expected)?;
            self.colon()?;
            match place.and_then(|place| members.get_mut(place)) {
                Some(member) => {
                    if member.len() > rows {
                        member.truncate(rows);
                    }
                    self.value_into(member)?;
                    expected = place? + 1;
                }
                None => drop(self.value()?),
            }
            if self.goes_on(b'}')? {
                return Some(());
            }
        }
    }

    fn entries(&mut self, keys: &mut Column, values: &mut Column, lower: bool) -> Option<()> {
        if !keys.takes_any_text() {
            return None;
        }
        let first = keys.len();
        if self.opens_empty()? {
            return Some(());
        }
        loop {
            let key = self.string()?;
            // Other letters than ASCII's may have a lower case of another length.
            let lowered =
                (lower && key.iter().any(u8::is_ascii_uppercase)).then(|| key.to_ascii_lowercase());
            if lower && !key.is_ascii() {
                return None;
            }
            let key = lowered.as_deref().unwrap_or(key);
            if keys.len() - first >= MOST_ENTRIES
                || keys.texts_from(first).any(|other| other == key)
            {
                return None;
            }
            keys.push(Value::Text(Text(key))).ok()?;
            self.colon()?;
            self.value_into(values)?;
            if self.goes_on(b'}')? {
                return Some(());
            }
        }
    }

    /// Takes the brace of an object; whether it closes at once.
    fn opens_empty(&mut self) -> Option<bool> {
        self.take(b'{')?;
        self.skip_blanks();
        let empty = self.peek()? == b'}';
        self.at += usize::from(empty);
        Some(empty)
    }

    fn colon(&mut self) -> Option<()> {
        self.skip_blanks();
        self.take(b':')?;
        self.skip_blanks();
        Some(())
    }

    /// Takes what follows a value: a comma, or the end.
    fn goes_on(&mut self, end: u8) -> Option<bool> {
        self.skip_blanks();
        let found = self.peek()?;
        if found != b',' && found != end {
            return None;
        }
        self.at += 1;
        self.skip_blanks();
        Some(found == end)
    }
}
