//! The group rule: all of one group's values lie beyond every other group's.
//!
//! It needs no distribution and no threshold, and its reason is one sentence. It works on the
//! minima and maxima that [`Groups`](crate::Groups) found.

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};

use crate::Error;
use crate::column::Column;
use crate::groups::{Group, GroupTable};
use crate::table::{counts, numbers, text};

/// When a group counts as apart from all others.
///
/// Three conditions keep trivial cases out: among single values one is always the largest, so a
/// group needs a few of them; of two groups that lie apart, the smaller one is the odd one; and a group
/// with half of the rows or more is the rule, not the exception.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct GroupRule {
    /// Fewest numbers a group must have to be called apart. Default: 3.
    pub min_rows: u64,
    /// Share of all rows that it must stay below. Default: 0.5.
    pub max_share: f64,
}

/// A group whose numbers all lie beyond those of every other group.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GroupOutlier {
    /// The column grouped by.
    pub by: String,
    /// The column of numbers.
    pub value: String,
    /// The group; `None` for the rows without one.
    pub group: Option<String>,
    /// Whether it lies above or below the others.
    pub side: Side,
    /// Rows of the group.
    pub rows: u64,
    /// Rows of the group as a part of all, 0..=1.
    pub share: f64,
    /// Its smallest number.
    pub min: f64,
    /// Its largest number.
    pub max: f64,
    /// The number of any other group that comes nearest: their maximum if the group lies above.
    pub others: f64,
    /// Why it was found, as a sentence without its full stop.
    pub reason: String,
}

/// Where a group lies, seen from all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Side {
    /// Its minimum is above every other maximum.
    Above,
    /// Its maximum is below every other minimum.
    Below,
}

impl Default for GroupRule {
    fn default() -> Self {
        Self { min_rows: 3, max_share: 0.5 }
    }
}

impl GroupRule {
    /// Asks for at least so many numbers in a group.
    #[must_use]
    pub fn with_min_rows(mut self, rows: u64) -> Self {
        self.min_rows = rows;
        self
    }

    /// Asks for less than this share of all rows, 0..=1.
    #[must_use]
    pub fn with_max_share(mut self, share: f64) -> Self {
        self.max_share = share;
        self
    }

    /// The groups apart from all others: at most one above and one below, in this order. Groups
    /// without numbers are left out of the comparison.
    #[must_use]
    pub fn apply(&self, table: &GroupTable) -> Vec<GroupOutlier> {
        let ranges: Vec<Range<'_>> = table.groups.iter().filter_map(Range::of).collect();
        let above = most(&ranges, |a, b| a.min.total_cmp(&b.min).is_gt());
        let below = most(&ranges, |a, b| a.max.total_cmp(&b.max).is_lt());
        let above = above.and_then(|range| self.judge(table, &ranges, range, Side::Above));
        let below = below.and_then(|range| self.judge(table, &ranges, range, Side::Below));
        above.into_iter().chain(below).collect()
    }

    fn judge(
        &self,
        table: &GroupTable,
        ranges: &[Range<'_>],
        range: &Range<'_>,
        side: Side,
    ) -> Option<GroupOutlier> {
        let group = range.group;
        let others = ranges.iter().filter(|other| !std::ptr::eq(other.group, group));
        let (nearest, apart) = match side {
            Side::Above => {
                let nearest = others.map(|other| other.max).reduce(f64::max)?;
                (nearest, range.min > nearest)
            }
            Side::Below => {
                let nearest = others.map(|other| other.min).reduce(f64::min)?;
                (nearest, range.max < nearest)
            }
        };
        let few = range.numbers() >= self.min_rows && group.share < self.max_share;
        (apart && few).then(|| GroupOutlier {
            by: table.by.clone(),
            value: table.value.clone(),
            group: group.group.clone(),
            side,
            rows: group.count,
            share: group.share,
            min: range.min,
            max: range.max,
            others: nearest,
            reason: reason(table, range, side, nearest),
        })
    }
}

impl GroupOutlier {
    /// For each row of the batch whether it belongs to the group and has a number.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`], [`Error::NotNumeric`], [`Error::NotGroupable`],
    /// [`Error::Convert`].
    pub fn flags(&self, batch: &RecordBatch) -> Result<BooleanArray, Error> {
        let labels = Column::find_label(batch.schema_ref(), &self.by)?.labels(batch)?;
        let values = Column::find_numeric(batch.schema_ref(), &self.value)?.numbers(batch)?;
        let flag = |(label, value): (Option<&str>, Option<f64>)| {
            Some(label == self.group.as_deref() && value.is_some_and(|value| !value.is_nan()))
        };
        Ok(labels.iter().zip(values.iter()).map(flag).collect())
    }

    /// Findings as a table: `by`, `value` Utf8, `group` nullable Utf8, `side` Utf8 (`above` or
    /// `below`), `rows` UInt64, `share`, `min`, `max`, `others` Float64, `reason` Utf8.
    ///
    /// # Errors
    ///
    /// [`Error::Table`] if Arrow refuses, which no known result makes it do.
    pub fn to_record_batch(found: &[Self]) -> Result<RecordBatch, Error> {
        let columns: [(&str, ArrayRef, bool); 10] = [
            ("by", text(found, |f| Some(f.by.clone())), false),
            ("value", text(found, |f| Some(f.value.clone())), false),
            ("group", text(found, |f| f.group.clone()), true),
            ("side", text(found, |f| Some(f.side.word().to_owned())), false),
            ("rows", counts(found, |f| Some(f.rows)), false),
            ("share", numbers(found, |f| Some(f.share)), false),
            ("min", numbers(found, |f| Some(f.min)), false),
            ("max", numbers(found, |f| Some(f.max)), false),
            ("others", numbers(found, |f| Some(f.others)), false),
            ("reason", text(found, |f| Some(f.reason.clone())), false),
        ];
        Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
    }
}

impl Side {
    /// `above` or `below`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Above => "above",
            Self::Below => "below",
        }
    }
}

/// A group that has numbers, and where they lie.
struct Range<'a> {
    group: &'a Group,
    min: f64,
    max: f64,
}

impl<'a> Range<'a> {
    fn of(group: &'a Group) -> Option<Self> {
        Some(Self { group, min: group.min?, max: group.max? })
    }

    /// Rows that have a number.
    fn numbers(&self) -> u64 {
        self.group.count.saturating_sub(self.group.missing)
    }
}

/// The range that is further out than all before it.
fn most<'a, 'b>(
    ranges: &'a [Range<'b>],
    further: impl Fn(&Range<'b>, &Range<'b>) -> bool,
) -> Option<&'a Range<'b>> {
    ranges.iter().reduce(|best, range| if further(range, best) { range } else { best })
}

fn reason(table: &GroupTable, range: &Range<'_>, side: Side, nearest: f64) -> String {
    let group = range.group;
    let name = group.group.as_deref().unwrap_or("(null)");
    let (value, by) = (&table.value, &table.by);
    let (extreme, bound, limit) = match side {
        Side::Above => ("lowest", range.min, "maximum"),
        Side::Below => ("highest", range.max, "minimum"),
    };
    let numbers = range.numbers();
    let side = side.word();
    format!(
        "all {numbers} values of {value} with {by} {name} lie {side} every other group's {limit}: \
         the {extreme} is {bound}, the others' {limit} {nearest}"
    )
}
