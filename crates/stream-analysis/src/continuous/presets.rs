//! The two analyses of the tutorial's lab, which Kinesis Data Analytics for SQL once ran.

use std::time::Duration;

use super::{QueryOptions, WindowKind};
use crate::ForestOptions;

impl QueryOptions {
    /// `CAPTAIN_SCORES` of the lab: for each minute and value of `key`, the mean of `value` as
    /// `average_rating` DOUBLE and its sum as `total_rating`, in 64 bits where the lab's INTEGER has
    /// 32; ordered by the average, descending. Columns: `window_start`, `window_end`, `key`'s,
    /// `average_rating`, `total_rating`. By arrival, as the lab's ROWTIME, unless
    /// [`with_event_time`](Self::with_event_time) says otherwise.
    #[must_use]
    pub fn captain_scores(key: &str, value: &str) -> Self {
        let name = quoted(key);
        let of = |what: &str| quoted(&format!("{value}_{what}"));
        let sql = format!(
            "SELECT window_start, window_end, {name}, {} AS average_rating, {} AS total_rating \
             FROM windows ORDER BY average_rating DESC NULLS LAST, {name}",
            of("mean"),
            of("sum"),
        );
        Self::default().with_keys([key]).with_values([value]).with_sql(sql)
    }

    /// `ORDERED_ANOMALIES` of the lab: every row with its `anomaly_score` by a random cut forest
    /// over the numbers of `columns`, with Kinesis's defaults; rows of each second, highest score
    /// first. Rows that pass while the forest warms up are left out. Columns: `second`, the row's
    /// own, `anomaly_score`.
    #[must_use]
    pub fn ordered_anomalies(columns: &[&str]) -> Self {
        let ties: String = columns.iter().map(|column| format!(", {}", quoted(column))).collect();
        let sql = format!(
            "SELECT window_start AS second, * EXCEPT (window_start, window_end) FROM stream \
             WHERE anomaly_score IS NOT NULL ORDER BY anomaly_score DESC{ties}",
        );
        Self::default()
            .with_windows(WindowKind::Tumbling { length: Duration::from_secs(1) })
            .with_scores(columns.iter().copied(), ForestOptions::default())
            .with_sql(sql)
    }
}

/// A column's name in SQL, whatever it is.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
