//! Which column a JSON key belongs to.

/// When a key is that of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyRules {
    /// Case does not count.
    pub(super) ignore_case: bool,
    /// A dot in the key is an underscore.
    pub(super) dots: bool,
}

/// The names that keys are compared with: of the columns of a table, or of the members of a
/// struct.
#[derive(Debug)]
pub(super) struct Keys {
    names: Vec<Name>,
    rules: KeyRules,
}

#[derive(Debug)]
struct Name {
    wanted: Box<str>,
    /// The name with the quotes around it, as a compact writer leaves it in the JSON.
    quoted: Box<[u8]>,
}

impl Keys {
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a str>, rules: KeyRules) -> Self {
        let names = names.map(|name| {
            let wanted = if rules.ignore_case { name.to_lowercase() } else { name.to_owned() };
            Name { quoted: format!("\"{wanted}\"").into_bytes().into(), wanted: wanted.into() }
        });
        Self { names: names.collect(), rules }
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
        let place = |same: fn(u8, u8) -> bool| {
            let equal = |name: &Name| {
                let wanted = name.wanted.as_bytes();
                wanted.len() == key.len() && wanted.iter().zip(key).all(|(a, b)| same(*a, *b))
            };
            self.names.iter().position(equal)
        };
        match (self.rules.ignore_case, self.rules.dots) {
            (true, false) => {
                self.names.iter().position(|name| name.wanted.as_bytes().eq_ignore_ascii_case(key))
            }
            (false, false) => place(|a, b| a == b),
            (true, true) => place(|a, b| a.eq_ignore_ascii_case(&b) || is_dot(a, b)),
            (false, true) => place(|a, b| a == b || is_dot(a, b)),
        }
    }

    /// The column of any key.
    pub(super) fn find(&self, key: &str) -> Option<usize> {
        if key.is_ascii() {
            return self.find_ascii(key.as_bytes());
        }
        let mut key = if self.rules.ignore_case { key.to_lowercase() } else { key.to_owned() };
        if self.rules.dots {
            key = key.replace('.', "_");
        }
        self.names.iter().position(|name| *name.wanted == *key)
    }
}

fn is_dot(wanted: u8, found: u8) -> bool {
    wanted == b'_' && found == b'.'
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
