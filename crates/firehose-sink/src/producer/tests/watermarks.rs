//! "All up to n are taken care of", for sources that can go back.

use std::time::Duration;

use super::{AMPLE, record, settle_down, start};
use crate::{DeadLetter, PutErrorKind, Retry, Stop, Stored};

#[tokio::test(start_paused = true)]
async fn the_watermark_waits_for_the_oldest_record() {
    let (sink, producer, drain) = start(|builder| builder.linger(Duration::ZERO).in_flight(4));
    assert_eq!(producer.watermark(), 0);
    sink.hang();
    producer.send(record(0)).await.expect("accepted");
    settle_down().await;
    // Only the call that came first goes on hanging.
    sink.heal();
    assert_eq!(producer.watermark_reaches(1).await, 1);
    sink.refuse_next(1);
    producer.send_all((1..5).map(record)).await.expect("accepted");
    settle_down().await;
    assert_eq!((producer.stats().delivered, producer.watermark()), (4, 1), "1 was refused");
    assert_eq!(producer.watermark_reaches(5).await, 5);
    drain.finish(AMPLE).await;
}

#[tokio::test(start_paused = true)]
async fn the_watermark_never_passes_a_record_that_ended_undelivered() {
    let (sink, producer, drain) = start(|builder| builder.linger(Duration::ZERO));
    producer.send_all((0..3).map(record)).await.expect("accepted");
    producer.flush().await;
    sink.fail_next(1, PutErrorKind::Other, Stored::Nothing);
    producer.send(record(3)).await.expect("accepted");
    producer.flush().await;
    producer.send_all((4..9).map(record)).await.expect("accepted");
    assert_eq!(producer.watermark_reaches(9).await, 3, "it says that it cannot be reached");
    producer.flush().await;
    assert_eq!((producer.stats().delivered, producer.watermark()), (8, 3));
    drain.finish(AMPLE).await;
}

#[tokio::test(start_paused = true)]
async fn the_watermark_passes_what_the_dead_letters_took() {
    let retry = Retry { stop: Stop::Attempts(1), ..Retry::default() };
    let (sink, producer, drain) =
        start(|builder| builder.retry(retry).dead_letters(|_: &DeadLetter| ()));
    sink.refuse_next(2);
    producer.send_all((0..5).map(record)).await.expect("accepted");
    assert_eq!(producer.watermark_reaches(5).await, 5);
    sink.hang();
    producer.send(record(5)).await.expect("accepted");
    let report = drain.finish(Duration::from_secs(1)).await;
    assert_eq!((producer.watermark(), report.undelivered.len()), (5, 1), "that one came back");
}
