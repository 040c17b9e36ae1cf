//! Records on their way into a stream, and out of it.

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};

use crate::{HashKey, SequenceNumber};

/// A record to put: a partition key and data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecord {
    /// Key and data in one piece.
    payload: Bytes,
    key_bytes: usize,
    hash_key: HashKey,
}

impl NewRecord {
    /// A record whose shard the key's hash decides. Copies both.
    #[must_use]
    pub fn new(partition_key: &str, data: &[u8]) -> Self {
        let mut payload = BytesMut::with_capacity(partition_key.len() + data.len());
        payload.extend_from_slice(partition_key.as_bytes());
        payload.extend_from_slice(data);
        let hash_key = HashKey::of(partition_key);
        Self { payload: payload.freeze(), key_bytes: partition_key.len(), hash_key }
    }

    /// A record out of one piece of memory that holds the key and then the data. None when its
    /// first `key_bytes` bytes are not a text.
    #[must_use]
    pub fn from_payload(payload: Bytes, key_bytes: usize) -> Option<Self> {
        let key = std::str::from_utf8(payload.get(..key_bytes)?).ok()?;
        let hash_key = HashKey::of(key);
        Some(Self { payload, key_bytes, hash_key })
    }

    /// Lets this hash key decide the shard (`ExplicitHashKey`).
    #[must_use]
    pub fn with_hash_key(mut self, hash_key: HashKey) -> Self {
        self.hash_key = hash_key;
        self
    }

    /// Decides the shard.
    #[must_use]
    pub fn hash_key(&self) -> HashKey {
        self.hash_key
    }

    /// What AWS counts: bytes of the key and of the data.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.payload.len()
    }

    /// The key and then the data.
    #[must_use]
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// Where in the payload the data begins.
    #[must_use]
    pub fn key_bytes(&self) -> usize {
        self.key_bytes
    }
}

/// A record as a reader gets it. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRecord {
    pub(crate) payload: Bytes,
    pub(crate) key_bytes: usize,
    pub(crate) position: u64,
    pub(crate) sequence_number: SequenceNumber,
    pub(crate) arrival: DateTime<Utc>,
}

impl StreamRecord {
    /// What decided its shard.
    #[must_use]
    pub fn partition_key(&self) -> &str {
        // It was a text when it came in.
        self.payload
            .get(..self.key_bytes)
            .and_then(|key| std::str::from_utf8(key).ok())
            .unwrap_or_default()
    }

    /// The data, byte for byte.
    #[must_use]
    pub fn data(&self) -> Bytes {
        self.payload.slice(self.key_bytes..)
    }

    /// Bytes of the key and of the data.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.payload.len()
    }

    /// Its number, unique within the stream.
    #[must_use]
    pub fn sequence_number(&self) -> SequenceNumber {
        self.sequence_number
    }

    /// Its place in the shard. Places rise, not always by one.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// When it came in, to the millisecond.
    #[must_use]
    pub fn arrival(&self) -> DateTime<Utc> {
        self.arrival
    }
}
