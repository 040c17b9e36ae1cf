//! The stream before the first record: is it there, and which one may have been meant.

use super::Target;
use crate::{Health, PutError, PutErrorKind};

/// Names that are less alike than this are no suggestion.
const ALIKE: f64 = 0.75;

impl Target {
    pub(super) fn health(&self, status: &str, arn: &str) -> Health {
        Health::new(status, arn, self.endpoint.clone())
    }

    /// Adds to "no such stream" which of the `names` it may be, if any is much like it.
    pub(super) fn suggest(&self, error: PutError, names: &[String]) -> PutError {
        let likeness =
            |name: &String| strsim::jaro_winkler(&name.to_lowercase(), &self.stream.to_lowercase());
        let best = names.iter().map(|name| (likeness(name), name));
        let best = best.max_by(|(one, _), (other, _)| one.total_cmp(other));
        let noun = self.noun;
        let hint = match best {
            Some((alike, name)) if alike >= ALIKE => format!("did you mean `{name}`? "),
            _ if names.is_empty() => format!("there is no {noun} at all there; "),
            _ => return error,
        };
        let detail = format!("{hint}{}", error.detail().unwrap_or_default());
        error.with_detail(detail)
    }
}

/// Whether the names of the streams help.
pub(super) fn is_missing(error: &PutError) -> bool {
    error.kind() == PutErrorKind::NotFound
}
