//! Partition keys: what dynamic partitioning files a record under.

use std::sync::Arc;

use crate::prefix::KeySource;

/// The values of one partition, by who gave them and by name. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PartitionKeys(Arc<[(KeySource, String, String)]>);

impl PartitionKeys {
    /// These values, in any order.
    pub(crate) fn new(mut values: Vec<(KeySource, String, String)>) -> Self {
        values.sort();
        Self(values.into())
    }

    /// Values, by who gave them and by name.
    pub(crate) fn values(&self) -> Vec<(KeySource, String, String)> {
        self.0.to_vec()
    }

    /// The value of a key.
    pub(crate) fn get(&self, source: KeySource, key: &str) -> Option<&str> {
        let same = |other: &&(KeySource, String, String)| other.0 == source && other.1 == key;
        self.0.iter().find(same).map(|(_, _, value)| value.as_str())
    }
}
