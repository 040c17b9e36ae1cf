//! The id that an answer carries and that the log names.

use std::fmt;

use http::HeaderValue;
use uuid::{Uuid, fmt::Hyphenated};

/// A fresh id for one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestId(Uuid);

impl RequestId {
    pub(crate) fn new() -> Self {
        Self(Uuid::new_v4())
    }

    /// The id as a header's value.
    pub(crate) fn header(self) -> HeaderValue {
        let mut text = [0; Hyphenated::LENGTH];
        let text: &str = self.0.hyphenated().encode_lower(&mut text);
        HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("-"))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}
