//! A function that does what a test tells it.

use std::{collections::VecDeque, sync::Arc};

use async_trait::async_trait;
use serde_json::{Value, json};

use super::*;
use crate::{FunctionError, LambdaFunction, LambdaProcessor};

pub(super) const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

/// What a scripted function does with its next event.
pub(super) enum Step {
    /// Answers for each record: the result and, for `Ok`, the data; then partition keys.
    Each(fn(&str) -> (&'static str, Option<String>, Value)),
    /// These bytes.
    Bytes(Vec<u8>),
    Fail,
    Panic,
    /// As the next step, so much later.
    Late(Duration),
}

/// A function that does what it is told, and in upper case once it has nothing to do.
#[derive(Default)]
pub(super) struct Scripted {
    pub(super) steps: Mutex<VecDeque<Step>>,
    pub(super) events: Mutex<Vec<Value>>,
}

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scripted")
    }
}

impl Scripted {
    pub(super) fn new(steps: impl IntoIterator<Item = Step>) -> Arc<Self> {
        Arc::new(Self { steps: Mutex::new(steps.into_iter().collect()), events: Mutex::default() })
    }

    pub(super) fn processor(self: &Arc<Self>) -> LambdaProcessor {
        let function: Arc<dyn LambdaFunction> = Arc::<Self>::clone(self);
        LambdaProcessor::new(ARN, function)
    }

    /// The data of the records of each event so far.
    pub(super) fn given(&self) -> Vec<Vec<String>> {
        let events = self.events.lock().unwrap();
        events.iter().map(|event| records(event).map(data).collect()).collect()
    }
}

pub(super) fn records(event: &Value) -> impl Iterator<Item = &Value> {
    event["records"].as_array().unwrap().iter()
}

pub(super) fn data(record: &Value) -> String {
    String::from_utf8(STANDARD.decode(record["data"].as_str().unwrap()).unwrap()).unwrap()
}

pub(super) fn upper(text: &str) -> (&'static str, Option<String>, Value) {
    ("Ok", Some(text.to_uppercase()), json!({}))
}

#[async_trait]
impl LambdaFunction for Scripted {
    async fn invoke(&self, event: Bytes) -> Result<Bytes, FunctionError> {
        assert!(event.len() <= LambdaProcessor::MOST_BYTES, "{}", event.len());
        let event: Value = serde_json::from_slice(&event).unwrap();
        self.events.lock().unwrap().push(event.clone());
        loop {
            let step = self.steps.lock().unwrap().pop_front();
            let answer = match step {
                Some(Step::Each(answer)) => answer,
                Some(Step::Bytes(bytes)) => return Ok(bytes.into()),
                Some(Step::Fail) => return Err(FunctionError::new("as the test asked for")),
                Some(Step::Panic) => panic!("as the test asked for"),
                Some(Step::Late(pause)) => {
                    tokio::time::sleep(pause).await;
                    continue;
                }
                None => upper,
            };
            let answers = records(&event).map(|record| {
                let (result, made, metadata) = answer(&data(record));
                let made = made.map(|made| STANDARD.encode(made));
                json!({ "recordId": record["recordId"], "result": result, "data": made,
                    "metadata": metadata })
            });
            return Ok(json!({ "records": answers.collect::<Vec<_>>() }).to_string().into());
        }
    }
}
