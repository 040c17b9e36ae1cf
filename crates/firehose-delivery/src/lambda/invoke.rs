//! Calls a function with each raw buffer, again if need be, and files what it makes of the records.

use std::{panic::AssertUnwindSafe, sync::Arc};

use bytes::Bytes;
use futures::{FutureExt, StreamExt};
use tokio::{sync::mpsc, time::Instant};
use tracing::warn;

use super::{
    FunctionError, LambdaProcessor, SealedRaw,
    answer::{self, FUNCTION_ERROR, Fault, TIMED_OUT, Verdict},
    event::{self, RecordIds},
};
use crate::{
    DeliveryEvent, ProcessingFailure,
    deliver::Deliverer,
    intake::{Intake, Invocation, Item},
    prefix::KeySource,
    state::Shared,
};

/// Calls that are under way at the same time; what comes of them is filed in order.
const CALLS: usize = 2;

/// Calls the functions of a stream until it is closed and the last answer is filed, or until what
/// is left is discarded.
pub(crate) async fn transform_until_discarded(
    shared: Arc<Shared>,
    deliverer: Deliverer,
    raw: mpsc::UnboundedReceiver<SealedRaw>,
) {
    tokio::select! {
        () = transform_all(&shared, &deliverer, raw) => {}
        () = shared.discarded() => {}
    }
}

async fn transform_all(
    shared: &Shared,
    deliverer: &Deliverer,
    raw: mpsc::UnboundedReceiver<SealedRaw>,
) {
    let incoming = futures::stream::unfold(raw, |mut raw| async {
        raw.recv().await.map(|next| (Arc::new(next), raw))
    });
    let answered = incoming.map(|raw| answered(shared, deliverer, raw)).buffered(CALLS);
    let mut answered = std::pin::pin!(answered);
    while let Some((raw, results)) = answered.next().await {
        shared.settle_raw(&raw, results).await;
    }
}

/// What each record of a raw buffer becomes: nothing when it was dropped.
pub(crate) type Results = Vec<Option<Item<'static>>>;

async fn answered(
    shared: &Shared,
    deliverer: &Deliverer,
    raw: Arc<SealedRaw>,
) -> (Arc<SealedRaw>, Results) {
    // Only a destination with a function seals raw buffers.
    let Some(lambda) = raw.destination.lambda.clone() else {
        let results = raw.records.iter().map(|record| Some(Item::as_it_came(record))).collect();
        return (raw, results);
    };
    let call = Call { shared, deliverer, lambda: &lambda, raw: &raw };
    let (attempts, answer) = call.until_answered().await;
    let ended = shared.clock.now();
    let (for_task, arn) = (Arc::clone(&raw), Arc::clone(&lambda.arn));
    // Decoding and queries take their time: not on a thread that others wait for.
    let task = tokio::task::spawn_blocking(move || {
        let invocation = Invocation { arn, attempts, ended };
        let verdicts = match answer {
            Ok(answer) => answer::read(&answer, RecordIds::of(&for_task), for_task.records.len()),
            Err(fault) => vec![Verdict::Failed(fault); for_task.records.len()],
        };
        results(&for_task, verdicts, &invocation)
    });
    let results = task.await.unwrap_or_else(|_| {
        // A defect below us must not cost anybody their records.
        let invocation = Invocation { arn: Arc::clone(&lambda.arn), attempts, ended };
        results(&raw, vec![Verdict::Failed(FUNCTION_ERROR); raw.records.len()], &invocation)
    });
    (raw, results)
}

fn results(raw: &SealedRaw, verdicts: Vec<Verdict>, invocation: &Invocation) -> Results {
    let intake = raw.destination.intake.as_ref();
    let made = raw.records.iter().zip(verdicts);
    made.map(|(record, verdict)| match verdict {
        Verdict::Ok { data, keys } => Some(item(intake, data, keys)),
        Verdict::Dropped => None,
        Verdict::Failed(Fault { code, message }) => {
            let why = ProcessingFailure::of_lambda(code, message, invocation.clone());
            Some(Item { data: record.to_vec().into(), place: Err(Arc::new(why)) })
        }
    })
    .collect()
}

/// What a record that went through a function becomes on its further way.
fn item(
    intake: Option<&Intake>,
    data: Vec<u8>,
    keys: Vec<(String, Option<String>)>,
) -> Item<'static> {
    let Some(intake) = intake else { return Item { data: data.into(), place: Ok(None) } };
    let given: Result<Vec<_>, ()> = keys
        .into_iter()
        .map(|(name, value)| Ok((KeySource::Lambda, name, value.ok_or(())?)))
        .collect();
    intake.file(data.into(), given.map_err(|()| ProcessingFailure::empty_key()))
}

/// One raw buffer and the function that it goes to.
struct Call<'a> {
    shared: &'a Shared,
    deliverer: &'a Deliverer,
    lambda: &'a LambdaProcessor,
    raw: &'a Arc<SealedRaw>,
}

impl Call<'_> {
    /// Calls the function until it answers or has been called often enough; answers with the
    /// number of calls. An answer that was given is final, whatever it says.
    async fn until_answered(&self) -> (u32, Result<Bytes, Fault>) {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let (fault, error) = match self.once().await {
                Ok(answer) => return (attempts, Ok(answer)),
                Err(failed) => failed,
            };
            let last = attempts > self.lambda.retries;
            let pause = (!last).then(|| self.raw.destination.retry.pause(attempts));
            self.tell(attempts, error.to_string(), pause);
            let Some(pause) = pause else { return (attempts, Err(fault)) };
            tokio::time::sleep(pause).await;
        }
    }

    async fn once(&self) -> Result<Bytes, (Fault, FunctionError)> {
        let raw = Arc::clone(self.raw);
        let (lambda, stream) = (self.lambda.clone(), self.deliverer.stream.clone());
        let written = tokio::task::spawn_blocking(move || event::write(&raw, &lambda, &stream));
        let written = written.await;
        let failed = |problem: &str| (FUNCTION_ERROR, FunctionError::new(problem));
        let event = written.map_err(|_| failed("the event could not be written"))?;
        let (size, most) = (event.len(), LambdaProcessor::MOST_BYTES);
        if size > most {
            // A single record, unpacked from a smaller one: no event can hold it.
            return Err(failed(&format!("an event of {size} bytes, at most {most} are allowed")));
        }
        let began = Instant::now();
        let answer = self.answer(event).await;
        let took = began.elapsed();
        self.shared.count(|stats| {
            stats.invocations += 1;
            stats.failed_invocations += u64::from(answer.is_err());
            stats.invocation_time += took;
        });
        answer
    }

    async fn answer(&self, event: Bytes) -> Result<Bytes, (Fault, FunctionError)> {
        let LambdaProcessor { function, timeout, .. } = self.lambda;
        let call = AssertUnwindSafe(function.invoke(event)).catch_unwind();
        let Ok(ended) = tokio::time::timeout(*timeout, call).await else {
            let error = FunctionError::new(format!("no answer within {timeout:?}"));
            return Err((TIMED_OUT, error));
        };
        let answer = match ended {
            Ok(Ok(answer)) => answer,
            Ok(Err(why)) => return Err((FUNCTION_ERROR, why)),
            Err(_) => return Err((FUNCTION_ERROR, FunctionError::new("the function panicked"))),
        };
        let (size, most) = (answer.len(), LambdaProcessor::MOST_BYTES);
        if size > most {
            let error = format!("an answer of {size} bytes, at most {most} are allowed");
            return Err((FUNCTION_ERROR, FunctionError::new(error)));
        }
        match answer::error_message(&answer) {
            None => Ok(answer),
            Some(message) => Err((FUNCTION_ERROR, FunctionError::new(message))),
        }
    }

    fn tell(&self, attempts: u32, error: String, pause: Option<std::time::Duration>) {
        let function = self.lambda.arn.to_string();
        let stream = &self.deliverer.stream;
        warn!(stream, function, attempts, error, ?pause, "a call of the function failed");
        let event = DeliveryEvent::InvocationFailed { function, attempts, error, pause };
        self.deliverer.tell(&self.raw.destination, &event);
    }
}
