//! Keeps s3s's own log lines out of the log.
//!
//! At its debug level s3s writes whole requests, with their `Authorization` headers, and the
//! signatures it expected; at its error level XML bodies. No level of a log may hold these, so
//! they are dropped here and not left to the filter of whoever reads the log. All other lines
//! pass, and the router writes a line of its own for each request.

use std::sync::OnceLock;

use tracing::{
    Dispatch, Event, Metadata, Subscriber,
    dispatcher::get_default,
    instrument::{WithDispatch, WithSubscriber},
    level_filters::LevelFilter,
    span,
    subscriber::{Interest, NoSubscriber},
};

/// Remembers the subscriber that it filters for.
#[derive(Debug, Default)]
pub(crate) struct Quiet(OnceLock<Dispatch>);

impl Quiet {
    /// Runs `call` without s3s's log lines.
    pub(crate) fn run<F: Future>(&self, call: F) -> WithDispatch<F> {
        let current = get_default(Dispatch::clone);
        if current.is::<NoSubscriber>() {
            return call.with_subscriber(current);
        }
        let filtered = self.0.get_or_init(|| Dispatch::new(WithoutS3s(current)));
        call.with_subscriber(filtered.clone())
    }
}

/// The same subscriber, without the lines of one crate.
struct WithoutS3s(Dispatch);

fn is_s3s(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    target == "s3s" || target.starts_with("s3s::")
}

impl Subscriber for WithoutS3s {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_s3s(metadata) { Interest::never() } else { self.0.register_callsite(metadata) }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        !is_s3s(metadata) && self.0.enabled(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::current())
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        self.0.new_span(span)
    }

    fn record(&self, span: &span::Id, values: &span::Record<'_>) {
        self.0.record(span, values);
    }

    fn record_follows_from(&self, span: &span::Id, follows: &span::Id) {
        self.0.record_follows_from(span, follows);
    }

    fn event(&self, event: &Event<'_>) {
        self.0.event(event);
    }

    fn enter(&self, span: &span::Id) {
        self.0.enter(span);
    }

    fn exit(&self, span: &span::Id) {
        self.0.exit(span);
    }

    fn clone_span(&self, id: &span::Id) -> span::Id {
        self.0.clone_span(id)
    }

    fn try_close(&self, id: span::Id) -> bool {
        self.0.try_close(id)
    }
}
