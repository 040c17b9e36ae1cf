//! What is logged, what is not, and that a log may be sent through the producer it is about.

use std::{
    fmt::{Debug, Write},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use tracing::{
    Dispatch, Event, Level, Metadata, Subscriber, field, span,
    subscriber::{DefaultGuard, set_default},
};

use super::{AMPLE, over, start};
use crate::{FaultSink, MemorySink, Producer, PutErrorKind, Record, Stored};

/// Keeps events as text, and asks a producer for its counters at each.
#[derive(Clone, Default)]
struct Log {
    lines: Arc<Mutex<Vec<(Level, String)>>>,
    asks: Arc<Mutex<Option<Producer>>>,
}

impl Log {
    fn text(&self) -> String {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(|(level, line)| format!("{level} {line}\n")).collect()
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("firehose_sink")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Fields(String);
        impl field::Visit for Fields {
            fn record_debug(&mut self, field: &field::Field, value: &dyn Debug) {
                write!(self.0, "{field}={value:?} ").expect("memory");
            }
        }
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        if let Some(producer) = &*self.asks.lock().expect("not poisoned") {
            write!(fields.0, "{:?}", producer.stats()).expect("memory");
        }
        self.lines.lock().expect("not poisoned").push((*event.metadata().level(), fields.0));
    }
}

/// Listens on this thread. With a single listener in the process, tracing asks the thread that
/// comes across a log line first whether anybody wants it, and that may be another test's: so
/// there is a second listener.
fn listen(log: &Log) -> DefaultGuard {
    static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(Log::default()));
    LazyLock::force(&SECOND);
    set_default(log.clone())
}

#[tokio::test(start_paused = true)]
async fn a_log_may_use_the_producer_and_never_shows_contents() {
    let log = Log::default();
    let _listens = listen(&log);
    let faults = FaultSink::new(MemorySink::new("ratings"), 7)
        .with_throttled_calls(0.3)
        .with_ambiguous_calls(0.2)
        .with_refused_records(0.5);
    let (producer, drain) = over(faults, |builder| builder);
    *log.asks.lock().expect("not poisoned") = Some(producer.clone());
    producer.send_all((0..5_000).map(|_| Record::new("secret"))).await.expect("accepted");
    let report = drain.finish(AMPLE).await;
    assert!(report.is_complete(), "{report}");
    let text = log.text();
    assert!(text.contains("WARN") && text.contains("stream=\"ratings\""), "{text}");
    assert!(text.contains("refused") && !text.contains("secret"), "{text}");
    log.asks.lock().expect("not poisoned").take();
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_warned_of_once_and_a_loss_each_time() {
    let log = Log::default();
    let _listens = listen(&log);
    let (sink, producer, drain) = start(|builder| builder);
    sink.fail_next(20, PutErrorKind::Throttled, Stored::Nothing);
    producer.send(Record::new("1")).await.expect("accepted");
    producer.flush().await;
    assert_eq!(log.text().matches("WARN").count(), 1, "{}", log.text());
    sink.fail_next(1, PutErrorKind::Other, Stored::Nothing);
    producer.send(Record::new("2")).await.expect("accepted");
    producer.flush().await;
    assert_eq!(log.text().matches("WARN").count(), 2, "{}", log.text());
    drop(drain);
    let text = log.text();
    assert!(text.contains("dropped without finish") && text.contains("undelivered=1"), "{text}");
}
