//! Keys of objects and the paths where they lie. Pure.
//!
//! A key is cut at its slashes; each segment is a file name of its own. Ordinary segments are the
//! file name as they are. Odd ones are escaped with `%`, so that every key has one path, every
//! path has at most one key, and no key leaves its bucket:
//!
//! | segment | lies under |
//! |---|---|
//! | empty (`a//b`, `a/`) | `%` |
//! | `.` and `..` | `%2E` and `%2E%2E` |
//! | with a control character, `%` or `\` | that character as `%` and two hexadecimal digits |
//! | longer than [`NAME_BYTES`] | cut in pieces: directories that end in `%more`, then the rest |
//!
//! Where `a` and `a/b` are both there, `a` is a directory and the object `a` lies beside it, under
//! `a%object`.

use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Source: "Naming Amazon S3 objects",
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>
const KEY_BYTES: std::ops::RangeInclusive<usize> = 1..=1024;
/// File systems allow 255; the longest suffix has to fit behind.
pub(crate) const NAME_BYTES: usize = 240;
/// How much of a long segment one directory takes.
const PIECE_BYTES: usize = 200;
/// Ends the name of a directory that holds the rest of a long segment.
pub(crate) const MORE: &str = "%more";
/// Ends the name of an object that shares its name with a directory.
pub(crate) const BESIDE: &str = "%object";
/// Ends the name of a file that holds an object's attributes.
const ATTRIBUTES: &str = "%.json";

/// Where a key lies below its bucket's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyPath {
    folders: Vec<String>,
    name: String,
}

impl KeyPath {
    /// The path of a key of 1 to 1,024 bytes.
    pub(crate) fn new(key: &str) -> Result<Self> {
        if !KEY_BYTES.contains(&key.len()) {
            return Err(Error::InvalidKey { key: key.to_owned() });
        }
        let mut folders: Vec<_> = key.split('/').flat_map(encode).collect();
        let name = folders.pop().unwrap_or_default();
        Ok(Self { folders, name })
    }

    /// Names of the directories above the object, from the bucket down.
    pub(crate) fn folders(&self) -> &[String] {
        &self.folders
    }

    /// The directory that the object lies in.
    pub(crate) fn folder(&self, bucket: &Path) -> PathBuf {
        bucket.join(self.folders.iter().collect::<PathBuf>())
    }

    /// The object's file.
    pub(crate) fn plain(&self, bucket: &Path) -> PathBuf {
        self.folder(bucket).join(&self.name)
    }

    /// The object's file where a directory has its name.
    pub(crate) fn beside(&self, bucket: &Path) -> PathBuf {
        self.folder(bucket).join(format!("{}{BESIDE}", self.name))
    }

    /// The file of the object's attributes, below the directory of the bucket's attributes.
    pub(crate) fn attributes(&self, attributes: &Path) -> PathBuf {
        self.folder(attributes).join(format!("{}{ATTRIBUTES}", self.name))
    }
}

/// The directory that holds all keys with a prefix that ends in a slash, or is empty.
pub(crate) fn folder_of_prefix(bucket: &Path, prefix: &str) -> PathBuf {
    match prefix.strip_suffix('/') {
        Some(folders) => bucket.join(folders.split('/').flat_map(encode).collect::<PathBuf>()),
        None => bucket.to_owned(),
    }
}

/// The file names of one segment: its pieces where it is long.
fn encode(segment: &str) -> Vec<String> {
    if segment.is_empty() {
        return vec!["%".to_owned()];
    }
    if is_plain(segment) {
        return vec![segment.to_owned()];
    }
    let escaped: Vec<_> = segment.chars().map(escape).collect();
    let whole: usize = escaped.iter().map(String::len).sum();
    let limit = if whole > NAME_BYTES { PIECE_BYTES } else { NAME_BYTES };
    let mut pieces = Vec::new();
    let mut piece = String::new();
    for character in escaped {
        if piece.len() + character.len() > limit {
            pieces.push(std::mem::take(&mut piece) + MORE);
        }
        piece.push_str(&character);
    }
    // The rest of a long segment may be two dots, too.
    pieces.push(if piece == "." || piece == ".." { piece.replace('.', "%2E") } else { piece });
    pieces
}

/// The segment that lies under these names, unless no key leads here.
pub(crate) fn decode(names: &[&str]) -> Option<String> {
    if let [name] = names
        && is_plain(name)
    {
        return Some((*name).to_owned());
    }
    if names == ["%"] {
        return Some(String::new());
    }
    let (last, before) = names.split_last()?;
    let mut bytes = Vec::new();
    for name in before {
        unescape(name.strip_suffix(MORE)?, &mut bytes)?;
    }
    unescape(last, &mut bytes)?;
    let segment = String::from_utf8(bytes).ok()?;
    (encode(&segment) == names).then_some(segment)
}

fn is_plain(segment: &str) -> bool {
    !segment.is_empty()
        && segment.len() <= NAME_BYTES
        && segment != "."
        && segment != ".."
        && !segment.chars().any(is_odd)
}

fn is_odd(character: char) -> bool {
    let on_windows = cfg!(windows) && matches!(character, '<' | '>' | ':' | '"' | '|' | '?' | '*');
    character.is_ascii_control() || matches!(character, '%' | '\\' | '/') || on_windows
}

fn escape(character: char) -> String {
    if is_odd(character) { format!("%{:02X}", u32::from(character)) } else { character.to_string() }
}

/// Appends what an escaped text stands for.
fn unescape(text: &str, bytes: &mut Vec<u8>) -> Option<()> {
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = after;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(key: &str) -> String {
        KeyPath::new(key).unwrap().plain(Path::new("")).to_str().unwrap().to_owned()
    }

    #[test]
    fn ordinary_keys_lie_under_their_own_name() {
        for key in [
            "ratings2022/01/08/06/PUT-S3-qrZbv-1-2022-01-08-06-04-19-0d.parquet",
            "a b+c",
            "ünïcödé/日本",
            ".hidden/...",
            "a=1/b&c",
            &"x".repeat(NAME_BYTES),
        ] {
            assert_eq!(names(key), key);
        }
    }

    #[test]
    fn odd_segments_are_escaped() {
        for (key, path) in [
            ("..", "%2E%2E"),
            ("../../etc/passwd", "%2E%2E/%2E%2E/etc/passwd"),
            ("/etc", "%/etc"),
            ("a//b/", "a/%/b/%"),
            ("a\0b\n", "a%00b%0A"),
            ("100%", "100%25"),
            ("%2E%2E", "%252E%252E"),
            ("a\\..\\b", "a%5C..%5Cb"),
            ("a%object", "a%25object"),
        ] {
            assert_eq!(names(key), path);
        }
    }

    #[test]
    fn long_segments_are_cut_and_no_piece_is_a_way_up() {
        let key = "a".repeat(2 * PIECE_BYTES) + "..";
        let path = names(&key);
        let pieces: Vec<_> = path.split('/').collect();
        assert_eq!((pieces.len(), pieces[2]), (3, "%2E%2E"), "{path}");
        assert!(pieces.iter().all(|piece| piece.len() <= 255));
        assert_eq!(decode(&pieces), Some(key));
    }

    #[test]
    fn names_that_no_key_leads_to_are_none() {
        for name in ["100%", "%2e", "%41", "%object", "a%more", "%2", ".", "..", "%80", "%+1"] {
            assert_eq!(decode(&[name]), None, "{name}");
        }
        assert_eq!(decode(&["a%more", "b"]), None);
    }

    #[test]
    fn a_key_has_1_to_1024_bytes() {
        for (bytes, good) in [(0, false), (1, true), (1024, true), (1025, false)] {
            assert_eq!(KeyPath::new(&"k".repeat(bytes)).is_ok(), good, "{bytes}");
        }
    }
}
