//! Conditions that a caller puts on the object that is there.

use chrono::{DateTime, SubsecRound, Utc};

use crate::{Error, ObjectInfo, Result};

/// Conditions on the object that is there. The default holds always.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// `If-Match`: the object is one of these.
    pub if_match: Option<ETags>,
    /// `If-None-Match`: the object is none of these, or is not there.
    pub if_none_match: Option<ETags>,
    /// `If-Modified-Since`, to the second; counts for reading and only without `If-None-Match`.
    pub if_modified_since: Option<DateTime<Utc>>,
    /// `If-Unmodified-Since`, to the second; counts for reading and only without `If-Match`.
    pub if_unmodified_since: Option<DateTime<Utc>>,
}

/// The versions of an object that a condition means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ETags {
    /// `*`: any.
    Any,
    /// Those with one of these ETags, without quotes.
    OneOf(Vec<String>),
}

impl ETags {
    fn mean(&self, info: &ObjectInfo) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(etags) => etags.contains(&info.etag),
        }
    }
}

impl Conditions {
    /// The condition that no object has the key yet.
    #[must_use]
    pub fn absent() -> Self {
        Self { if_none_match: Some(ETags::Any), ..Self::default() }
    }

    /// Whether a reader is to be given the object; the order is that of RFC 9110, section 13.2.2.
    pub(crate) fn check_read(&self, info: &ObjectInfo) -> Result<()> {
        let failed = |condition| Error::PreconditionFailed { key: info.key.clone(), condition };
        let not_modified = || Error::NotModified { info: Box::new(info.clone()) };
        // The headers carry whole seconds.
        let modified = info.last_modified.trunc_subsecs(0);
        match (&self.if_match, self.if_unmodified_since) {
            (Some(etags), _) if !etags.mean(info) => return Err(failed("If-Match")),
            (None, Some(since)) if modified > since => return Err(failed("If-Unmodified-Since")),
            _ => {}
        }
        match (&self.if_none_match, self.if_modified_since) {
            (Some(etags), _) if etags.mean(info) => Err(not_modified()),
            (None, Some(since)) if modified <= since => Err(not_modified()),
            _ => Ok(()),
        }
    }

    /// Whether the object may be replaced or deleted.
    pub(crate) fn check_write(
        &self,
        bucket: &str,
        key: &str,
        current: Option<&ObjectInfo>,
    ) -> Result<()> {
        let failed = |condition| Error::PreconditionFailed { key: key.to_owned(), condition };
        match (&self.if_match, current) {
            (Some(_), None) => {
                return Err(Error::NoSuchKey { bucket: bucket.to_owned(), key: key.to_owned() });
            }
            (Some(etags), Some(current)) if !etags.mean(current) => {
                return Err(failed("If-Match"));
            }
            _ => {}
        }
        match (&self.if_none_match, current) {
            (Some(etags), Some(current)) if etags.mean(current) => Err(failed("If-None-Match")),
            _ => Ok(()),
        }
    }
}
