//! Looks over what a Parquet file says of itself, its footer and its page headers, before the decoder does.
//!
//! Both are Thrift's compact encoding. The decoder passes over a field that it does not know element by
//! element, and an element of some lists takes no byte of its own there: six bytes can announce two
//! thousand million of them, and keep a core busy for seconds each time they stand in the file. It also takes a
//! field that it knows for what the field should be, whatever the file says that it is. So here every field that
//! is known must be of its kind, and every list must fit into the bytes that are left; after that the
//! decoder's work is bounded by the number of bytes. All else that may be wrong is the decoder's to tell.
//!
//! [The encoding](https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).

mod kinds;

use parquet::errors::ParquetError;

use kinds::{FOOTER, Field, Kind, PAGE_HEADER};

/// The decoder goes no deeper into a field that it does not know.
const DEEPEST: usize = 64;

/// Looks over a footer, without its length and magic number.
///
/// # Errors
///
/// When a field is of the wrong kind, or a list longer than the footer.
pub(crate) fn check_footer(footer: &[u8]) -> Result<(), ParquetError> {
    match Walker::new(footer).structure(FOOTER, DEEPEST) {
        Err(Fault::Refused(why)) => Err(ParquetError::General(format!("footer: {why}"))),
        Ok(_) | Err(Fault::Undecodable) => Ok(()),
    }
}

/// Looks over the page headers of a column chunk: those that begin in the first `length` of `bytes`. The
/// decoder reads a header to its end, wherever that is.
///
/// # Errors
///
/// As [`check_footer`].
pub(crate) fn check_pages(bytes: &[u8], length: usize) -> Result<(), ParquetError> {
    let behind = bytes.len().saturating_sub(length);
    let mut rest = bytes;
    while rest.len() > behind {
        let mut walker = Walker::new(rest);
        let size = match walker.structure(PAGE_HEADER, DEEPEST) {
            Err(Fault::Refused(why)) => {
                return Err(ParquetError::General(format!("page header: {why}")));
            }
            // The decoder comes no further than this either.
            Err(Fault::Undecodable) | Ok(None) => return Ok(()),
            Ok(Some(size)) => usize::try_from(size).ok(),
        };
        match size.and_then(|size| walker.left.get(size..)) {
            Some(next) => rest = next,
            None => return Ok(()),
        }
    }
    Ok(())
}

/// Why a walk ends early.
#[derive(Debug)]
enum Fault {
    /// The decoder must not see this.
    Refused(String),
    /// Cut off, or no Thrift: the decoder finds the same.
    Undecodable,
}

/// What is left of the bytes.
struct Walker<'a> {
    left: &'a [u8],
}

impl<'a> Walker<'a> {
    fn new(left: &'a [u8]) -> Self {
        Self { left }
    }

    /// Passes over a structure; returns the value of its field [`kinds::PAGE_SIZE`], if it has one.
    fn structure(&mut self, known: &[Field], depth: usize) -> Result<Option<i64>, Fault> {
        let (mut last, mut size) = (0_i64, None);
        loop {
            let head = self.byte()?;
            let wire = head & 0x0f;
            if wire == wire::STOP {
                return Ok(size);
            }
            last = match head >> 4 {
                0 => self.integer()?,
                step => last.checked_add(i64::from(step)).ok_or(Fault::Undecodable)?,
            };
            match known.iter().find(|(id, _)| i64::from(*id) == last) {
                Some((_, kind)) if !kind.is_written_as(wire) => {
                    return Err(Fault::Refused(format!("field {last} is of kind {wire}")));
                }
                Some((id, Kind::Integer)) if *id == kinds::PAGE_SIZE => {
                    size = Some(self.integer()?)
                }
                Some((_, Kind::Structure(known))) => drop(self.structure(known, deeper(depth)?)?),
                Some((_, Kind::List(element))) => self.list(Some(element), depth)?,
                _ => self.value(wire, depth)?,
            }
        }
    }

    /// Passes over a value of which nothing is known.
    fn value(&mut self, wire: u8, depth: usize) -> Result<(), Fault> {
        match wire {
            wire::TRUE | wire::FALSE => Ok(()),
            wire::BYTE => self.pass(1),
            wire::I16 | wire::I32 | wire::I64 => self.integer().map(drop),
            wire::DOUBLE => self.pass(8),
            wire::UUID => self.pass(16),
            wire::BINARY => {
                let length = self.unsigned()?;
                self.pass(usize::try_from(length).map_err(|_| Fault::Undecodable)?)
            }
            wire::LIST | wire::SET => self.list(None, depth),
            wire::MAP => self.map(depth),
            wire::STRUCT => self.structure(&[], deeper(depth)?).map(drop),
            _ => Err(Fault::Undecodable),
        }
    }

    fn list(&mut self, element: Option<&Kind>, depth: usize) -> Result<(), Fault> {
        let head = self.byte()?;
        let (wire, count) = (head & 0x0f, u64::from(head >> 4));
        let count = if count == 15 { self.unsigned()? } else { count };
        if let Some(element) = element.filter(|element| count > 0 && !element.is_written_as(wire)) {
            return Err(Fault::Refused(format!(
                "a list of {element:?} has elements of kind {wire}"
            )));
        }
        self.bounded(count, &[wire])?;
        for _ in 0..count {
            match element {
                Some(Kind::Structure(known)) => drop(self.structure(known, deeper(depth)?)?),
                _ => self.value(wire, deeper(depth)?)?,
            }
        }
        Ok(())
    }

    fn map(&mut self, depth: usize) -> Result<(), Fault> {
        let count = self.unsigned()?;
        if count == 0 {
            return Ok(());
        }
        let kinds = self.byte()?;
        let (key, value) = (kinds >> 4, kinds & 0x0f);
        self.bounded(count, &[key, value])?;
        for _ in 0..count {
            self.value(key, deeper(depth)?)?;
            self.value(value, deeper(depth)?)?;
        }
        Ok(())
    }

    /// Refuses elements without bytes of their own, and more elements than there are bytes.
    fn bounded(&self, count: u64, wires: &[u8]) -> Result<(), Fault> {
        let empty = wires.iter().any(|wire| matches!(*wire, wire::TRUE | wire::FALSE));
        let left = u64::try_from(self.left.len()).unwrap_or(u64::MAX);
        if count > left || (empty && count > 0) {
            let what = if empty { "truth values" } else { "elements" };
            return Err(Fault::Refused(format!("{count} {what} in {left} bytes")));
        }
        Ok(())
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        let (first, rest) = self.left.split_first().ok_or(Fault::Undecodable)?;
        self.left = rest;
        Ok(*first)
    }

    fn pass(&mut self, count: usize) -> Result<(), Fault> {
        self.left = self.left.get(count..).ok_or(Fault::Undecodable)?;
        Ok(())
    }

    /// Seven bits a byte, the lowest first. What exceeds 64 bits is lost, as it is to the decoder.
    fn unsigned(&mut self) -> Result<u64, Fault> {
        let (mut value, mut shift) = (0_u64, 0_u32);
        loop {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).wrapping_shl(shift);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
            shift = shift.wrapping_add(7);
        }
    }

    /// The sign stands in the lowest bit.
    fn integer(&mut self) -> Result<i64, Fault> {
        let value = self.unsigned()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }
}

fn deeper(depth: usize) -> Result<usize, Fault> {
    depth.checked_sub(1).ok_or(Fault::Undecodable)
}

/// How kinds are written before a field, an element, a key.
mod wire {
    pub(super) const STOP: u8 = 0;
    pub(super) const TRUE: u8 = 1;
    pub(super) const FALSE: u8 = 2;
    pub(super) const BYTE: u8 = 3;
    pub(super) const I16: u8 = 4;
    pub(super) const I32: u8 = 5;
    pub(super) const I64: u8 = 6;
    pub(super) const DOUBLE: u8 = 7;
    pub(super) const BINARY: u8 = 8;
    pub(super) const LIST: u8 = 9;
    pub(super) const SET: u8 = 10;
    pub(super) const MAP: u8 = 11;
    pub(super) const STRUCT: u8 = 12;
    pub(super) const UUID: u8 = 13;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list of so many truth values in a field that nobody knows.
    fn bomb(field: u8, count: &[u8]) -> Vec<u8> {
        [&[0x09, field << 1, 0xf1], count, &[0x00]].concat()
    }

    fn check_all(pages: &[u8]) -> Result<(), ParquetError> {
        check_pages(pages, pages.len())
    }

    #[test]
    fn what_takes_no_bytes_is_refused_wherever_it_stands() {
        let many = [0xff, 0xff, 0xff, 0xff, 0x07];
        let list = bomb(60, &many);
        let map = [&[0x0b, 120][..], &many, &[0x11, 0x00]].concat();
        // Inside another unknown structure, inside a list of lists, and behind a known field.
        let nested = [&[0x0c, 120][..], &list, &[0x00]].concat();
        let lists = [&[0x09, 120, 0x19, 0xf1][..], &many, &[0x00]].concat();
        let behind = [&[0x15, 0x02][..], &list].concat();
        for bytes in [&list, &map, &nested, &lists, &behind] {
            for check in [check_footer, check_all] {
                let error = check(bytes).unwrap_err().to_string();
                assert!(error.contains("truth values"), "{error}");
            }
        }
        let few = bomb(60, &[0x03]);
        assert!(check_footer(&few).is_err());
    }

    #[test]
    fn a_list_longer_than_the_bytes_is_refused() {
        let long = [0x19, 0xfc, 0xff, 0x7f, 0x00];
        let unknown = [&[0x09, 120][..], &long[1..]].concat();
        for bytes in [&[&[0x15, 0x02][..], &long].concat(), &unknown] {
            let error = check_footer(bytes).unwrap_err().to_string();
            assert!(error.contains("16383 elements in 1 bytes"), "{error}");
        }
    }

    #[test]
    fn a_known_field_of_another_kind_is_refused() {
        // The version as a double; the schema as a list of integers; the size of a page as a string.
        for (check, bytes, word) in [
            (check_footer as fn(&[u8]) -> _, &[0x17, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], "field 1"),
            (check_footer, &[0x29, 0x15, 0x00, 0x00], "elements of kind 5"),
            (check_all, &[0x38, 0x00, 0x00], "field 3"),
        ] {
            let error: ParquetError = check(bytes).unwrap_err();
            assert!(error.to_string().contains(word), "{error}");
        }
    }

    /// Three pages of four bytes, and a list that is none of them.
    #[test]
    fn every_page_is_looked_at_and_nothing_behind_them() {
        let page = [0x35, 0x08, 0x00, 1, 2, 3, 4];
        let pages = [&page.repeat(3), &bomb(60, &[0x03])[..]].concat();
        assert!(check_pages(&pages, 21).is_ok());
        // It begins in the chunk and ends behind it.
        assert!(check_pages(&pages, 22).is_err());
        assert!(check_pages(&[], 5).is_ok());
    }

    #[test]
    fn the_rest_is_left_to_the_decoder() {
        for bytes in [&[][..], &[0x15], &[0xfe], &[0xff; 64], &[0xfc; 200]] {
            assert!(check_footer(bytes).is_ok() && check_all(bytes).is_ok(), "{bytes:?}");
        }
    }
}
