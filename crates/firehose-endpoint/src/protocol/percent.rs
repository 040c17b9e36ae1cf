//! Percent-encoding as SigV4 wants it, and its undoing.

use std::borrow::Cow;

/// The bytes that `text` stands for. A `%` that no two hex digits follow stands for itself.
pub(crate) fn decode(text: &str) -> Cow<'_, [u8]> {
    let bytes = text.as_bytes();
    if !bytes.contains(&b'%') {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, after)) = rest.split_first() {
        let escaped = match after {
            [high, low, ..] if first == b'%' => digit(*high).zip(digit(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                out.push(high << 4 | low);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push(first);
                rest = after;
            }
        }
    }
    Cow::Owned(out)
}

/// The pairs of a query, decoded; bytes that are no text are replaced. A name without `=` has an
/// empty value.
pub(crate) fn pairs(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (text(name), text(value))
    })
}

/// Appends `bytes` to `out`; all but RFC 3986's unreserved characters are escaped.
pub(super) fn encode(bytes: &[u8], out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn text(encoded: &str) -> Cow<'_, str> {
    match decode(encoded) {
        Cow::Borrowed(_) => Cow::Borrowed(encoded),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_again_and_lone_percent_signs_stay() {
        let all: Vec<u8> = (0..=255).collect();
        let mut encoded = String::new();
        encode(&all, &mut encoded);
        assert_eq!(*decode(&encoded), all[..]);
        for (text, bytes) in [("%", "%"), ("%2", "%2"), ("%zz", "%zz"), ("a%2Fb%2f", "a/b/")] {
            assert_eq!(*decode(text), *bytes.as_bytes(), "{text}");
        }
    }

    #[test]
    fn a_query_is_split_into_decoded_pairs() {
        let found: Vec<_> = pairs("a=1&&b&c=%3D=&%64=e+f").collect();
        let wanted = [("a", "1"), ("b", ""), ("c", "=="), ("d", "e+f")];
        assert_eq!(found.len(), wanted.len());
        for ((name, value), wanted) in found.iter().zip(wanted) {
            assert_eq!((&**name, &**value), wanted);
        }
    }
}
