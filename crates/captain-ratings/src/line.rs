//! The quick way from a drawn record to JSON: ready-made pieces, copied whole.
//!
//! Names and captains are kept as they stand in JSON, padded to one width, so that each is copied
//! by a single wide store instead of a call for a length that changes every time; the next piece
//! is written over the padding. The line is put together in a small array and then appended to
//! the output at once. Texts that do not fit this scheme go through `json.rs`.

use crate::captains::{CAPTAINS, OUTLIER_CAPTAIN};
use crate::drawn::DrawnRating;
use crate::json::{self, JsonStyle, Text};
use crate::names::{FIRST_NAMES, LAST_NAMES};

#[cfg(test)]
mod tests;

/// A short text in a wide place; what stands behind `len` is padding.
#[derive(Clone, Copy, Debug)]
struct Piece<const WIDTH: usize> {
    bytes: [u8; WIDTH],
    len: usize,
}

impl<const WIDTH: usize> Piece<WIDTH> {
    const EMPTY: Self = Self { bytes: [0; WIDTH], len: 0 };

    /// The parts one after the other, or an empty piece if they are too long or if one of them
    /// is not the same inside a JSON string as outside of it.
    const fn of(parts: &[&str], escaped: bool) -> Self {
        let mut piece = Self::EMPTY;
        let mut part = 0;
        while part < parts.len() {
            let text = parts[part].as_bytes();
            let mut at = 0;
            while at < text.len() {
                let byte = text[at];
                let plain = byte >= b' ' && byte < 0x7f && byte != b'"' && byte != b'\\';
                if piece.len == WIDTH || !(plain || escaped) {
                    return Self::EMPTY;
                }
                piece.bytes[piece.len] = byte;
                piece.len += 1;
                at += 1;
            }
            part += 1;
        }
        piece
    }
}

/// Pieces of names: the longest of today's tables has 13 letters.
type Name = Piece<16>;
/// The captain with the keys around him, 54 bytes at most.
type Captain = Piece<64>;
/// The timestamp with its key, the closing brace and the line's end: 15 + 25 + 1 + 1 at most.
type Tail = Piece<64>;

static FIRST: [Name; FIRST_NAMES.len()] = names(FIRST_NAMES, " ");
static LAST: [Name; LAST_NAMES.len()] = names(LAST_NAMES, "");
/// The fourteen captains and, last, the outlier.
static COMPACT_CAPTAINS: [Captain; CAPTAINS.len() + 1] = captains(JsonStyle::Compact);
static PYTHON_CAPTAINS: [Captain; CAPTAINS.len() + 1] = captains(JsonStyle::Python);

const fn names<const N: usize>(table: &[&str], after: &str) -> [Name; N] {
    let mut pieces = [Name::EMPTY; N];
    let mut place = 0;
    while place < N {
        pieces[place] = Name::of(&[table[place], after], false);
        place += 1;
    }
    pieces
}

const fn captains(style: JsonStyle) -> [Captain; CAPTAINS.len() + 1] {
    let layout = style.layout();
    let mut pieces = [Captain::EMPTY; CAPTAINS.len() + 1];
    let mut place = 0;
    while place < pieces.len() {
        let name = if place < CAPTAINS.len() { CAPTAINS[place] } else { OUTLIER_CAPTAIN };
        pieces[place] = Captain::of(&[layout.captain, name, layout.rating], true);
        place += 1;
    }
    pieces
}

/// Room for the widest line: opening (10), two names (16 each), captain (64), rating (16), tail (64).
/// All are counted with their padding, so every copy below finds its place.
const LINE_WIDTH: usize = 256;

/// Writes drawn records as lines of one style.
#[derive(Debug)]
pub(crate) struct LineWriter {
    style: JsonStyle,
    line_end: &'static str,
    /// The closing brace and the line's end.
    end: Piece<8>,
    captains: &'static [Captain; CAPTAINS.len() + 1],
    line: [u8; LINE_WIDTH],
    /// Length of the line's opening, which stands there from the beginning and never changes.
    opening: usize,
    /// Length of the timestamp's key, which stands in `tail` from the beginning.
    key: usize,
    tail: Tail,
    /// The timestamp that `tail` was printed from. Records that share a reading share its text.
    tail_bits: Option<u64>,
}

impl LineWriter {
    /// `line_end` is put after each record: nothing, or a line break.
    pub(crate) fn new(style: JsonStyle, line_end: &'static str) -> Self {
        let layout = style.layout();
        let opening: Piece<LINE_WIDTH> = Piece::of(&[layout.user], true);
        let tail = Tail::of(&[layout.timestamp], true);
        let captains = match style {
            JsonStyle::Compact => &COMPACT_CAPTAINS,
            JsonStyle::Python => &PYTHON_CAPTAINS,
        };
        Self {
            style,
            line_end,
            end: Piece::of(&[layout.end, line_end], true),
            captains,
            line: opening.bytes,
            opening: opening.len,
            key: tail.len,
            tail,
            tail_bits: None,
        }
    }

    /// Appends one record and the line's end.
    #[inline]
    pub(crate) fn write(&mut self, drawn: &DrawnRating, out: &mut Vec<u8>) {
        let picks = &drawn.picks;
        let captain = picks.captain.unwrap_or(CAPTAINS.len());
        let pieces = (FIRST.get(picks.first_name), LAST.get(picks.last_name));
        if let (Some(first), Some(last)) = pieces
            && let Some(captain) = self.captains.get(captain)
            && first.len > 0
            && last.len > 0
        {
            self.set_tail(drawn.timestamp);
            let mut len = self.opening;
            put(&mut self.line, &mut len, first);
            put(&mut self.line, &mut len, last);
            put(&mut self.line, &mut len, captain);
            put(&mut self.line, &mut len, &rating_piece(picks.rating));
            put(&mut self.line, &mut len, &self.tail);
            out.extend_from_slice(self.line.get(..len).unwrap_or_default());
        } else {
            drawn.write_json(self.style, out);
            out.extend_from_slice(self.line_end.as_bytes());
        }
    }

    /// Prints the timestamp and what follows it, unless it stands there already.
    #[inline]
    fn set_tail(&mut self, timestamp: f64) {
        if self.tail_bits != Some(timestamp.to_bits()) {
            self.tail_bits = Some(timestamp.to_bits());
            self.tail.len = self.key;
            json::write_float(self.style, timestamp, &mut self.tail);
            put(&mut self.tail.bytes, &mut self.tail.len, &self.end);
        }
    }
}

impl<const WIDTH: usize> Text for Piece<WIDTH> {
    /// Adds the text as far as there is room; every use here has room for all of it.
    #[inline]
    fn add(&mut self, text: &str) {
        let to = self.len + text.len();
        if let Some(place) = self.bytes.get_mut(self.len..to) {
            place.copy_from_slice(text.as_bytes());
            self.len = to;
        }
    }
}

/// Copies a piece with its padding to `line[*len..]`, and moves `len` behind its text.
#[inline]
fn put<const WIDTH: usize>(line: &mut [u8], len: &mut usize, piece: &Piece<WIDTH>) {
    let place = line.get_mut(*len..).and_then(|rest| rest.first_chunk_mut::<WIDTH>());
    if let Some(place) = place {
        *place = piece.bytes;
        *len += piece.len;
    }
}

#[inline]
fn rating_piece(rating: i32) -> Piece<16> {
    let mut piece = Piece::EMPTY;
    piece.add(itoa::Buffer::new().format(rating));
    piece
}
