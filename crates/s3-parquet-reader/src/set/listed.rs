//! Single objects that the caller has listed, and how far a call has come.

use futures::stream::{self, StreamExt};

use super::ParquetSet;
use crate::list::ObjectInfo;
use crate::options::{OnBad, OnMissing};
use crate::read::Want;
use crate::report::Meter;
use crate::run::run;
use crate::stream::{BatchStream, batches};

impl ParquetSet {
    /// The rows of one object, as it was listed: unlike [`read_object`](Self::read_object) without
    /// a request for its size, and without holding them. Its own schema counts. An object of zero
    /// bytes gives no batch.
    ///
    /// # Errors
    ///
    /// As items: those of [`read_object`](Self::read_object), whatever the options say about bad
    /// objects.
    pub fn stream_object(&self, object: ObjectInfo) -> BatchStream {
        let mut this = self.clone();
        this.options.on_bad = OnBad::Fail;
        this.options.on_missing = OnMissing::Fail;
        this.declared = None;
        let reader = this.reader();
        reader.ledger.note(|report| report.listed += 1);
        let done = run(&reader, stream::iter([Ok(object)]).boxed(), Want::Flow);
        batches(done, this.shape(), reader.ledger.clone())
    }

    /// The set, and what its next call has read so far. For one call: a second one would be counted
    /// with the first.
    #[must_use]
    pub fn metered(&self) -> (Self, Meter) {
        let meter = Meter::default();
        (Self { meter: Some(meter.clone()), ..self.clone() }, meter)
    }
}
