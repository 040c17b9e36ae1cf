//! A Kinesis data stream as the source of a delivery stream.
//!
//! One task reads all shards, parents before their children, takes aggregated records apart, and
//! puts what it read into the delivery stream. Its places are kept only when everything before
//! them is delivered: whoever starts again from them misses nothing, and reads at most once more
//! what was not delivered.

mod places;
mod reader;
#[cfg(test)]
mod tests;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use kinesis_stream::DataStream;
use tokio::sync::watch;

pub use self::places::SourcePlaces;
use self::reader::Reader;
use crate::{Clock, DeliveryStream};

/// Told the places to start again from. It is called from the source's task, now and then, and
/// may take its time.
pub(crate) type Keep =
    Arc<dyn Fn(SourcePlaces) -> futures::future::BoxFuture<'static, ()> + Send + Sync>;

/// Reads a data stream into a delivery stream, until it is stopped or dropped.
#[derive(Debug)]
pub struct KinesisSource {
    shared: Arc<Shared>,
    stream: DataStream,
    reader: String,
}

/// What came of reading so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SourceStats {
    /// Records of the data stream that were handed over.
    pub read_records: u64,
    /// Their bytes, without keys.
    pub read_bytes: u64,
    /// How long the oldest record waits that was not handed over yet; 0 when there is none.
    pub milliseconds_behind: u64,
}

#[derive(Debug)]
pub(crate) struct Shared {
    read_records: AtomicU64,
    read_bytes: AtomicU64,
    behind: AtomicU64,
    /// What is asked of the task.
    order: watch::Sender<Order>,
    /// The last order that was carried out.
    done: watch::Sender<Order>,
}

/// Later ones win: a source that finishes takes no further order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Order {
    /// How often it was asked to catch up.
    catch_up: u64,
    /// To read what is there, and end.
    finish: bool,
    /// To end at once.
    stop: bool,
}

impl KinesisSource {
    /// Starts to read `from` at these places into `to`. `keep` is told the places to start again
    /// from, each time that some more is delivered; `name` tells this reader from others of the
    /// stream, which keeps what it has not done with.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn start<K, F>(
        name: &str,
        from: DataStream,
        to: DeliveryStream,
        clock: Clock,
        places: SourcePlaces,
        keep: K,
    ) -> Self
    where
        K: Fn(SourcePlaces) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let keep: Keep = Arc::new(move |places| Box::pin(keep(places)));
        let shared = Arc::new(Shared {
            read_records: AtomicU64::new(0),
            read_bytes: AtomicU64::new(0),
            behind: AtomicU64::new(0),
            order: watch::Sender::new(Order::default()),
            done: watch::Sender::new(Order::default()),
        });
        let places = places.within(&from);
        from.hold(name, places.held());
        let reader = Reader::new(name, from.clone(), to, clock, places, keep, Arc::clone(&shared));
        tokio::spawn(reader.run());
        Self { shared, stream: from, reader: name.to_owned() }
    }

    /// Waits until what is in the data stream now is handed over to the delivery stream.
    pub async fn catch_up(&self) {
        let mut wanted = 0;
        self.shared.order.send_modify(|order| {
            order.catch_up += 1;
            wanted = order.catch_up;
        });
        self.wait_for(|done| done.catch_up >= wanted).await;
    }

    /// Hands over what is in the data stream now, and reads no further. The places of what is
    /// delivered later are still kept, while the process lives.
    pub async fn finish(&self) {
        self.shared.order.send_modify(|order| order.finish = true);
        self.wait_for(|done| done.finish).await;
    }

    /// Waits until it has ended: after [`finish`](Self::finish), when everything that was read is
    /// delivered and its places are kept.
    pub async fn ended(&self) {
        self.wait_for(|_| false).await;
    }

    /// Ends at once: reads no further, and keeps no places any more. The data stream need not
    /// keep anything for it.
    pub fn stop(&self) {
        self.shared.order.send_modify(|order| order.stop = true);
        self.stream.release(&self.reader);
    }

    /// What came of reading so far.
    #[must_use]
    pub fn stats(&self) -> SourceStats {
        SourceStats {
            read_records: self.shared.read_records.load(Relaxed),
            read_bytes: self.shared.read_bytes.load(Relaxed),
            milliseconds_behind: self.shared.behind.load(Relaxed),
        }
    }

    async fn wait_for(&self, wanted: impl Fn(&Order) -> bool + Send + Sync) {
        let mut done = self.shared.done.subscribe();
        // The sender lives in `shared`, so that the wait cannot end in an error.
        let _ = done.wait_for(|done| done.stop || wanted(done)).await;
    }
}

impl Drop for KinesisSource {
    fn drop(&mut self) {
        self.shared.order.send_modify(|order| order.stop = true);
    }
}
