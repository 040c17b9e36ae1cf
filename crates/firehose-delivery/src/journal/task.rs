//! The task that writes a stream's journal: one commit for all batches that came in meanwhile.

use std::{sync::Arc, time::Instant};

use firehose_journal::Error;
use tokio::{sync::Notify, task::spawn_blocking};

use super::{Log, Written};
use crate::state::Shared;

/// Writes what the stream's book asks for, until the stream is closed and everything in the
/// journal is delivered.
pub(crate) async fn write_until_closed(
    shared: Arc<Shared>,
    wake: Arc<Notify>,
    mut log: Box<dyn Log>,
) {
    loop {
        if let Some(written) = shared.take_journal() {
            log = write(&shared, log, written).await;
            continue;
        }
        if shared.journal_is_done() {
            return;
        }
        let due = log.sync_due();
        let Some(due) = due else {
            wake.notified().await;
            continue;
        };
        let pause = due.saturating_duration_since(Instant::now());
        if tokio::time::timeout(pause, wake.notified()).await.is_err() {
            log = sync(&shared, log).await;
        }
    }
}

async fn write(shared: &Shared, log: Box<dyn Log>, written: Written) -> Box<dyn Log> {
    let Written { ops, waiting, forgotten, through } = written;
    let (log, done) = blocking(log, |log| log.run(ops)).await;
    match done {
        Ok(()) => {
            shared.committed(through);
            for batch in waiting {
                batch.answer(true);
            }
        }
        Err(why) => {
            let behind = shared.commit_failed(&why, &waiting);
            for batch in waiting.into_iter().chain(behind) {
                batch.answer(false);
            }
        }
    }
    for told in forgotten {
        // The delivery may have been given up.
        let _ = told.send(());
    }
    log
}

async fn sync(shared: &Shared, log: Box<dyn Log>) -> Box<dyn Log> {
    let (log, done) = blocking(log, |log| log.sync()).await;
    if let Err(why) = done {
        let behind = shared.commit_failed(&why, &[]);
        for batch in behind {
            batch.answer(false);
        }
    }
    log
}

/// Runs this on a thread that may block.
async fn blocking(
    mut log: Box<dyn Log>,
    run: impl FnOnce(&mut dyn Log) -> Result<(), Error> + Send + 'static,
) -> (Box<dyn Log>, Result<(), Error>) {
    let task = spawn_blocking(move || {
        let done = run(log.as_mut());
        (log, done)
    });
    match task.await {
        Ok(answer) => answer,
        Err(panicked) => match panicked.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is ending, and this task with it.
            Err(_) => std::future::pending().await,
        },
    }
}
