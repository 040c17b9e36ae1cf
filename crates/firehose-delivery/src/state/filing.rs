//! Where records are put that go through processors: with all others, in a partition, or with what
//! failed.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::State;
use crate::{
    PartitionKeys, ProcessingFailure,
    buffers::{Filing, Incoming},
    deliver::Destination,
    intake::Item,
};

impl State {
    /// Counts the queries that were made for what is filed.
    pub(super) fn count_queries(&mut self, destination: &Destination) {
        if let Some(intake) = &destination.intake {
            let (queries, time) = intake.count_queries();
            self.stats.queries += queries;
            self.stats.query_time += time;
        }
    }

    /// Puts a record that is counted where it belongs; whether a buffer was opened.
    pub(super) fn file(
        &mut self,
        (now, arrival): (Instant, DateTime<Utc>),
        Item { data, place }: Item<'_>,
        number: u64,
        destination: &Destination,
    ) -> bool {
        let (filing, failure) = self.place(place, arrival, destination);
        let incoming = Incoming { now, arrival, number, data: &data, failure };
        let journal = Self::journal(&mut self.book, &self.destination);
        let (opened, trigger) = self.buffers.push_filed(&filing, incoming, journal);
        if let (true, Filing::Partition(keys)) = (opened, &filing) {
            *self.active.entry(keys.clone()).or_default() += 1;
            self.stats.active_partitions = self.active.len() as u64;
        }
        if let Some(trigger) = trigger {
            self.seal(&filing, trigger, arrival);
        }
        opened
    }

    /// Where a record is filed, and why it failed if it did.
    fn place(
        &mut self,
        place: Result<Option<PartitionKeys>, Arc<ProcessingFailure>>,
        arrival: DateTime<Utc>,
        destination: &Destination,
    ) -> (Filing, Option<Arc<ProcessingFailure>>) {
        let keys = match place {
            Ok(None) => return (Filing::Whole, None),
            Ok(Some(keys)) => keys,
            Err(why) => return (Filing::Failed(why.kind), Some(why)),
        };
        if self.active.contains_key(&keys) {
            return (Filing::Partition(keys), None);
        }
        let most = destination.intake.as_ref().map_or(0, |intake| intake.most_partitions);
        let failure = if self.active.len() >= most {
            self.stats.partition_limit_records += 1;
            ProcessingFailure::partition_limit(most)
        } else {
            match destination.keys.partition_problem(arrival, &keys) {
                None => return (Filing::Partition(keys), None),
                Some(problem) => ProcessingFailure::bad_prefix(&problem),
            }
        };
        (Filing::Failed(failure.kind), Some(Arc::new(failure)))
    }
}
