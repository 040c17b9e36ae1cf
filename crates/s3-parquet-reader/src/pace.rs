//! How many objects are begun before it is known how far away the store is.
//!
//! A distant store needs many requests at once, for each waits tens of milliseconds for its answer. A near one, on
//! this machine, answers as fast as the objects are decoded, and more requests at once only make for more
//! connections, each with buffers that must grow first: 200 objects of 150 KB took 14 % longer with 32 at once
//! than with 8, on two cores. So a read begins with a few, and goes over to all that the options
//! allow as soon as none of the few has ended for some milliseconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Objects at once for each core while the store seems near.
const FOR_EACH_CORE: usize = 4;
/// And for the whole machine at least.
const AT_LEAST: usize = 8;
/// How long none of them may end. It is lost once in each read of a distant store.
const PATIENCE: Duration = Duration::from_millis(5);

/// The pace of one read.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    places: Arc<Semaphore>,
    is_distant: Arc<AtomicBool>,
}

/// A place among the few, given back when the object has been read; `None` at a distance.
pub(crate) type Place = Option<OwnedSemaphorePermit>;

impl Pace {
    /// `may_be_near` is false for stores that have no requests to make: there all are begun at once.
    pub(crate) fn new(may_be_near: bool) -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        let few = cores.saturating_mul(FOR_EACH_CORE).max(AT_LEAST);
        let places = Arc::new(Semaphore::new(few.min(Semaphore::MAX_PERMITS)));
        Self { places, is_distant: Arc::new(AtomicBool::new(!may_be_near)) }
    }

    /// Waits until the next object may be begun.
    pub(crate) async fn next(&self) -> Place {
        if self.is_distant.load(Ordering::Relaxed) {
            return None;
        }
        match timeout(PATIENCE, Arc::clone(&self.places).acquire_owned()).await {
            Ok(place) => place.ok(),
            Err(_) => {
                self.is_distant.store(true, Ordering::Relaxed);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep};

    use super::*;

    async fn few(pace: &Pace) -> Vec<Place> {
        let mut places = Vec::new();
        for _ in 0..pace.places.available_permits() {
            places.push(pace.next().await);
        }
        assert!(places.len() >= AT_LEAST && places.iter().all(Option::is_some));
        places
    }

    #[tokio::test(start_paused = true)]
    async fn while_objects_end_soon_only_a_few_are_begun() {
        let pace = Pace::new(true);
        let mut places = few(&pace).await;
        for _ in 0..100 {
            let ended = places.pop();
            let end = async {
                sleep(PATIENCE / 2).await;
                drop(ended);
            };
            let (next, ()) = tokio::join!(pace.next(), end);
            assert!(next.is_some());
            places.push(next);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn when_none_ends_all_are_begun_and_the_wait_is_lost_once() {
        let (pace, begin) = (Pace::new(true), Instant::now());
        let places = few(&pace).await;
        for _ in 0..1_000 {
            assert!(pace.next().await.is_none());
        }
        assert_eq!(begin.elapsed(), PATIENCE);
        drop(places);
        assert!(pace.next().await.is_none());
    }
}
