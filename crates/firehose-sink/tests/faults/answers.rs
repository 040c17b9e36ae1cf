//! Row 4: answers that do not fit their call. What is not even an answer on the wire (no
//! `RequestResponses`, not JSON, a count that disagrees) is in the tests of the AWS sinks, whose
//! errors are of the same kind.

use firehose_sink::{FaultSink, PutErrorKind};

use crate::{RECORDS, figures::told, play, seeds};

#[tokio::test(start_paused = true)]
async fn row_4_answers_have_too_few_or_too_many_entries() {
    let mut figures = Vec::new();
    for seed in seeds() {
        let faults = |sink: FaultSink<_>| sink.with_miscounted_answers(0.4);
        let run = play(seed, faults, |builder| builder).await;
        assert_eq!(run.delivered, RECORDS, "{run:?}");
        let unreadable = run.metrics.calls.get(PutErrorKind::Unreadable.label()).copied();
        assert_eq!(unreadable.unwrap_or(0), run.faults.miscounted_calls, "{run:?}");
        figures.push(run);
    }
    told(4, "too few or too many entries in the answer", &figures);
    let miscounted: u64 = figures.iter().map(|run| run.faults.miscounted_calls).sum();
    assert!(miscounted >= figures.len() as u64, "the faults did happen: {miscounted}");
}
