//! The answer to a `PutRecordBatch`, read in one go.
//!
//! The SDK's own way makes an entry of owned text for each record, which costs more than to sign the
//! request. Here the text of an answer is kept once and the ids are parts of it. Only a good answer
//! (200) is read so; an error stays the SDK's to read.

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_firehose::{
    config::{ConfigBag, Intercept, RuntimeComponents},
    error::BoxError,
    operation::put_record_batch::PutRecordBatchOutput,
};
use aws_smithy_runtime_api::client::{
    interceptors::context::{BeforeDeserializationInterceptorContextMut, Error, Output},
    orchestrator::{HttpResponse, OrchestratorError},
    ser_de::{DeserializeResponse, SharedResponseDeserializer},
};
use serde::{Deserialize, Deserializer, de};

use crate::{Outcome, RecordId, Refusal};

/// Reads the answer of one call and keeps what it says of each record.
#[derive(Debug, Clone, Default)]
pub(super) struct AnswerReader(Arc<Mutex<Option<Entries>>>);

/// What an answer says of each record; an error for one that says nothing of some record.
type Entries = Result<Vec<Outcome>, &'static str>;

impl AnswerReader {
    /// What the answer said, if it was read here: whoever answers in the stead of the wire, as mocks
    /// do, gives the SDK's entries.
    pub(super) fn take(&self) -> Option<Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Intercept for AnswerReader {
    fn name(&self) -> &'static str {
        "AnswerReader"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if context.response().status().as_u16() == 200 {
            let reader = SharedResponseDeserializer::new(self.clone());
            config.interceptor_state().store_put(reader);
        }
        Ok(())
    }
}

impl DeserializeResponse for AnswerReader {
    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        _: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        let body = response.body().bytes().unwrap_or_default();
        let output = PutRecordBatchOutput::builder().failed_put_count(0);
        let output = output.set_request_responses(Some(Vec::new())).build();
        let output = output.map_err(OrchestratorError::other)?;
        if !body.is_empty() {
            let entries = read(body).map_err(OrchestratorError::response)?;
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(entries);
        }
        Ok(Output::erase(output))
    }
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, rename = "RequestResponses")]
    entries: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    #[serde(borrow)]
    record_id: Option<Text<'a>>,
    #[serde(borrow)]
    error_code: Option<Text<'a>>,
    #[serde(borrow)]
    error_message: Option<Text<'a>>,
}

/// A part of the answer, or a copy where it has escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> de::Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

/// What an answer says of each record, in their order.
fn read(body: &[u8]) -> Result<Entries, BoxError> {
    let whole: Arc<str> = Arc::from(std::str::from_utf8(body)?);
    let answer: Answer<'_> = serde_json::from_str(&whole)?;
    Ok(answer.entries.into_iter().map(|entry| outcome(entry, &whole)).collect())
}

fn outcome(entry: Entry<'_>, whole: &Arc<str>) -> Result<Outcome, &'static str> {
    match (entry.error_code, entry.record_id) {
        (Some(code), _) => {
            let message = entry.error_message.map(|message| message.0).unwrap_or_default();
            Ok(Outcome::Refused(Refusal::new(&*code.0, &*message)))
        }
        (None, Some(Text(Cow::Borrowed(id)))) => Ok(Outcome::Accepted(RecordId::part(whole, id))),
        (None, Some(Text(Cow::Owned(id)))) => Ok(Outcome::Accepted(RecordId::new(id))),
        (None, None) => Err(NEITHER),
    }
}

/// What is said of an entry that says nothing.
pub(super) const NEITHER: &str = "an entry has neither an id nor an error code";
