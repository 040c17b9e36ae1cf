//! Memory has a bound that refuses; late rows are counted and can be had.

use super::*;
use crate::continuous::QueryError;

fn row(captain: &'static str, time: f64) -> Row {
    Row { captain: Some(captain), rating: Some(7), weight: Some(0.5), time }
}

#[tokio::test]
async fn a_query_refuses_what_does_not_fit_and_says_what_would_help() {
    let limit = 64 * 1024;
    // Keys that never repeat, in one window.
    let options =
        options(tumbling(3_600), 0).with_keys(["captain", "time"]).with_memory_limit_bytes(limit);
    for (options, what) in [
        (options.clone(), "groups"),
        (options.clone().with_keys(["captain"]).with_sql("SELECT count(*) FROM stream"), "rows"),
        (options.with_windows(session(3_600)), "groups"),
    ] {
        let mut query = start(&options).await;
        let mut refused = None;
        for at in 0..100_000 {
            let pushed = query.push(&batch(&[row("Kirk", f64::from(at) / 1e3)]), 0.0);
            assert!(query.memory_bytes() < limit + 2_000, "{}", query.memory_bytes());
            if let Err(error) = pushed {
                refused = Some((at, error));
                break;
            }
        }
        let (at, error) = refused.expect("it must refuse");
        assert!(at > 10, "{at}");
        let QueryError::Memory { used, limit: allowed, groups, rows } = &error else {
            panic!("{error}")
        };
        assert!(*used > limit && *allowed == limit);
        assert!(if what == "groups" { *groups > 50 } else { *rows > 10 }, "{error}");
        assert!(error.to_string().contains("raise the memory limit"), "{error}");
    }
}

#[tokio::test]
async fn what_closes_makes_room() {
    let sql = "SELECT count(*) FROM stream";
    let options = options(tumbling(1), 0).with_sql(sql).with_memory_limit_bytes(64 * 1024);
    let mut query = start(&options).await;
    let mut closed = Vec::new();
    for at in 0..20_000 {
        query
            .push(&batch(&[row("Kirk", f64::from(at) / 20.0)]), 0.0)
            .expect("twenty rows at a time");
        drain(&mut query, &mut closed).await;
    }
    assert_eq!(closed.len(), 999);
    query.finish().expect("small numbers");
    drain(&mut query, &mut closed).await;
    assert_eq!(query.memory_bytes(), 0, "nothing is held when all is taken");
}

/// Windows that nobody takes are held, so they count.
#[tokio::test]
async fn closed_windows_that_nobody_takes_are_bounded_too() {
    let options = options(tumbling(1), 0).with_memory_limit_bytes(64 * 1024);
    let mut query = start(&options).await;
    let pushed =
        (0..100_000).try_for_each(|at| query.push(&batch(&[row("Kirk", f64::from(at))]), 0.0));
    assert!(matches!(pushed, Err(QueryError::Memory { .. })), "{pushed:?}");
}

#[tokio::test]
async fn late_rows_are_counted_and_can_be_had() {
    let options = options(hopping(60, 30), 10).with_late_rows(true);
    let mut query = start(&options).await;
    let rows = [row("Kirk", 100.0), row("Solo", 59.9), row("Ahab", 29.9), row("Leela", 45.0)];
    query.push(&batch(&rows), 0.0).expect("it fits");
    // The watermark stands at 90: [0, 60) and [30, 90) are closed, [60, 120) is not.
    assert_eq!((query.counts().late, query.counts().partly_late), (3, 0));
    let late = query.take_late_rows();
    let captains: Vec<String> = late.iter().flat_map(lines).collect();
    assert_eq!(captains, ["Solo 7 0.5 59.9", "Ahab 7 0.5 29.9", "Leela 7 0.5 45.0"]);
    assert!(query.take_late_rows().is_empty());

    query.push(&batch(&[row("Kirk", 65.0)]), 0.0).expect("it fits");
    assert_eq!((query.counts().late, query.counts().partly_late), (3, 1));
    query.finish().expect("small numbers");
    let mut windows = Vec::new();
    drain(&mut query, &mut windows).await;
    let rows: Vec<_> = windows.iter().map(|w| (w.start_micros / 1_000_000, w.rows)).collect();
    assert_eq!(rows, [(60, 2), (90, 1)]);
}

#[tokio::test]
async fn rows_without_a_time_are_counted_and_an_idle_stream_closes() {
    let mut query = start(&options(tumbling(60), 10)).await;
    query.push(&batch(&[row("Kirk", f64::NAN), row("Kirk", 5.0)]), 0.0).expect("it fits");
    assert_eq!(query.counts().untimed, 1);
    for (now, closed) in [(69.9, 0), (f64::NAN, 0), (70.0, 1), (500.0, 0)] {
        query.advance(now).expect("small numbers");
        let mut windows = Vec::new();
        drain(&mut query, &mut windows).await;
        assert_eq!(windows.len(), closed, "{now}");
    }
    query.push(&batch(&[row("Kirk", 6.0)]), 0.0).expect("it fits");
    assert_eq!((query.counts().late, query.latest_micros()), (1, Some(500_000_000)));
}

#[tokio::test]
async fn arrival_is_a_clock() {
    let mut options = options(tumbling(60), 0);
    options.clock = crate::WindowClock::Arrival;
    let mut query = start(&options).await;
    query.push(&batch(&[row("Kirk", 1e9), row("Kirk", -5.0)]), 30.0).expect("it fits");
    query.push(&batch(&[row("Kirk", 0.0)]), 59.0).expect("it fits");
    query.push(&batch(&[row("Kirk", 0.0)]), 60.0).expect("it fits");
    let mut windows = Vec::new();
    drain(&mut query, &mut windows).await;
    assert_eq!((windows.len(), windows[0].rows), (1, 3));
}
