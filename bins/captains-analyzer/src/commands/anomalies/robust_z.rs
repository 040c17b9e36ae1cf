//! The default: distance from the median, in two passes.

use stream_analysis::{AnomalyReport, Confusion, DEFAULT_THRESHOLD, RobustZ, RobustZFit, Scale};

use super::{Example, apart, examples, truth_fact, truth_words};
use crate::args::{AnomaliesArgs, Shared};
use crate::source::{self, Origins, Rows};
use crate::{Answer, Cell};

pub(super) async fn answer(shared: &Shared, args: &AnomaliesArgs) -> anyhow::Result<Answer> {
    let set = source::open(shared, &args.read, true).await?;
    let mut rows = Rows::of(set.columns(args.columns()), shared).await?;
    source::check(&args.read, rows.report())?;
    let schema = rows.schema();

    let mut fit = RobustZFit::new(&schema, &args.column)?;
    let mut groups = args.groups(&schema)?;
    rows.each(|batch| {
        fit.push(batch)?;
        groups.as_mut().map_or(Ok(()), |groups| groups.push(batch))
    })
    .await?;
    let model = fit.finish().with_threshold(args.threshold.unwrap_or(DEFAULT_THRESHOLD))?;

    let mut scorer = model.scorer(&schema)?.with_examples(args.rows);
    let mut origins = Origins::default();
    let truth = args.truth(&schema)?;
    let mut confusion = Confusion::default();
    rows.each(|batch| {
        origins.note(batch);
        if let Some(truth) = &truth {
            confusion.add_flags(&model.flags(batch)?, &truth.flags(batch)?);
        }
        scorer.push(batch)
    })
    .await?;
    let found = scorer.finish();

    let strongest: Vec<Example> = found.anomalies.iter().map(example).collect();
    let confusion = truth.is_some().then_some(&confusion);
    let mut facts = facts(&found);
    facts.push(("truth", truth_fact(confusion)));
    let answer = Answer {
        facts,
        headline: Some(headline(&found) + &truth_words(args, confusion)),
        sections: vec![examples(&strongest, &origins), apart(groups)],
        ..Answer::default()
    };
    Ok(source::with_report(answer, &args.read, rows.report()))
}

fn example(anomaly: &stream_analysis::Anomaly) -> Example {
    let reason = anomaly.reason.clone();
    Example { row: anomaly.row, value: anomaly.value, score: anomaly.score, reason }
}

fn facts(found: &AnomalyReport) -> Vec<(&'static str, Cell)> {
    let model = &found.model;
    let scale = match model.scale {
        Scale::Mad(scale) | Scale::MeanDeviation(scale) => Cell::Num(scale),
        _ => Cell::Null,
    };
    vec![
        ("detector", Cell::text("z")),
        ("value", Cell::text(&model.column)),
        ("threshold", Cell::Num(model.threshold)),
        ("median", Cell::Num(model.median)),
        ("scale", scale),
        ("rows", Cell::Int(found.rows.into())),
        ("scored", Cell::Int(found.scored.into())),
        ("found", Cell::Int(found.found.into())),
    ]
}

fn headline(found: &AnomalyReport) -> String {
    if found.scored == 0 {
        return format!("no value of {} to judge", found.model.column);
    }
    let RobustZ { column, median, threshold, .. } = &found.model;
    let scale = match found.model.scale {
        Scale::Mad(mad) => format!("median {median}, median distance {mad}"),
        Scale::MeanDeviation(mean) => format!("median {median}, mean distance {mean:.3}"),
        _ => "all values are equal, so none is far".to_owned(),
    };
    let (odd, all) = (found.found, found.scored);
    format!("{odd} of {all} values of {column} score beyond {threshold} ({scale})")
}
