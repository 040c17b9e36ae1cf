//! A column of numbers, by the values of another column: how large each group is and where its
//! numbers lie. What is odd about a group, [`GroupRule`](crate::GroupRule) says.

use std::cmp::Reverse;
use std::collections::HashMap;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::Schema;

use crate::Error;
use crate::column::Column;
use crate::quantile::DEFAULT_VALUES_LIMIT;
use crate::table::{counts, flags, numbers, text};
use crate::tally::Tally;

/// How many groups are kept, unless said otherwise.
pub const DEFAULT_GROUP_LIMIT: usize = 100_000;

/// Summarises one numeric column for each value of another, over batches as they come.
///
/// Rows whose group is null form a group of their own. Memory: 8 bytes for each value up to the
/// values limit (10 million over all groups). Beyond it the largest groups keep a count for each
/// value where values repeat, which stays exact; else they are thinned to an even, deterministic
/// sample and their medians marked. All else stays exact.
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::array::{Int32Array, RecordBatch, StringArray};
/// use stream_analysis::Groups;
///
/// let batch = RecordBatch::try_from_iter([
///     ("captain", Arc::new(StringArray::from(vec!["Kirk", "Solo", "Kirk"])) as _),
///     ("rating", Arc::new(Int32Array::from(vec![10, 500, 30])) as _),
/// ])?;
/// let mut groups = Groups::new(batch.schema_ref(), "captain", "rating")?;
/// groups.push(&batch)?;
/// let table = groups.finish();
///
/// let kirk = &table.groups[0];
/// assert_eq!((kirk.group.as_deref(), kirk.count, kirk.median), (Some("Kirk"), 2, Some(20.0)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Groups {
    by: Column,
    value: Column,
    rows: u64,
    ids: HashMap<Box<str>, usize>,
    null_id: Option<usize>,
    states: Vec<GroupState>,
    group_limit: usize,
    values_limit: usize,
    values_kept: usize,
}

/// The groups of one column and what another column holds in them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GroupTable {
    /// The column grouped by.
    pub by: String,
    /// The column of numbers.
    pub value: String,
    /// Rows of all groups.
    pub rows: u64,
    /// Largest group first; equal ones by name, the null group before all names.
    pub groups: Vec<Group>,
}

/// One group. The statistics are of its finite numbers; they are `None` if it has none.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Group {
    /// The value of the group column as text; `None` for rows where it is null.
    pub group: Option<String>,
    /// Rows in the group, whatever the numeric column holds there.
    pub count: u64,
    /// `count` as a part of all rows, 0..=1.
    pub share: f64,
    /// Rows of the group that give no number: null, NaN.
    pub missing: u64,
    /// Mean of the finite numbers.
    pub mean: Option<f64>,
    /// Smallest number; may be an infinity.
    pub min: Option<f64>,
    /// Largest number; may be an infinity.
    pub max: Option<f64>,
    /// Median, of two middle values their mean.
    pub median: Option<f64>,
    /// False if the median comes from a sample.
    pub exact: bool,
}

#[derive(Debug, Clone)]
struct GroupState {
    group: Option<String>,
    rows: u64,
    nulls: u64,
    tally: Tally,
}

impl Groups {
    /// Groups by column `by` and looks at the numbers of column `value`.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`] for either; [`Error::NotNumeric`] if `value` has no numbers;
    /// [`Error::NotGroupable`] if `by` is of kind [`Other`](crate::ColumnKind::Other).
    pub fn new(schema: &Schema, by: &str, value: &str) -> Result<Self, Error> {
        Ok(Self {
            by: Column::find_label(schema, by)?,
            value: Column::find_numeric(schema, value)?,
            rows: 0,
            ids: HashMap::new(),
            null_id: None,
            states: Vec::new(),
            group_limit: DEFAULT_GROUP_LIMIT,
            values_limit: DEFAULT_VALUES_LIMIT,
            values_kept: 0,
        })
    }

    /// Keeps at most so many groups; one more is an error.
    #[must_use]
    pub fn with_group_limit(mut self, groups: usize) -> Self {
        self.group_limit = groups;
        self
    }

    /// Keeps at most so many numbers over all groups, though at least one for each group.
    #[must_use]
    pub fn with_values_limit(mut self, values: usize) -> Self {
        self.values_limit = values;
        self
    }

    /// Takes the next batch.
    ///
    /// # Errors
    ///
    /// [`Error::SchemaChanged`], [`Error::Convert`], [`Error::TooManyGroups`]. The batch may then
    /// be counted in part.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let labels = self.by.labels(batch)?;
        let values = self.value.numbers(batch)?;
        for (label, value) in labels.iter().zip(&values) {
            let id = self.id(label)?;
            let Some(state) = self.states.get_mut(id) else { continue };
            state.rows += 1;
            match value {
                None => state.nulls += 1,
                Some(value) => {
                    let before = state.tally.sample.len();
                    state.tally.push(value);
                    self.values_kept = self.values_kept - before + state.tally.sample.len();
                }
            }
            if self.values_kept > self.values_limit {
                self.thin();
            }
        }
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// The results.
    #[must_use]
    pub fn finish(self) -> GroupTable {
        let rows = self.rows;
        let mut groups: Vec<Group> =
            self.states.into_iter().map(|state| state.finish(rows)).collect();
        groups.sort_by(|a, b| (Reverse(a.count), &a.group).cmp(&(Reverse(b.count), &b.group)));
        GroupTable {
            by: self.by.name().to_owned(),
            value: self.value.name().to_owned(),
            rows,
            groups,
        }
    }

    fn id(&mut self, label: Option<&str>) -> Result<usize, Error> {
        let known = match label {
            Some(label) => self.ids.get(label).copied(),
            None => self.null_id,
        };
        if let Some(id) = known {
            return Ok(id);
        }
        let id = self.states.len();
        if id >= self.group_limit {
            return Err(Error::TooManyGroups {
                column: self.by.name().to_owned(),
                limit: self.group_limit,
            });
        }
        match label {
            Some(label) => _ = self.ids.insert(label.into(), id),
            None => self.null_id = Some(id),
        }
        self.states.push(GroupState {
            group: label.map(str::to_owned),
            rows: 0,
            nulls: 0,
            tally: Tally::new(self.values_limit),
        });
        Ok(id)
    }

    /// Shrinks the samples of the largest groups: of every group that is more than half as large as
    /// the largest, so that one walk over many equal groups frees much.
    fn thin(&mut self) {
        while self.values_kept > self.values_limit {
            let lengths = self.states.iter().map(|state| state.tally.sample.len());
            let largest = lengths.max().unwrap_or_default();
            if largest <= 1 {
                return;
            }
            let large = |state: &&mut GroupState| state.tally.sample.len() > largest / 2;
            for state in self.states.iter_mut().filter(large) {
                let before = state.tally.sample.len();
                state.tally.sample.shrink();
                self.values_kept -= before - state.tally.sample.len();
            }
        }
    }
}

impl GroupState {
    fn finish(self, all_rows: u64) -> Group {
        let missing = self.nulls + self.tally.nan;
        let (min, max) = (self.tally.min(), self.tally.max());
        let mean = self.tally.moments.mean();
        let sorted = self.tally.sample.sorted();
        Group {
            group: self.group,
            count: self.rows,
            share: self.rows as f64 / all_rows.max(1) as f64,
            missing,
            mean,
            min,
            max,
            median: sorted.median(),
            exact: sorted.is_exact(),
        }
    }
}

impl GroupTable {
    /// The group of this name.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.group.as_deref() == Some(name))
    }

    /// The groups as a table: one row for each, in order.
    ///
    /// The first column bears the name of the group column and is nullable Utf8. Then `count`
    /// UInt64, `share` Float64, `missing` UInt64; `mean`, `min`, `max`, `median` nullable Float64;
    /// `exact` Boolean.
    ///
    /// # Errors
    ///
    /// [`Error::Table`] if Arrow refuses, which no known result makes it do.
    pub fn to_record_batch(&self) -> Result<RecordBatch, Error> {
        let each = &self.groups;
        let columns: [(&str, ArrayRef, bool); 9] = [
            (&self.by, text(each, |g| g.group.clone()), true),
            ("count", counts(each, |g| Some(g.count)), false),
            ("share", numbers(each, |g| Some(g.share)), false),
            ("missing", counts(each, |g| Some(g.missing)), false),
            ("mean", numbers(each, |g| g.mean), true),
            ("min", numbers(each, |g| g.min), true),
            ("max", numbers(each, |g| g.max), true),
            ("median", numbers(each, |g| g.median), true),
            ("exact", flags(each, |g| g.exact), false),
        ];
        Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
    }
}

#[cfg(test)]
mod tests;
