//! Reads what the report tells: two passes over the rows, and the listing.

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use s3_parquet_reader::{ObjectInfo, Report, hour_of};
use stream_analysis::{
    AnomalyReport, Confusion, Describe, Description, Error, GroupOutlier, GroupRule, GroupTable,
    Groups, Histogram, HistogramTable, Lateness, RobustZFit, Timeline, TimelineTable, Truth,
};

use crate::args::{DEFAULT_TIME, DEFAULT_TRUTH, ReportArgs, Shared};
use crate::source::{self, Origins, Rows, VALUES_KEPT, key_of};

/// Bins of the histogram, and examples of anomalies.
const BINS: usize = 100;
const EXAMPLES: usize = 100;

/// All that the report tells.
pub(super) struct Findings {
    pub(super) objects: Vec<ObjectInfo>,
    pub(super) report: Report,
    pub(super) description: Description,
    pub(super) groups: GroupTable,
    pub(super) apart: Vec<GroupOutlier>,
    /// Where the column of times is there.
    pub(super) timeline: Option<(TimelineTable, Lateness)>,
    pub(super) histogram: HistogramTable,
    pub(super) anomalies: AnomalyReport,
    pub(super) origins: Origins,
    /// Where the tutorial's planted rows are there.
    pub(super) confusion: Option<Confusion>,
}

/// What the first pass learns.
struct First {
    describe: Describe,
    groups: Groups,
    fit: RobustZFit,
    timeline: Option<(Timeline, Lateness)>,
}

pub(super) async fn gather(shared: &Shared, args: &ReportArgs) -> anyhow::Result<Findings> {
    let set = source::open(shared, &args.read, true).await?;
    let objects = set.list().await?;
    let mut rows = Rows::of(set, shared).await?;
    source::check(&args.read, rows.report())?;
    let schema = rows.schema();

    let mut first = First::new(args, &schema)?;
    rows.each(|batch| first.push(batch)).await?;
    let First { describe, groups, fit, timeline } = first;
    let (description, groups) = (describe.finish()?, groups.finish());
    let extent = description.column(&args.column).map(source::extent).unwrap_or_default();

    let model = fit.finish();
    let mut scorer = model.scorer(&schema)?.with_examples(EXAMPLES);
    let mut histogram = Histogram::new(&schema, &args.column, extent.0, extent.1, BINS)?;
    let mut origins = Origins::default();
    let truth = truth(args, &schema)?;
    let mut confusion = Confusion::default();
    rows.each(|batch| {
        origins.note(batch);
        histogram.push(batch)?;
        if let Some(truth) = &truth {
            confusion.add_flags(&model.flags(batch)?, &truth.flags(batch)?);
        }
        scorer.push(batch)
    })
    .await?;
    let planted = confusion.true_positives + confusion.false_negatives;
    Ok(Findings {
        objects,
        report: rows.report().clone(),
        description,
        apart: GroupRule::default().apply(&groups),
        groups,
        timeline: timeline.map(|(timeline, lateness)| (timeline.finish(), lateness)),
        histogram: histogram.finish(),
        anomalies: scorer.finish(),
        origins,
        confusion: (planted > 0).then_some(confusion),
    })
}

impl First {
    fn new(args: &ReportArgs, schema: &Schema) -> Result<Self, Error> {
        let lacks_time = schema.index_of(&args.time).is_err() && args.time == DEFAULT_TIME;
        let timeline = || -> Result<_, Error> {
            let timeline = Timeline::new(schema, &args.time, 60)?;
            Ok((timeline, Lateness::new(schema, &args.time)?))
        };
        Ok(Self {
            describe: Describe::new(schema).with_values_limit(VALUES_KEPT),
            groups: Groups::new(schema, &args.group_by, &args.column)?
                .with_values_limit(VALUES_KEPT),
            fit: RobustZFit::new(schema, &args.column)?,
            timeline: (!lacks_time).then(timeline).transpose()?,
        })
    }

    fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.describe.push(batch)?;
        self.groups.push(batch)?;
        self.fit.push(batch)?;
        if let Some((timeline, lateness)) = &mut self.timeline {
            timeline.push(batch)?;
            if let Some(hour) = key_of(batch).and_then(hour_of) {
                let start = hour.timestamp() as f64;
                lateness.push(batch, start, start + 3_600.0)?;
            }
        }
        Ok(())
    }
}

/// The tutorial's planted rows, where its column is the one that is grouped by.
fn truth(args: &ReportArgs, schema: &Schema) -> Result<Option<Truth>, Error> {
    let Some((column, value)) = DEFAULT_TRUTH.split_once('=') else { return Ok(None) };
    let known = args.group_by == column;
    known.then(|| Truth::new(schema, column, value)).transpose()
}
