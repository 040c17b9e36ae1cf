//! Rows 1, 3 and 5: refusals of single records, and calls that end in doubt.

use std::time::Duration;

use firehose_sink::StoredPart;

use crate::{RECORDS, figures::told, play, seeds};

#[tokio::test(start_paused = true)]
async fn row_1_single_records_are_refused() {
    for percent in [1, 30, 99] {
        let mut figures = Vec::new();
        for seed in seeds() {
            let share = f64::from(percent) / 100.0;
            let run = play(seed, |sink| sink.with_refused_records(share), |builder| builder).await;
            assert_eq!((run.duplicates, run.counted), (0, 0), "{run:?}");
            assert_eq!(run.retried, run.refused, "delivered entries are never sent again: {run:?}");
            assert_eq!((run.delivered, run.faults.refused_records > 0), (RECORDS, true), "{run:?}");
            figures.push(run);
        }
        told(1, &format!("{percent} % of the records refused"), &figures);
    }
}

#[tokio::test(start_paused = true)]
async fn row_3_calls_fail_after_they_stored_a_part() {
    let parts = [
        (StoredPart::Nothing, "nothing"),
        (StoredPart::Any, "a part"),
        (StoredPart::All, "everything"),
    ];
    for (part, stored) in parts {
        let mut figures = Vec::new();
        for seed in seeds() {
            let faults = |sink: firehose_sink::FaultSink<_>| {
                sink.with_ambiguous_calls(0.4).with_stored_part(part)
            };
            let run = play(seed, faults, |builder| builder).await;
            assert_eq!(run.delivered, RECORDS, "{run:?}");
            assert_eq!(run.duplicates == 0, run.faults.stored_in_doubt == 0, "{run:?}");
            figures.push(run);
        }
        told(3, &format!("500, reset or timeout after storing {stored}"), &figures);
        let ambiguous: u64 = figures.iter().map(|run| run.faults.ambiguous_calls).sum();
        assert!(ambiguous >= figures.len() as u64, "the faults did happen: {ambiguous}");
    }
}

#[tokio::test(start_paused = true)]
async fn row_5_calls_never_answer() {
    let limit = Duration::from_secs(10);
    let mut figures = Vec::new();
    for seed in seeds() {
        let faults = |sink: firehose_sink::FaultSink<_>| sink.with_hanging_calls(0.3);
        let run = play(seed, faults, |builder| builder.call_timeout(limit)).await;
        assert_eq!(run.delivered, RECORDS, "{run:?}");
        assert_eq!(run.calls, run.faults.calls, "one post for each attempt: {run:?}");
        let longest = Duration::from_micros(run.metrics.call_micros.max());
        assert!(longest <= limit + Duration::from_millis(500), "{longest:?}: {run:?}");
        figures.push(run);
    }
    told(5, "calls that never answer, 10 s for each", &figures);
    let hanging: u64 = figures.iter().map(|run| run.faults.hanging_calls).sum();
    assert!(hanging >= figures.len() as u64, "the faults did happen: {hanging}");
}
