//! What became of a record, and what a failed call may have left behind.

use std::{
    borrow::Cow,
    error::Error as StdError,
    fmt,
    hash::{Hash, Hasher},
    io,
    sync::Arc,
};

/// What became of one record of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The stream took the record and gave it this id.
    Accepted(RecordId),
    /// The stream did not take the record. Nothing of it is stored.
    Refused(Refusal),
}

impl Outcome {
    /// Whether the record was taken.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted(_))
    }
}

/// Why one record of a batch was not taken: AWS's code and words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The service's code, such as `ServiceUnavailableException` or `InternalFailure`.
    pub code: Arc<str>,
    /// The service's words, such as `Slow down.`
    pub message: Arc<str>,
}

impl Refusal {
    /// A refusal with this code and these words.
    pub fn new(code: impl Into<Arc<str>>, message: impl Into<Arc<str>>) -> Self {
        Self { code: code.into(), message: message.into() }
    }

    /// Firehose's own answer to a record over the throughput limit: `Slow down.`
    #[must_use]
    pub fn slow_down() -> Self {
        Self::new("ServiceUnavailableException", "Slow down.")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

/// The id that a stream gave to a record. Opaque: only `Display` and equality mean anything.
///
/// Ids of one call to AWS share the text of its answer, some 90 bytes for each record of the call.
#[derive(Clone)]
pub struct RecordId {
    /// What the id is a part of, or begins with; none for an empty id.
    text: Option<Arc<str>>,
    form: Form,
}

/// A number below 2^63 that follows the text; or, with the highest bit set, the part of the text that is the
/// id: 31 bits for where it begins, 32 for how long it is. In one word, since outcomes are made, moved
/// and dropped by the million.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Form(u64);

const PART: u64 = 1 << 63;

impl Form {
    /// A part; none for one that lies beyond 2 GiB.
    fn part(from: usize, len: usize) -> Option<Self> {
        let from = u64::try_from(from).ok().filter(|from| *from < 1 << 31)?;
        let len = u32::try_from(len).ok()?;
        Some(Self(PART | from << 32 | u64::from(len)))
    }

    /// Where the part begins and ends, if it is one.
    fn range(self) -> Option<std::ops::Range<usize>> {
        let from = usize::try_from((self.0 & !PART) >> 32).ok()?;
        let len = usize::try_from(self.0 & u64::from(u32::MAX)).ok()?;
        (self.0 & PART != 0).then(|| from..from + len)
    }
}

impl RecordId {
    /// An id that is just this text.
    pub fn new(text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        let whole = Form::part(0, text.len());
        let text = (!text.is_empty()).then(|| Arc::from(text));
        // No record has an id of 4 GiB: it would be cut to nothing.
        Self { text, form: whole.unwrap_or(Form(PART)) }
    }

    /// The id `{prefix}{number:x}`, formatted only when somebody looks at it: a local stream
    /// hands out millions of ids a second that nobody reads.
    #[must_use]
    pub fn numbered(prefix: Arc<str>, number: u64) -> Self {
        if number & PART != 0 {
            return Self::new(format!("{prefix}{number:x}"));
        }
        Self { text: Some(prefix), form: Form(number) }
    }

    /// An id that stands in a longer text, which it keeps. A copy where `part` is no part of it.
    #[cfg_attr(not(feature = "aws"), allow(dead_code))]
    pub(crate) fn part(whole: &Arc<str>, part: &str) -> Self {
        let from = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
        match Form::part(from, part.len()) {
            Some(form) if form.range().and_then(|range| whole.get(range)) == Some(part) => {
                Self { text: Some(Arc::clone(whole)), form }
            }
            _ => Self::new(part),
        }
    }

    /// The id as text.
    fn text(&self) -> Cow<'_, str> {
        let text = self.text.as_deref().unwrap_or_default();
        match self.form.range() {
            Some(range) => Cow::Borrowed(text.get(range).unwrap_or_default()),
            None => Cow::Owned(format!("{text}{:x}", self.form.0)),
        }
    }
}

impl PartialEq for RecordId {
    fn eq(&self, other: &Self) -> bool {
        (self.text == other.text && self.form == other.form) || self.text() == other.text()
    }
}

impl Eq for RecordId {}

impl Hash for RecordId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text().hash(state);
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordId({self})")
    }
}

/// What kind of fault ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PutErrorKind {
    /// The service asked for a pause: its throughput limit is reached.
    Throttled,
    /// The service answered that it cannot serve now (5xx).
    Unavailable,
    /// No answer came in time.
    Timeout,
    /// The connection could not be made or broke.
    Network,
    /// The call as a whole breaks a rule, for example one record is too large.
    Invalid,
    /// There is no such stream.
    NotFound,
    /// The credentials are missing, expired, or do not allow it.
    Denied,
    /// The stream or the sink is closed.
    Closed,
    /// An answer came and could not be understood: it is none of the service's, or it does not fit
    /// the call.
    Unreadable,
    /// Anything else, for example a full disk below a file sink.
    Other,
}

impl PutErrorKind {
    /// Whether the same call may succeed later without anybody's help.
    #[must_use]
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Throttled | Self::Unavailable | Self::Timeout | Self::Network | Self::Unreadable
        )
    }

    /// Whether the same call may succeed once somebody helped: makes the stream again, renews the
    /// credentials, allows the access.
    #[must_use]
    pub fn awaits_help(self) -> bool {
        matches!(self, Self::NotFound | Self::Denied)
    }

    /// One word for it, as a label: `throttled`, `unavailable`, `timeout`, `network`, `invalid`,
    /// `not_found`, `denied`, `closed`, `unreadable` or `other`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Network => "network",
            Self::Invalid => "invalid",
            Self::NotFound => "not_found",
            Self::Denied => "denied",
            Self::Closed => "closed",
            Self::Unreadable => "unreadable",
            Self::Other => "other",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Throttled => "the stream is over its throughput limit",
            Self::Unavailable => "the service is not available",
            Self::Timeout => "no answer came in time",
            Self::Network => "the connection failed",
            Self::Invalid => "the call was refused as invalid",
            Self::NotFound => "the stream does not exist",
            Self::Denied => "access was denied",
            Self::Closed => "the stream is closed",
            Self::Unreadable => "the answer could not be understood",
            Self::Other => "the call failed",
        }
    }
}

/// What a failed call may have left behind. With it duplicates are counted, not guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stored {
    /// Nothing of the batch was stored: sending it again makes no duplicate.
    Nothing,
    /// Some or all of the batch may have been stored: sending it again may make duplicates.
    Maybe,
}

/// A call that failed as a whole, so that no record of it has an outcome of its own.
#[derive(Debug)]
pub struct PutError {
    stream: Arc<str>,
    kind: PutErrorKind,
    stored: Stored,
    detail: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl PutError {
    /// A failed call to `stream`.
    pub fn new(stream: impl Into<Arc<str>>, kind: PutErrorKind, stored: Stored) -> Self {
        Self { stream: stream.into(), kind, stored, detail: None, source: None }
    }

    /// Adds what the service said, or what a person should know.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Name of the stream.
    #[must_use]
    pub fn stream(&self) -> &str {
        &self.stream
    }

    /// What kind of fault it was.
    #[must_use]
    pub fn kind(&self) -> PutErrorKind {
        self.kind
    }

    /// Whether any of the batch may be stored.
    #[must_use]
    pub fn stored(&self) -> Stored {
        self.stored
    }

    /// The kind of I/O error that is the cause, if one is: [`io::ErrorKind::BrokenPipe`] when the
    /// reader of a pipe has gone, which a program takes for a quiet end.
    #[must_use]
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        let source = self.source.as_deref()?;
        source.downcast_ref::<io::Error>().map(io::Error::kind)
    }

    /// What the service said, if it said anything.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }
}

impl fmt::Display for PutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to put records to stream `{}`: {}", self.stream, self.kind.words())?;
        match &self.detail {
            Some(detail) => write!(f, " ({detail})"),
            None => Ok(()),
        }
    }
}

impl StdError for PutError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However an id is kept, it is its text, and takes no more than four words as an outcome.
    #[test]
    fn an_id_is_its_text() {
        let whole: Arc<str> = Arc::from("answer: a1b");
        let part = RecordId::part(&whole, whole.get(8..).unwrap());
        let elsewhere = RecordId::part(&whole, "a1b");
        let numbered = RecordId::numbered(Arc::from("a"), 0x1b);
        let large = RecordId::numbered(Arc::from("n"), u64::MAX);
        for id in [&part, &elsewhere, &numbered] {
            assert_eq!((id.to_string().as_str(), id), ("a1b", &RecordId::new("a1b")));
        }
        assert_eq!(large.to_string(), "nffffffffffffffff");
        assert_eq!(RecordId::new("").to_string(), "");
        assert_ne!(numbered, RecordId::numbered(Arc::from("a"), 0x1c));
        assert!(size_of::<Outcome>() <= 32, "{}", size_of::<Outcome>());
    }
}
