//! `anomalies`: rows far from the rest, and groups apart from all others.

use stream_analysis::{AnomalyReport, GroupOutlier, GroupRule, Groups, RobustZ, RobustZFit, Scale};

use crate::args::{AnomaliesArgs, Shared};
use crate::source::{self, Origins, Rows};
use crate::{Answer, Cell, Section};

pub(super) async fn answer(shared: &Shared, args: &AnomaliesArgs) -> anyhow::Result<Answer> {
    let by = (!args.group_by.is_empty()).then_some(&args.group_by);
    let set = source::open(shared, &args.read, true).await?;
    let mut rows = Rows::of(set.columns(by.into_iter().chain([&args.column]).cloned())).await?;
    source::check(&args.read, rows.report())?;
    let schema = rows.schema();

    let mut fit = RobustZFit::new(&schema, &args.column)?;
    let mut groups = by.map(|by| Groups::new(&schema, by, &args.column)).transpose()?;
    rows.each(|batch| {
        fit.push(batch)?;
        groups.as_mut().map_or(Ok(()), |groups| groups.push(batch))
    })
    .await?;
    let model = fit.finish().with_threshold(args.threshold)?;
    let outliers = groups.map(|groups| GroupRule::default().apply(&groups.finish()));

    let mut scorer = model.scorer(&schema)?.with_examples(args.rows);
    let mut origins = Origins::default();
    rows.each(|batch| {
        origins.note(batch);
        scorer.push(batch)
    })
    .await?;
    let found = scorer.finish();

    let answer = Answer {
        facts: facts(&found),
        headline: Some(headline(&found)),
        sections: vec![examples(&found, &origins), apart(&outliers.unwrap_or_default())],
        ..Answer::default()
    };
    Ok(source::with_report(answer, &args.read, rows.report()))
}

fn facts(found: &AnomalyReport) -> Vec<(&'static str, Cell)> {
    let model = &found.model;
    let scale = match model.scale {
        Scale::Mad(scale) | Scale::MeanDeviation(scale) => Cell::Num(scale),
        _ => Cell::Null,
    };
    vec![
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
    let RobustZ { column, median, threshold, .. } = &found.model;
    let scale = match found.model.scale {
        Scale::Mad(mad) => format!("median {median}, median distance {mad}"),
        Scale::MeanDeviation(mean) => format!("median {median}, mean distance {mean:.3}"),
        _ => "all values are equal, so none is far".to_owned(),
    };
    let (odd, all) = (found.found, found.scored);
    format!("{odd} of {all} values of {column} score beyond {threshold} ({scale})")
}

fn examples(found: &AnomalyReport, origins: &Origins) -> Section {
    let mut section = Section::new("anomalies", ["object", "row", "value", "score", "reason"]);
    section.rows = found
        .anomalies
        .iter()
        .map(|anomaly| {
            let origin = origins.find(anomaly.row);
            vec![
                origin.map_or(Cell::Null, |(key, _)| Cell::text(key)),
                Cell::Int(origin.map_or(anomaly.row, |(_, row)| row).into()),
                Cell::Num(anomaly.value),
                Cell::Stat(anomaly.score),
                Cell::text(&anomaly.reason),
            ]
        })
        .collect();
    if !section.rows.is_empty() {
        section.title = Some(format!("the strongest {}:", section.rows.len()));
    }
    section
}

fn apart(outliers: &[GroupOutlier]) -> Section {
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
