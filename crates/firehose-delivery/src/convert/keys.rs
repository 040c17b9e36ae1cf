//! Which column a JSON key belongs to.

use crate::GlueColumn;

/// The names of the columns, ready for comparison with keys.
///
/// Keys match without regard to case, as the OpenX SerDe does it by default.
#[derive(Debug)]
pub(super) struct Keys {
    names: Vec<Name>,
}

#[derive(Debug)]
struct Name {
    lower: Box<str>,
    /// The name with the quotes around it, as a compact writer leaves it in the JSON.
    quoted: Box<[u8]>,
}

impl Keys {
    pub(super) fn new(columns: &[GlueColumn]) -> Self {
        let names = columns.iter().map(|column| Name {
            lower: column.name().into(),
            quoted: format!("\"{}\"", column.name()).into_bytes().into(),
        });
        Self { names: names.collect() }
    }

    /// Whether `rest` begins with the quoted name of column `index`; answers with its length.
    /// Most producers write their keys in the order of the table, so one comparison does.
    #[inline]
    pub(super) fn at(&self, index: usize, rest: &[u8]) -> Option<usize> {
        // A name that needs escapes in JSON never stands in it as it is.
        let quoted = &self.names.get(index)?.quoted;
        begins_with(rest, quoted).then_some(quoted.len())
    }

    /// The column of an ASCII key without escapes.
    pub(super) fn find_ascii(&self, key: &[u8]) -> Option<usize> {
        self.names.iter().position(|name| name.lower.as_bytes().eq_ignore_ascii_case(key))
    }

    /// The column of any key.
    pub(super) fn find(&self, key: &str) -> Option<usize> {
        if key.is_ascii() {
            return self.find_ascii(key.as_bytes());
        }
        let lower = key.to_lowercase();
        self.names.iter().position(|name| *name.lower == *lower)
    }
}

/// `starts_with`, eight bytes at a time in place: names are too short for a call to pay off.
#[inline]
fn begins_with(text: &[u8], start: &[u8]) -> bool {
    let Some(text) = text.get(..start.len()) else { return false };
    let (eights, rest) = start.as_chunks::<8>();
    let (text_eights, text_rest) = text.as_chunks::<8>();
    let equal = |(a, b): (&[u8; 8], &[u8; 8])| u64::from_le_bytes(*a) == u64::from_le_bytes(*b);
    eights.iter().zip(text_eights).all(equal) && rest.iter().zip(text_rest).all(|(a, b)| a == b)
}
