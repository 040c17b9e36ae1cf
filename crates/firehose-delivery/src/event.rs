//! What a delivery stream tells about its deliveries while it works.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use crate::Trigger;

/// Something that happened to a buffer on its way to the store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryEvent {
    /// An object stands under its key.
    Delivered(Delivered),
    /// Records that did not convert stand under the error prefix.
    ErrorsDelivered {
        /// Key of the error object.
        key: String,
        /// Records in it, one line each.
        records: usize,
        /// Size of the object in bytes.
        bytes: usize,
    },
    /// The store refused an object for too long: its records are lost.
    Expired {
        /// Key that the object would have had.
        key: String,
        /// Records in it.
        records: usize,
        /// What the store said last.
        error: String,
    },
    /// A call of a Lambda processor's function failed.
    InvocationFailed {
        /// ARN of the function.
        function: String,
        /// Calls with these records so far.
        attempts: u32,
        /// What happened.
        error: String,
        /// The pause before the next one; none when the records are given up to the error prefix.
        pause: Option<Duration>,
    },
    /// The store refused an object; it is put again after a pause.
    Retrying {
        /// Key of the object.
        key: String,
        /// Attempts so far.
        attempts: u32,
        /// What the store said.
        error: String,
        /// The pause.
        pause: Duration,
    },
}

/// An object that stands under its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Key of the object.
    pub key: String,
    /// Firehose records in it.
    pub records: usize,
    /// Rows, when the records were converted.
    pub rows: Option<usize>,
    /// Size of the object in bytes.
    pub bytes: usize,
    /// Why its buffer went out.
    pub trigger: Trigger,
}

/// Who is told about deliveries. Called from the delivering task: it must not block. If it panics,
/// the delivery goes on.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(&DeliveryEvent) + Send + Sync>);

impl Observer {
    /// Calls `tell` for each event.
    pub fn new(tell: impl Fn(&DeliveryEvent) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// Nobody.
    #[must_use]
    pub fn silent() -> Self {
        Self::new(|_| {})
    }

    /// Tells the event. A panic of whoever listens must not end the delivery.
    pub fn tell(&self, event: &DeliveryEvent) {
        if catch_unwind(AssertUnwindSafe(|| (self.0)(event))).is_err() {
            tracing::warn!("an observer of deliveries panicked");
        }
    }
}

impl Default for Observer {
    fn default() -> Self {
        Self::silent()
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
