//! `anomalies`: rows far from the rest, and groups apart from all others. `robust_z` and `forest`
//! judge the rows; here is what both share.

mod forest;
mod robust_z;

use arrow::datatypes::Schema;
use stream_analysis::{Confusion, GroupOutlier, GroupRule, Groups, Truth};

use crate::args::{AnomaliesArgs, DEFAULT_TRUTH, DetectorArg, Shared};
use crate::source::{Origins, VALUES_KEPT};
use crate::{Answer, Cell, Section};

pub(super) async fn answer(shared: &Shared, args: &AnomaliesArgs) -> anyhow::Result<Answer> {
    match args.detector {
        DetectorArg::Z => robust_z::answer(shared, args).await,
        DetectorArg::Rcf => forest::random_cut(shared, args).await,
        DetectorArg::Iforest => forest::isolation(shared, args).await,
    }
}

impl AnomaliesArgs {
    /// The column to group by, if any.
    fn by(&self) -> Option<&String> {
        (!self.group_by.is_empty()).then_some(&self.group_by)
    }

    /// Whether the truth is to be looked at. The tutorial's is left alone where its column is not
    /// read anyway: another table need not have it.
    fn judged(&self) -> bool {
        let truth = &self.truth;
        let usual = format!("{}={}", truth.column, truth.value) == DEFAULT_TRUTH;
        !truth.column.is_empty() && (!usual || self.by() == Some(&truth.column))
    }

    /// The columns that are read.
    fn columns(&self) -> Vec<String> {
        let truth = self.judged().then_some(&self.truth.column);
        let mut columns: Vec<String> = self.by().into_iter().chain(truth).cloned().collect();
        columns.push(self.column.clone());
        columns
    }

    fn truth(&self, schema: &Schema) -> Result<Option<Truth>, stream_analysis::Error> {
        let truth = || Truth::new(schema, &self.truth.column, &self.truth.value);
        self.judged().then(truth).transpose()
    }

    fn groups(&self, schema: &Schema) -> Result<Option<Groups>, stream_analysis::Error> {
        let groups = self.by().map(|by| Groups::new(schema, by, &self.column)).transpose()?;
        Ok(groups.map(|groups| groups.with_values_limit(VALUES_KEPT)))
    }
}

/// How well the detector did, as a fact; null where nothing was planted.
fn truth_fact(confusion: Option<&Confusion>) -> Cell {
    let Some(found) = confusion.filter(|found| found.true_positives + found.false_negatives > 0)
    else {
        return Cell::Null;
    };
    let count = |name: &str, value: u64| (name.to_owned(), Cell::Int(value.into()));
    let part = |name: &str, value: Option<f64>| (name.to_owned(), Cell::stat(value));
    Cell::Map(vec![
        count("planted", found.true_positives + found.false_negatives),
        count("true_positives", found.true_positives),
        count("false_positives", found.false_positives),
        count("false_negatives", found.false_negatives),
        part("precision", found.precision()),
        part("recall", found.recall()),
    ])
}

/// The same in words.
fn truth_words(args: &AnomaliesArgs, confusion: Option<&Confusion>) -> String {
    let Some(found) = confusion.filter(|found| found.true_positives + found.false_negatives > 0)
    else {
        return String::new();
    };
    let part = |part: Option<f64>| part.map_or("-".to_owned(), |part| format!("{part:.4}"));
    let (precision, recall) = (part(found.precision()), part(found.recall()));
    let value = &args.truth.value;
    format!("\nof the rows of {value}: {found}; precision {precision}, recall {recall}")
}

/// One of the strongest anomalies.
struct Example {
    row: u64,
    value: f64,
    score: f64,
    reason: String,
}

fn examples(found: &[Example], origins: &Origins) -> Section {
    let mut section = Section::new("anomalies", ["object", "row", "value", "score", "reason"]);
    section.rows = found
        .iter()
        .map(|example| {
            let origin = origins.find(example.row);
            vec![
                origin.map_or(Cell::Null, |(key, _)| Cell::text(key)),
                Cell::Int(origin.map_or(example.row, |(_, row)| row).into()),
                Cell::Num(example.value),
                Cell::Stat(example.score),
                Cell::text(&example.reason),
            ]
        })
        .collect();
    if !section.rows.is_empty() {
        section.title = Some(format!("the strongest {}:", section.rows.len()));
    }
    section
}

fn apart(groups: Option<Groups>) -> Section {
    let outliers = groups.map(|groups| GroupRule::default().apply(&groups.finish()));
    section_of(&outliers.unwrap_or_default())
}

fn section_of(outliers: &[GroupOutlier]) -> Section {
    let columns = ["group", "rows", "share", "side", "min", "max", "reason"];
    let mut section = Section::new("groups", columns);
    section.rows = outliers
        .iter()
        .map(|outlier| {
            vec![
                outlier.group.as_ref().map_or(Cell::Null, Cell::text),
                Cell::Int(outlier.rows.into()),
                Cell::Share(outlier.share),
                Cell::text(outlier.side.word()),
                Cell::Stat(outlier.min),
                Cell::Stat(outlier.max),
                Cell::text(&outlier.reason),
            ]
        })
        .collect();
    // The reasons are sentences, too wide for a table.
    section.shown = Some(6);
    let reasons = outliers.iter().map(|outlier| Cell::text(&outlier.reason).for_people());
    let lines: Vec<String> = reasons.map(|reason| format!("\n  {reason}")).collect();
    if !lines.is_empty() {
        section.title = Some(format!("groups apart from all others:{}", lines.concat()));
    }
    section
}
