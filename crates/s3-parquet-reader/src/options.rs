//! How to connect, how much at once, and what to do about bad objects.

use crate::provenance::Provenance;

/// What to do with an object that is damaged or no Parquet file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnBad {
    /// End the read with an error that names the key.
    #[default]
    Fail,
    /// Leave the object out, whole, and say so in the [`Report`](crate::Report).
    Skip,
}

/// What to do with an object that was listed and is gone when it is fetched.
///
/// Compaction and lifecycle rules delete objects while others read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnMissing {
    /// End the read with [`Error::NotFound`](crate::Error::NotFound).
    Fail,
    /// Leave the object out and say so in the [`Report`](crate::Report).
    #[default]
    Skip,
}

/// In which order a stream gives the rows of different objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// By key, as they are listed.
    #[default]
    Key,
    /// As they come in: an object that is late holds up no other. Within an object rows keep their
    /// order. The first object to come gives the schema, unless one is declared.
    Completion,
}

/// How a [`ParquetSet`](crate::ParquetSet) connects and reads.
///
/// ```
/// use s3_parquet_reader::{OnBad, ReadOptions};
///
/// let options = ReadOptions::default()
///     .with_endpoint_url("http://127.0.0.1:4566")
///     .with_on_bad(OnBad::Skip)
///     .with_concurrency(64);
/// assert_eq!(options.concurrency, 64);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReadOptions {
    /// Where S3 answers, when it is not AWS. Wins over `AWS_ENDPOINT_URL_S3`,
    /// `AWS_ENDPOINT_URL` and the profile. Default: none.
    pub endpoint_url: Option<String>,
    /// AWS region. Default: what aws-config finds, else `us-east-1`.
    pub region: Option<String>,
    /// Name of the profile in `~/.aws`. Default: what aws-config finds.
    pub profile: Option<String>,
    /// Send requests without a signature, for public buckets; no credentials are looked for.
    /// Default: no.
    pub anonymous: bool,
    /// Agree to pay for requests and transfer, which buckets whose requester pays ask for.
    /// Default: no.
    pub requester_pays: bool,
    /// How the keys that count end. Default: `.parquet`.
    pub suffix: String,
    /// The order of a stream. Default: [`Order::Key`].
    pub order: Order,
    /// Damaged objects. Default: [`OnBad::Fail`].
    pub on_bad: OnBad,
    /// Vanished objects. Default: [`OnMissing::Skip`].
    pub on_missing: OnMissing,
    /// Objects in flight at once. Default: 32; not the number of cores, because what is waited
    /// for is the network. A read from S3 begins with fewer, four for each core and eight at least, and goes over to
    /// all of them once the store turns out not to answer at once.
    pub concurrency: usize,
    /// Bytes of objects in flight at once, as stored. One object that is larger travels alone.
    /// Default: 64 MiB.
    pub bytes_in_flight: u64,
    /// Columns that say where a row comes from. Default: none.
    pub provenance: Provenance,
    /// Rows of a record batch, at most. Default: 65,536.
    pub batch_size: usize,
    /// What a [`Table`](crate::Table) may take in memory, in bytes. Default: 4 GiB.
    pub memory_limit_bytes: u64,
    /// Strings come as `Utf8View` rather than `Utf8`: 16 bytes each that point into the decoded pages, which
    /// are kept, so that no string is copied. More memory than `Utf8` where strings are short. Default: no.
    pub string_views: bool,
    /// Columns of strings that come as dictionaries (`Dictionary(Int32, Utf8)`): the quickest and
    /// smallest for columns of few different values, such as the tutorial's captains. Default: none.
    pub dictionary_columns: Vec<String>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            endpoint_url: None,
            region: None,
            profile: None,
            anonymous: false,
            requester_pays: false,
            suffix: ".parquet".to_owned(),
            order: Order::default(),
            on_bad: OnBad::default(),
            on_missing: OnMissing::default(),
            concurrency: 32,
            bytes_in_flight: 64 << 20,
            provenance: Provenance::default(),
            batch_size: 65_536,
            memory_limit_bytes: 4 << 30,
            string_views: false,
            dictionary_columns: Vec::new(),
        }
    }
}

impl ReadOptions {
    /// Sets where S3 answers.
    #[must_use]
    pub fn with_endpoint_url(mut self, url: impl Into<String>) -> Self {
        self.endpoint_url = Some(url.into());
        self
    }

    /// Sets the AWS region.
    #[must_use]
    pub fn with_region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Sets the profile in `~/.aws`.
    #[must_use]
    pub fn with_profile(mut self, profile: impl Into<String>) -> Self {
        self.profile = Some(profile.into());
        self
    }

    /// Sends requests without a signature.
    #[must_use]
    pub fn with_anonymous(mut self, anonymous: bool) -> Self {
        self.anonymous = anonymous;
        self
    }

    /// Agrees to pay for requests.
    #[must_use]
    pub fn with_requester_pays(mut self, requester_pays: bool) -> Self {
        self.requester_pays = requester_pays;
        self
    }

    /// Sets how the keys that count end.
    #[must_use]
    pub fn with_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.suffix = suffix.into();
        self
    }

    /// Sets in which order a stream gives its rows.
    #[must_use]
    pub fn with_order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Sets what happens to damaged objects.
    #[must_use]
    pub fn with_on_bad(mut self, on_bad: OnBad) -> Self {
        self.on_bad = on_bad;
        self
    }

    /// Sets what happens to vanished objects.
    #[must_use]
    pub fn with_on_missing(mut self, on_missing: OnMissing) -> Self {
        self.on_missing = on_missing;
        self
    }

    /// Sets how many objects are in flight at once; 0 counts as 1.
    #[must_use]
    pub fn with_concurrency(mut self, objects: usize) -> Self {
        self.concurrency = objects.max(1);
        self
    }

    /// Sets how many bytes are in flight at once.
    #[must_use]
    pub fn with_bytes_in_flight(mut self, bytes: u64) -> Self {
        self.bytes_in_flight = bytes;
        self
    }

    /// Adds the columns `_key` (dictionary of strings) and `_row` (int64, from 0 in each object).
    #[must_use]
    pub fn with_provenance(self, provenance: bool) -> Self {
        let wanted = if provenance { Provenance::key_and_row() } else { Provenance::default() };
        self.with_provenance_columns(wanted)
    }

    /// Adds columns that say where a row comes from.
    #[must_use]
    pub fn with_provenance_columns(mut self, provenance: Provenance) -> Self {
        self.provenance = provenance;
        self
    }

    /// Sets how many rows a record batch has at most; 0 counts as 1.
    #[must_use]
    pub fn with_batch_size(mut self, rows: usize) -> Self {
        self.batch_size = rows.max(1);
        self
    }

    /// Sets how many bytes a [`Table`](crate::Table) may take in memory.
    #[must_use]
    pub fn with_memory_limit_bytes(mut self, bytes: u64) -> Self {
        self.memory_limit_bytes = bytes;
        self
    }

    /// Delivers these columns as dictionaries, where they hold strings.
    #[must_use]
    pub fn with_dictionary_columns<N: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = N>,
    ) -> Self {
        self.dictionary_columns = names.into_iter().map(Into::into).collect();
        self
    }

    /// Delivers strings as `Utf8View`.
    #[must_use]
    pub fn with_string_views(mut self, string_views: bool) -> Self {
        self.string_views = string_views;
        self
    }
}
