//! Records out of a Kinesis data stream: all of its shards, through every reshard.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::operation::get_records::{GetRecordsError, GetRecordsOutput};
use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::{Record, Shard, ShardIteratorType};
use bytes::Bytes;
use captains_cli::aws::{self, NoRegion};
use chrono::Utc;
use futures::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::shards::{Place, Shards, StreamRecord};
use crate::args::{Shared, StartArg};

/// Records of one call.
const CALL_RECORDS: i32 = 10_000;
/// A shard takes five calls a second.
///
/// Source: <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>
const CALL_EVERY: Duration = Duration::from_millis(210);
/// What may wait of one shard for others that lag.
const WAITING_BYTES: usize = 32 << 20;

/// What Kinesis refused, or what kept us from it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KinesisError {
    /// There is no such stream.
    #[error("there is no data stream `{stream}`")]
    NoSuchStream {
        /// Its name.
        stream: String,
    },
    /// The credentials are missing, or do not allow it.
    #[error("{operation} on data stream `{stream}` is not allowed")]
    Access {
        /// The stream.
        stream: String,
        /// The call.
        operation: &'static str,
        /// AWS's own words.
        #[source]
        source: Words,
    },
    /// Nobody answers.
    #[error("data stream `{stream}` cannot be reached at {endpoint}")]
    Unreachable {
        /// The stream.
        stream: String,
        /// Where it was looked for.
        endpoint: String,
        /// What the SDK says.
        #[source]
        source: Words,
    },
    /// Anything else.
    #[error("{operation} on data stream `{stream}` failed")]
    Failed {
        /// The stream.
        stream: String,
        /// The call.
        operation: &'static str,
        /// AWS's own words.
        #[source]
        source: Words,
    },
}

/// What somebody else said.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Words(String);

/// How far a stream was read.
#[derive(Debug, Serialize, Deserialize)]
struct Position {
    stream: String,
    shards: BTreeMap<String, Place>,
}

/// The AWS configuration of these flags.
pub(super) async fn configuration(shared: &Shared) -> Result<SdkConfig, NoRegion> {
    let Shared { profile, region, endpoint_url, .. } = shared;
    aws::configuration(profile.as_deref(), region.as_deref(), endpoint_url.as_deref()).await
}

/// Reads a stream.
#[derive(Debug)]
pub(super) struct KinesisReader {
    client: Client,
    stream: String,
    endpoint: String,
    start: StartArg,
    poll_every: Duration,
    shards: Shards,
    iterators: HashMap<String, String>,
    /// Shards that have had an iterator.
    begun: HashSet<String>,
    next_round: Instant,
    is_listed: bool,
    /// What an earlier run had gone on with; none at the first.
    resumed: Option<BTreeMap<String, Place>>,
}

impl KinesisReader {
    /// Nothing is asked before the first round.
    pub(super) fn new(
        config: &SdkConfig,
        stream: &str,
        start: StartArg,
        poll_every: Duration,
    ) -> Self {
        Self {
            client: Client::new(config),
            stream: stream.to_owned(),
            endpoint: config.endpoint_url().unwrap_or("AWS").to_owned(),
            start,
            poll_every,
            shards: Shards::default(),
            iterators: HashMap::new(),
            begun: HashSet::new(),
            next_round: Instant::now(),
            is_listed: false,
            resumed: None,
        }
    }

    /// Goes on from a position that [`position`](Self::position) gave.
    pub(super) fn resume(&mut self, position: &[u8]) -> anyhow::Result<()> {
        let position: Position = serde_json::from_slice(position)?;
        anyhow::ensure!(
            position.stream == self.stream,
            "the checkpoint is that of data stream `{}`",
            position.stream
        );
        self.resumed = Some(position.shards);
        Ok(())
    }

    /// How far the records that were handed out go.
    pub(super) fn position(&self) -> anyhow::Result<Vec<u8>> {
        let position = Position { stream: self.stream.clone(), shards: self.shards.places() };
        Ok(serde_json::to_vec(&position)?)
    }

    /// Whether everything that the stream has was handed out.
    pub(super) fn is_caught_up(&self) -> bool {
        self.is_listed && self.shards.is_caught_up()
    }

    /// The next records by arrival, perhaps none; waits as long as the stream wants it. When the
    /// future is dropped, what it was reading is read again.
    pub(super) async fn next(&mut self) -> Result<Vec<StreamRecord>, KinesisError> {
        tokio::time::sleep_until(self.next_round).await;
        if !self.is_listed {
            self.list().await?;
            self.is_listed = true;
        }
        self.shards.begin();
        let began = Instant::now();
        let ids = self.shards.to_read(WAITING_BYTES);
        for id in &ids {
            if !self.iterators.contains_key(id) {
                self.begin(id).await?;
            }
        }
        let calls = ids.iter().map(|id| self.get_records(id));
        let answers = join_all(calls).await;
        let mut ended = false;
        for (id, answer) in ids.iter().zip(answers) {
            ended |= self.take(id, answer)?;
        }
        if ended {
            // Its children may not have been there when the shards were listed.
            self.list().await?;
        }
        let released = self.shards.release();
        let pause = if self.shards.is_caught_up() { self.poll_every } else { CALL_EVERY };
        self.next_round = began + pause.max(CALL_EVERY);
        Ok(released)
    }

    /// All shards that the stream has.
    async fn list(&mut self) -> Result<(), KinesisError> {
        let mut shards: Vec<Shard> = Vec::new();
        let mut token = None;
        loop {
            let request = match token.take() {
                Some(token) => self.client.list_shards().next_token(token),
                None => self.client.list_shards().stream_name(&self.stream),
            };
            let page = request.send().await.map_err(|error| self.explain("ListShards", error))?;
            shards.extend(page.shards.unwrap_or_default());
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        let is_first = !self.is_listed;
        for shard in &shards {
            if self.shards.knows(shard.shard_id()) {
                continue;
            }
            let is_open =
                shard.sequence_number_range().is_some_and(|r| r.ending_sequence_number().is_none());
            let parents = [shard.parent_shard_id(), shard.adjacent_parent_shard_id()];
            let place = match &self.resumed {
                Some(places) => places.get(shard.shard_id()).cloned().unwrap_or(Place::Oldest),
                // Shards that come later are read from their beginning.
                None if !is_first => Place::Oldest,
                None => match self.start {
                    StartArg::Oldest => Place::Oldest,
                    StartArg::At(time) => Place::Since(time.timestamp_millis()),
                    StartArg::Latest if is_open => Place::Since(Utc::now().timestamp_millis()),
                    StartArg::Latest => Place::Ended,
                },
            };
            self.shards.add(shard.shard_id(), &parents, place);
        }
        Ok(())
    }

    /// An iterator for a shard that has none.
    async fn begin(&mut self, id: &str) -> Result<(), KinesisError> {
        let request = self.client.get_shard_iterator().stream_name(&self.stream).shard_id(id);
        let request = match self.shards.reads_from(id) {
            Place::After(sequence) => request
                .shard_iterator_type(ShardIteratorType::AfterSequenceNumber)
                .starting_sequence_number(sequence),
            // Not by the time: our clock may be ahead of the stream's. An iterator that has expired
            // unread is not begun anew at the end, which would pass over what came meanwhile.
            Place::Since(_)
                if self.start == StartArg::Latest
                    && self.resumed.is_none()
                    && !self.begun.contains(id) =>
            {
                request.shard_iterator_type(ShardIteratorType::Latest)
            }
            Place::Since(millis) => request
                .shard_iterator_type(ShardIteratorType::AtTimestamp)
                .timestamp(DateTime::from_millis(millis)),
            Place::Oldest | Place::Ended => {
                request.shard_iterator_type(ShardIteratorType::TrimHorizon)
            }
        };
        let answer = request.send().await;
        let answer = answer.map_err(|error| self.explain("GetShardIterator", error))?;
        self.iterators.extend(answer.shard_iterator.map(|iterator| (id.to_owned(), iterator)));
        self.begun.insert(id.to_owned());
        Ok(())
    }

    async fn get_records(&self, id: &str) -> Option<Answer> {
        let iterator = self.iterators.get(id)?;
        let request = self.client.get_records().shard_iterator(iterator).limit(CALL_RECORDS);
        Some(request.send().await)
    }

    /// Takes what a shard gave; says whether that was its end.
    fn take(&mut self, id: &str, answer: Option<Answer>) -> Result<bool, KinesisError> {
        let Some(answer) = answer else { return Ok(false) };
        let page = match answer {
            Ok(page) => page,
            Err(SdkError::ServiceError(error)) if error.err().is_expired_iterator_exception() => {
                self.iterators.remove(id);
                return Ok(false);
            }
            // Others read from it, too; the next round asks again.
            Err(SdkError::ServiceError(error))
                if error.err().is_provisioned_throughput_exceeded_exception() =>
            {
                return Ok(false);
            }
            Err(error) => return Err(self.explain("GetRecords", error)),
        };
        let ended = page.next_shard_iterator.is_none();
        match page.next_shard_iterator {
            Some(iterator) => self.iterators.insert(id.to_owned(), iterator),
            None => self.iterators.remove(id),
        };
        let is_caught_up = page.millis_behind_latest.unwrap_or(0) == 0;
        let records = page.records.into_iter().flat_map(records).collect();
        self.shards.take(id, records, is_caught_up, ended);
        Ok(ended)
    }

    fn explain<E, R>(&self, operation: &'static str, error: SdkError<E, R>) -> KinesisError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        let stream = self.stream.clone();
        let words = match error.as_service_error() {
            Some(error) => error.message().unwrap_or("no reason was given").to_owned(),
            None => DisplayErrorContext(&error).to_string(),
        };
        let source = Words(words);
        match (&error, error.code()) {
            (_, Some("ResourceNotFoundException")) => KinesisError::NoSuchStream { stream },
            (_, Some(code)) if ACCESS.contains(&code) => {
                KinesisError::Access { stream, operation, source }
            }
            (SdkError::DispatchFailure(_) | SdkError::TimeoutError(_), _) => {
                match source.0.to_lowercase().contains("credential") {
                    true => KinesisError::Access { stream, operation, source },
                    false => {
                        let endpoint = self.endpoint.clone();
                        KinesisError::Unreachable { stream, endpoint, source }
                    }
                }
            }
            _ => KinesisError::Failed { stream, operation, source },
        }
    }
}

type Answer = Result<GetRecordsOutput, SdkError<GetRecordsError>>;

/// What AWS answers to credentials that are wrong, or may not.
const ACCESS: [&str; 6] = [
    "AccessDeniedException",
    "UnrecognizedClientException",
    "ExpiredTokenException",
    "InvalidSignatureException",
    "IncompleteSignatureException",
    "MissingAuthenticationTokenException",
];

/// The record, or those that the Kinesis Producer Library put into it.
fn records(record: Record) -> Vec<StreamRecord> {
    let arrival = record.approximate_arrival_timestamp.and_then(|time| time.to_millis().ok());
    let one = |data| StreamRecord::new(data, arrival.unwrap_or(0), &record.sequence_number);
    let data = Bytes::from(record.data.into_inner());
    match kinesis_stream::deaggregate(&data) {
        Some(parts) => parts.into_iter().map(|part| one(part.data)).collect(),
        None => vec![one(data)],
    }
}
