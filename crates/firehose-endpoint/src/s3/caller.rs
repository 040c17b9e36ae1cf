//! Who signed a request, as far as the signature's scope says it. Nothing is verified here.

use http::{HeaderMap, Uri};

use crate::{protocol::Caller, settings::Settings};

/// Who asks, and whether by a signature.
#[derive(Debug, Clone)]
pub(super) struct Signer {
    pub(super) caller: Caller,
    pub(super) signed: bool,
}

impl Signer {
    /// Reads `Authorization`, or the query of a presigned URL.
    pub(super) fn of(headers: &HeaderMap, uri: &Uri, settings: &Settings) -> Self {
        let header = headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let credential = match header.and_then(|header| header.split_once("Credential=")) {
            Some((_, rest)) => rest.split(',').next().map(str::to_owned),
            None => query_value(uri, "X-Amz-Credential"),
        };
        let scope = credential.as_deref().unwrap_or_default();
        let mut parts = scope.split('/');
        let (key, _date, region) = (parts.next(), parts.next(), parts.next());
        let account = key.filter(|key| key.len() == 12 && key.bytes().all(|b| b.is_ascii_digit()));
        let region = region.filter(|region| !region.is_empty());
        let caller = Caller {
            account: account.unwrap_or(&settings.account).to_owned(),
            region: region.unwrap_or(&settings.region).to_owned(),
        };
        Self { caller, signed: credential.is_some() }
    }
}

fn query_value(uri: &Uri, name: &str) -> Option<String> {
    let query = uri.query()?;
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs.filter(|(found, _)| *found == name).map(|(_, value)| value).next()?;
    Some(decode(value))
}

/// Text behind percent signs; what does not decode stays as it is.
pub(super) fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let decoded = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match decoded {
            Some(decoded) if byte == b'%' => {
                bytes.push(decoded);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}
