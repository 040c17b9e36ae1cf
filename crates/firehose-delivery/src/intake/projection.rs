//! The quick way of the queries that most streams have: an object of paths, `{a: .x, b: .y.z}`.
//!
//! It decides nothing: where a document or a value is unusual in any way it gives up, and the query
//! is run. A property test holds that both find the same keys.

use std::{borrow::Cow, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::FoundKey;
use crate::prefix::KeySource;

/// Names of keys, and the path to the value of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Projection(Vec<(String, Vec<String>)>);

impl Projection {
    /// Reads a query, if it is of this form.
    pub(super) fn of(query: &str) -> Option<Self> {
        let inside = query.trim().strip_prefix('{')?.strip_suffix('}')?;
        let members = inside.split(',').map(|member| {
            let (name, path) = member.split_once(':')?;
            let name = name.trim();
            let name = name.strip_prefix('"').and_then(|n| n.strip_suffix('"')).unwrap_or(name);
            let path = path.trim().strip_prefix('.')?;
            let path: Option<Vec<_>> = path.split('.').map(word).collect();
            Some((word(name)?, path?))
        });
        let members: Vec<_> = members.collect::<Option<_>>()?;
        let twice =
            (1..members.len()).any(|n| members[..n].iter().any(|one| one.0 == members[n].0));
        (!twice).then_some(Self(members))
    }

    /// The keys of a document; none where the query is to say what they are.
    pub(super) fn keys(&self, document: &[u8]) -> Option<Vec<FoundKey>> {
        // Texts that are skipped are not looked into; what may be wrong with them is the query's.
        if memchr::memmem::find(document, br"\u").is_some() {
            return None;
        }
        let document = std::str::from_utf8(document).ok()?;
        let mut found = vec![None; self.0.len()];
        let mut reader = serde_json::Deserializer::from_str(document);
        let seed = Members { projection: self, found: &mut found };
        seed.deserialize(&mut reader).and_then(|()| reader.end()).ok()?;
        let values = self.0.iter().zip(found);
        values
            .map(|((name, path), raw)| {
                Some((KeySource::Query, name.clone(), text(raw?, &path[1..])?))
            })
            .collect()
    }
}

/// A word that is a name in jq without quotes. Keywords are no paths to values.
fn word(text: &str) -> Option<String> {
    const KEYWORDS: &[&str] = &[
        "and", "as", "catch", "elif", "else", "end", "false", "if", "label", "not", "null", "or",
        "reduce", "then", "true", "try",
    ];
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && text.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    (plain && !KEYWORDS.contains(&text)).then(|| text.to_owned())
}

/// The text of the value at the rest of a path.
fn text(raw: &RawValue, path: &[String]) -> Option<String> {
    let json = raw.get();
    if let Some((first, rest)) = path.split_first() {
        // Nested in one: the same again, with one member.
        let inner = Projection(vec![(String::new(), vec![first.clone()])]);
        let mut found = vec![None];
        let mut reader = serde_json::Deserializer::from_str(json);
        let seed = Members { projection: &inner, found: &mut found };
        seed.deserialize(&mut reader).ok()?;
        return text(found.pop()??, rest);
    }
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str::<Cow<'_, str>>(json)
            .ok()
            .filter(|text| !text.is_empty())
            .map(Cow::into_owned),
        b't' | b'f' => Some(json.to_owned()),
        // Whole numbers print as they are written; how others do is jq's to say.
        b'1'..=b'9' if json.len() <= 15 && json.bytes().all(|b| b.is_ascii_digit()) => {
            Some(json.to_owned())
        }
        b'0' if json.len() == 1 => Some(json.to_owned()),
        _ => None,
    }
}

/// Takes the first members of all paths out of an object; the last of two equal ones counts.
struct Members<'p, 'f, 'de> {
    projection: &'p Projection,
    found: &'f mut Vec<Option<&'de RawValue>>,
}

impl<'de> DeserializeSeed<'de> for Members<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { projection, found } = self;
        while let Some(key) = map.next_key::<Key<'de>>()? {
            let wanted = |(_, path): &(String, Vec<String>)| path[0] == *key.0;
            if !projection.0.iter().any(wanted) {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let value = map.next_value::<&'de RawValue>()?;
            let members = projection.0.iter().zip(found.iter_mut());
            members
                .filter(|(member, _)| wanted(member))
                .for_each(|(_, place)| *place = Some(value));
        }
        Ok(())
    }
}

/// A key of an object: borrowed unless it has escapes.
struct Key<'de>(Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}
