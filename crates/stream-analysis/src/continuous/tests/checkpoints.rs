//! A query that is stopped and gone on with, again and again, against one that runs through.

use super::*;
use crate::ForestOptions;
use crate::continuous::QueryError;

fn small_forest() -> ForestOptions {
    ForestOptions::default()
        .with_trees(8)
        .with_sample_size(32)
        .with_warm_up(40)
        .with_time_decay(500)
}

fn all_kinds() -> Vec<QueryOptions> {
    let rows = "SELECT * FROM stream ORDER BY time, rating, weight";
    let mut all = Vec::new();
    for kind in [tumbling(60), hopping(60, 25), session(9)] {
        all.push(options(kind, 20));
        all.push(options(kind, 20).with_sql(rows));
        all.push(
            options(kind, 20).with_sql(rows).with_scores(["rating", "weight"], small_forest()),
        );
    }
    all.push(options(tumbling(60), 20).with_keys::<&str>([]));
    all.push(options(tumbling(60), 20).with_keys(["captain", "rating"]));
    let pairs = small_forest().with_shingle(3);
    all.push(options(tumbling(10), 0).with_sql(rows).with_scores(["rating"], pairs));
    all
}

#[test]
fn a_resumed_query_goes_on_as_if_it_had_never_stopped() {
    each_seed(2, |seed| async move {
        let mut random = Random::new(seed);
        let rows = rows(&mut random, 400, 600.0, 60.0);
        let batches = cut(&mut random, &rows, 30);
        for options in all_kinds() {
            let (expected, through) = run(&options, &batches).await;
            let (mut query, mut windows) = (start(&options).await, Vec::new());
            for (number, batch) in batches.iter().enumerate() {
                query.push(batch, 0.0).expect("it fits");
                drain(&mut query, &mut windows).await;
                if random.below(4) == 0 {
                    let kept = query.checkpoint(&number.to_le_bytes()).expect("all was taken");
                    let resumed = ContinuousQuery::resume(options.clone(), &kept).await;
                    let (again, position) = resumed.expect("it is whole");
                    assert_eq!(position, number.to_le_bytes());
                    assert_eq!(
                        again.checkpoint(&position).expect("nothing waits").len(),
                        kept.len()
                    );
                    query = again;
                }
            }
            query.finish().expect("small numbers");
            drain(&mut query, &mut windows).await;
            assert_eq!(windows, expected, "{options:?}");
            assert_eq!(query.counts(), through.counts());
        }
    });
}

#[tokio::test]
async fn what_cannot_be_gone_on_with_is_refused() {
    let options = options(tumbling(60), 0);
    let mut query = start(&options).await;
    let row = |time| Row { captain: Some("Kirk"), rating: Some(1), weight: None, time };
    query.push(&batch(&[row(0.0), row(61.0)]), 0.0).expect("it fits");
    let untaken = query.checkpoint(b"").expect_err("a window is closed");
    assert!(matches!(untaken, QueryError::Untaken { windows: 1, rows: 0 }), "{untaken}");
    drain(&mut query, &mut Vec::new()).await;
    let kept = query.checkpoint(b"here").expect("nothing waits");

    let other = options.clone().with_sql("SELECT rows FROM windows");
    let error = ContinuousQuery::resume(other, &kept).await.expect_err("another query's");
    assert!(error.to_string().contains("another query's"), "{error}");
    for at in 0..kept.len() {
        let mut damaged = kept.clone();
        damaged[at] ^= 0x10;
        let damaged = ContinuousQuery::resume(options.clone(), &damaged).await;
        assert!(matches!(damaged, Err(QueryError::Checkpoint { .. })), "byte {at}");
        let short = ContinuousQuery::resume(options.clone(), &kept[..at]).await;
        assert!(matches!(short, Err(QueryError::Checkpoint { .. })), "{at} bytes");
    }
    // What bounds a query may change between two runs.
    let (resumed, position) =
        ContinuousQuery::resume(options.with_memory_limit_bytes(1 << 20), &kept)
            .await
            .expect("whole");
    assert_eq!((position.as_slice(), resumed.counts().rows), (&b"here"[..], 2));
}
