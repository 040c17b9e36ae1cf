//! Records to a Firehose delivery stream, by `PutRecordBatch`.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use aws_config::{SdkConfig, retry::RetryConfig};
use aws_sdk_firehose::{
    Client, config, config::StalledStreamProtectionConfig,
    types::PutRecordBatchResponseEntry as Entry,
};

use super::{
    Target,
    answer::{self, AnswerReader},
    body,
    check::is_missing,
    endpoint, environment, timeouts,
};
use crate::{
    FirehoseSink, Health, Limits, Outcome, PutError, Record, RecordId, Refusal, check_limits,
};

/// A delivery stream at AWS, or at any endpoint that speaks its protocol.
///
/// The stream must have Direct PUT as its source. Nothing is added to a record: for JSON lines on
/// S3, let each record end in a line feed. The body of a call is written here and its answer read here, not by
/// the SDK: an interceptor of your client sees both on the wire, and no records in the input and the
/// output. See the [crate's notes](crate#aws) on retries and timeouts.
///
/// ```no_run
/// use firehose_sink::{AwsFirehoseSink, FirehoseSinkExt, Record};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let sink = AwsFirehoseSink::from_env("PUT-S3-qrZbv").await?;
/// let outcome = sink.put(Record::json(&["a record"])?).await?;
/// assert!(outcome.is_accepted());
/// # Ok(()) }
/// ```
pub struct AwsFirehoseSink {
    client: Client,
    target: Target,
    limits: Limits,
}

impl AwsFirehoseSink {
    /// A sink for the delivery stream `name`, as the environment says: `AWS_PROFILE`,
    /// `AWS_REGION`, `AWS_ENDPOINT_URL`, and the rest of the SDK's default chain.
    ///
    /// Whether the stream exists, and whether the credentials allow it, only the first call tells.
    ///
    /// # Errors
    ///
    /// [`PutErrorKind::Invalid`](crate::PutErrorKind::Invalid) when no region is known.
    pub async fn from_env(name: impl Into<Arc<str>>) -> Result<Self, PutError> {
        let name = name.into();
        Ok(Self::from_config(&environment(&name).await?, name))
    }

    /// A sink for the delivery stream `name` with this configuration, except its retries and
    /// timeouts.
    pub fn from_config(config: &SdkConfig, name: impl Into<Arc<str>>) -> Self {
        let endpoint = endpoint(config, "AWS_ENDPOINT_URL_FIREHOSE");
        let config = config::Builder::from(config).timeout_config(timeouts());
        Self::new(config, endpoint, name.into())
    }

    /// A sink for the delivery stream `name` with this client's configuration. Its timeouts stay,
    /// its retries are turned off.
    pub fn from_client(client: &Client, name: impl Into<Arc<str>>) -> Self {
        Self::new(client.config().to_builder(), None, name.into())
    }

    fn new(config: config::Builder, endpoint: Option<String>, stream: Arc<str>) -> Self {
        let config = config
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        let region = config.region().map(ToString::to_string);
        let (noun, list) = ("delivery stream", "aws firehose list-delivery-streams");
        let target = Target { stream, noun, list, region, endpoint };
        Self { client: Client::from_conf(config), target, limits: Limits::FIREHOSE }
    }

    /// Sets what one call may hold, at most what AWS allows. Default: [`Limits::FIREHOSE`]. Lower
    /// the bytes for an uplink that cannot carry 5.6 MB within the attempt's timeout.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    fn outcome(&self, entry: Entry) -> Result<Outcome, PutError> {
        match (entry.error_code, entry.record_id) {
            (Some(code), _) => {
                Ok(Outcome::Refused(Refusal::new(code, entry.error_message.unwrap_or_default())))
            }
            (None, Some(id)) => Ok(Outcome::Accepted(RecordId::new(id))),
            (None, None) => Err(self.target.misfit(answer::NEITHER.to_owned())),
        }
    }
}

#[async_trait]
impl FirehoseSink for AwsFirehoseSink {
    fn stream(&self) -> &str {
        &self.target.stream
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    async fn check(&self) -> Result<Option<Health>, PutError> {
        let call = self.client.describe_delivery_stream().delivery_stream_name(self.stream());
        match call.limit(1).send().await.map_err(|error| self.target.failed(error)) {
            Ok(answer) => {
                let found = answer.delivery_stream_description.ok_or_else(|| {
                    self.target.misfit("the answer describes no stream".to_owned())
                })?;
                let status = found.delivery_stream_status.as_str();
                Ok(Some(self.target.health(status, &found.delivery_stream_arn)))
            }
            Err(error) if is_missing(&error) => {
                let Ok(list) = self.client.list_delivery_streams().limit(50).send().await else {
                    return Err(error);
                };
                Err(self.target.suggest(error, &list.delivery_stream_names))
            }
            Err(error) => Err(error),
        }
    }

    async fn put_batch(&self, batch: &[Record]) -> Result<Vec<Outcome>, PutError> {
        check_limits(self.stream(), self.limits, batch)?;
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let body = body::put_record_batch(self.stream(), batch);
        let call = self.client.put_record_batch().delivery_stream_name(self.stream());
        // The SDK asks for the list and writes it; what goes out is `body`.
        let call = call.set_records(Some(Vec::new())).customize();
        let reader = AnswerReader::default();
        let call = call.mutate_request(move |request| body::put_in(request, &body));
        let answer = call.interceptor(reader.clone()).send().await;
        let entries = answer.map_err(|error| self.target.failed(error))?.request_responses;
        let outcomes = match reader.take() {
            Some(outcomes) => outcomes.map_err(|why| self.target.misfit(why.to_owned()))?,
            None => {
                entries.into_iter().map(|entry| self.outcome(entry)).collect::<Result<_, _>>()?
            }
        };
        self.target.check_entries(outcomes.len(), batch.len())?;
        Ok(outcomes)
    }
}

impl fmt::Debug for AwsFirehoseSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsFirehoseSink")
            .field("target", &self.target)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
