//! Both detectors: against a planted truth, on awkward data, and over any cut into batches.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int32Array, RecordBatch, StringArray};
use proptest::prelude::*;

use crate::{
    DetectOptions, Error, GroupOutlier, GroupRule, Groups, RobustZ, RobustZFit, Scale, Side,
    find_anomalies,
};

fn numbers(values: Vec<Option<f64>>) -> RecordBatch {
    let column: ArrayRef = Arc::new(Float64Array::from(values));
    RecordBatch::try_from_iter_with_nullable([("x", column, true)]).expect("one column")
}

fn fit(batch: &RecordBatch) -> RobustZ {
    let mut fit = RobustZFit::new(batch.schema_ref(), "x").expect("it is there");
    fit.push(batch).expect("one schema");
    fit.finish()
}

fn outliers(rows: &[(&str, f64)]) -> Vec<GroupOutlier> {
    let keys: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|(key, _)| key)));
    let values: ArrayRef =
        Arc::new(rows.iter().map(|(_, value)| Some(*value)).collect::<Float64Array>());
    let batch = RecordBatch::try_from_iter([("key", keys), ("x", values)]).expect("one length");
    let mut groups = Groups::new(batch.schema_ref(), "key", "x").expect("they are there");
    groups.push(&batch).expect("one schema");
    GroupRule::default().apply(&groups.finish())
}

/// The tutorial's distribution: 4 % of the rows are Armstrong's with 7,000 to 9,000, the others
/// have 1 to 1,000.
fn ratings(rows: usize, seed: u64) -> Vec<RecordBatch> {
    let mut state = seed;
    let mut draw = |below: u64| {
        // xorshift64*: small, and good enough to spread ratings.
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % below
    };
    let mut captains = Vec::with_capacity(rows);
    let mut values = Vec::with_capacity(rows);
    for _ in 0..rows {
        let planted = draw(100) < 4;
        captains.push(if planted { "Armstrong".into() } else { format!("captain {}", draw(14)) });
        let value = if planted { 7_000 + draw(2_001) } else { 1 + draw(1_000) };
        values.push(i32::try_from(value).expect("at most 9,000"));
    }
    let chunks = captains.chunks(7_777).zip(values.chunks(7_777));
    let batch = |(captains, values): (&[String], &[i32])| {
        let captains: ArrayRef = Arc::new(StringArray::from(captains.to_vec()));
        let values: ArrayRef = Arc::new(Int32Array::from(values.to_vec()));
        RecordBatch::try_from_iter([("captain", captains), ("rating", values)])
    };
    chunks.map(batch).collect::<Result<_, _>>().expect("columns of one length")
}

fn is_planted(batch: &RecordBatch, row: usize) -> bool {
    batch.column(0).as_string::<i32>().value(row) == "Armstrong"
}

/// `STREAM_ANALYSIS_SEED=7 cargo test -p stream-analysis` repeats a run.
#[test]
fn every_planted_rating_is_found_and_no_other() {
    let given = std::env::var("STREAM_ANALYSIS_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = given.map_or_else(|| vec![1, 42, 2022], |seed: u64| vec![seed]);
    for seed in seeds {
        let batches = ratings(100_000, seed);
        let schema = batches[0].schema();
        let options = DetectOptions::default().with_group_by("captain");
        let findings = find_anomalies(&schema, &batches, &options).expect("sound");

        let report = &findings.columns[0];
        let truth = report.model.score_against(&batches, is_planted).expect("sound");
        assert_eq!((truth.precision(), truth.recall()), (Some(1.0), Some(1.0)), "seed {seed}");
        assert_eq!(report.found, truth.true_positives, "seed {seed}");
        assert_eq!((report.rows, report.scored), (100_000, 100_000));
        assert_eq!(report.anomalies.len(), 100, "examples are bounded");
        assert!((3_700..4_300).contains(&report.found), "seed {seed}: {}", report.found);

        let [outlier] = &findings.groups[..] else {
            panic!("one group, not {:?}", findings.groups)
        };
        assert_eq!(outlier.group.as_deref(), Some("Armstrong"));
        assert_eq!((outlier.side, outlier.rows), (Side::Above, report.found));
        let flagged: usize =
            batches.iter().map(|b| outlier.flags(b).expect("sound").true_count()).sum();
        assert_eq!(flagged as u64, report.found);
    }
}

#[test]
fn the_score_is_that_of_iglewicz_and_hoaglin() {
    // Median 3, distances 2 1 0 1 97, MAD 1.
    let model = fit(&numbers([1.0, 2.0, 3.0, 4.0, 100.0].map(Some).to_vec()));
    assert_eq!((model.median, model.scale), (3.0, Scale::Mad(1.0)));
    let score = model.score(100.0).expect("there is a scale");
    assert!((score - 0.674_489_750_196_081_7 * 97.0).abs() < 1e-9, "{score}");
    assert!(model.score(2.0).expect("there is a scale") < 0.0);
    assert!(!model.is_anomaly(8.0) && model.is_anomaly(9.0));
}

#[test]
fn without_a_mad_the_mean_deviation_serves_and_without_both_nothing_is_odd() {
    let mut mostly_equal = vec![Some(5.0); 99];
    mostly_equal.push(Some(50.0));
    let model = fit(&numbers(mostly_equal));
    assert_eq!(model.scale, Scale::MeanDeviation(0.45));
    assert!(model.is_anomaly(50.0) && !model.is_anomaly(5.0));

    for equal in
        [vec![Some(5.0); 10], vec![], vec![None, Some(f64::NAN)], vec![Some(f64::INFINITY)]]
    {
        let model = fit(&numbers(equal));
        assert_eq!(model.scale, Scale::None);
        assert!(!model.is_anomaly(1e300));
    }
}

#[test]
fn missing_numbers_are_passed_over_and_infinite_ones_found() {
    let batch = numbers(vec![
        Some(1.0),
        None,
        Some(2.0),
        Some(f64::NAN),
        Some(3.0),
        Some(f64::NEG_INFINITY),
    ]);
    let mut scorer = fit(&batch).scorer(batch.schema_ref()).expect("it is there");
    scorer.push(&batch).expect("one schema");
    let report = scorer.finish();
    assert_eq!((report.rows, report.scored, report.found), (6, 4, 1));
    assert_eq!((report.anomalies[0].row, report.anomalies[0].score), (5, f64::NEG_INFINITY));
}

#[test]
fn the_largest_floats_do_not_upset_the_model() {
    let model = fit(&numbers(vec![Some(f64::MAX), Some(-f64::MAX), Some(0.0), Some(f64::MAX)]));
    assert!(model.score(f64::MAX).is_none_or(|score| !score.is_nan()));
    assert!(model.score(f64::NAN).is_none());
}

#[test]
fn the_strongest_examples_are_kept_and_ties_go_by_row() {
    let mut values: Vec<_> = (0..100).map(|value| Some(f64::from(value % 10))).collect();
    values.extend([Some(500.0), Some(900.0), Some(500.0), Some(-700.0)]);
    let batch = numbers(values);
    let parts = [batch.slice(0, 101), batch.slice(101, 3)];
    let mut scorer = fit(&batch).scorer(batch.schema_ref()).expect("there").with_examples(3);
    parts.iter().for_each(|part| scorer.push(part).expect("one schema"));
    let report = scorer.finish();
    assert_eq!(report.found, 4);
    let at: Vec<_> = report.anomalies.iter().map(|a| (a.row, a.batch, a.batch_row)).collect();
    assert_eq!(at, [(101, 1, 0), (103, 1, 2), (100, 0, 100)]);
    assert!(report.anomalies[1].reason.contains("below the median"), "{report:?}");
    assert_eq!(report.to_record_batch().expect("sound").num_rows(), 3);

    let mut none = fit(&batch).scorer(batch.schema_ref()).expect("there").with_examples(0);
    none.push(&batch).expect("one schema");
    let none = none.finish();
    assert_eq!((none.found, none.anomalies.len()), (4, 0));
}

#[test]
fn a_group_apart_is_found_on_either_side_with_its_reason() {
    let mut rows: Vec<(&str, f64)> = Vec::new();
    for value in 1..=10 {
        rows.extend([("a", f64::from(value)), ("b", f64::from(value) + 2.0)]);
    }
    rows.extend([("low", -5.0), ("low", -4.0), ("low", -3.0)]);
    rows.extend([("high", 13.0), ("high", 14.0), ("high", 99.5)]);
    let found = outliers(&rows);
    let reasons: Vec<_> = found.iter().map(|outlier| outlier.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "all 3 values of x with key high lie above every other group's maximum: the lowest is \
             13, the others' maximum 12",
            "all 3 values of x with key low lie below every other group's minimum: the highest is \
             -3, the others' minimum 1",
        ]
    );
    assert_eq!(GroupOutlier::to_record_batch(&found).expect("sound").num_rows(), 2);
}

#[test]
fn what_only_looks_apart_is_not_reported() {
    let table: [(&str, &[(&str, f64)]); 6] = [
        ("nothing", &[]),
        ("one group has no others", &[("a", 1.0), ("a", 2.0), ("a", 3.0)]),
        (
            "of two halves none is odd",
            &[("a", 1.0), ("a", 2.0), ("a", 3.0), ("b", 7.0), ("b", 8.0), ("b", 9.0)],
        ),
        ("a single value is always somewhere", &[("a", 1.0), ("b", 2.0), ("c", 3.0)]),
        (
            "touching is not apart",
            &[("a", 1.0), ("a", 5.0), ("a", 2.0), ("a", 4.0), ("b", 5.0), ("b", 6.0), ("b", 7.0)],
        ),
        (
            "a group without numbers bounds nothing",
            &[
                ("a", 1.0),
                ("a", 2.0),
                ("a", 2.0),
                ("b", f64::NAN),
                ("b", f64::NAN),
                ("b", f64::NAN),
            ],
        ),
    ];
    for (why, rows) in table {
        assert_eq!(outliers(rows), [], "{why}");
    }
}

#[test]
fn bad_questions_are_refused_by_name() {
    let batch = ratings(10, 1).remove(0);
    let schema = batch.schema();
    let ask = |options: DetectOptions| match find_anomalies(&schema, &[], &options) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.to_string(),
    };
    assert_eq!(
        ask(DetectOptions::default().with_columns(["score"])),
        "there is no column `score`; the columns are: captain, rating"
    );
    assert_eq!(
        ask(DetectOptions::default().with_columns(["captain"])),
        "column `captain` is of type Utf8, not a number; the numeric columns are: rating"
    );
    for threshold in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let refused = ask(DetectOptions::default().with_threshold(threshold));
        assert!(refused.starts_with("a threshold must be a positive number"), "{refused}");
    }
    let model = fit(&numbers(vec![Some(1.0), Some(2.0)]));
    assert!(matches!(model.flags(&batch), Err(Error::UnknownColumn { .. })));
}

proptest! {
    #[test]
    fn any_cut_into_batches_gives_the_same_report(
        values in prop::collection::vec(prop::option::of(prop::num::f64::ANY), 1..200),
        cut in any::<prop::sample::Index>(),
    ) {
        let whole = numbers(values.clone());
        let at = cut.index(values.len());
        let parts = [whole.slice(0, at), whole.slice(at, values.len() - at)];
        let run = |batches: &[RecordBatch]| {
            let found = find_anomalies(&whole.schema(), batches, &DetectOptions::default());
            let report = found.expect("sound").columns.remove(0);
            let examples: Vec<_> = report.anomalies.iter().map(|a| (a.row, a.score)).collect();
            format!("{:?} {} {examples:?}", report.model, report.found)
        };
        prop_assert_eq!(run(std::slice::from_ref(&whole)), run(&parts));
    }

    #[test]
    fn flags_and_scorer_agree(values in prop::collection::vec(prop::option::of(prop::num::f64::ANY), 1..100)) {
        let batch = numbers(values);
        let model = fit(&batch);
        let mut scorer = model.scorer(batch.schema_ref()).expect("it is there");
        scorer.push(&batch).expect("one schema");
        let flagged = model.flags(&batch).expect("sound");
        prop_assert_eq!(flagged.null_count(), 0);
        prop_assert_eq!(scorer.finish().found, flagged.true_count() as u64);
    }
}
