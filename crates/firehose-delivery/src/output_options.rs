//! How objects are written: AWS's `CompressionFormat` and `ParquetSerDe`.

/// Compression of raw objects: AWS's `CompressionFormat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum RawCompression {
    /// None: the records joined byte for byte.
    #[default]
    Uncompressed,
    /// A gzip stream, `.gz`.
    Gzip,
    /// A ZIP with one deflated entry, `.zip`.
    Zip,
    /// The stream of xerial's `snappy-java`, `.snappy`; not the framing format of Snappy itself.
    Snappy,
    /// The blocks of Hadoop's Snappy codec, `.snappy`.
    HadoopSnappy,
}

impl RawCompression {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Uncompressed, Self::Gzip, Self::Zip, Self::Snappy, Self::HadoopSnappy];
}

/// Codec of the pages inside a Parquet object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ParquetCompression {
    /// Snappy, AWS's default.
    #[default]
    Snappy,
    /// GZIP: smaller, and several times slower.
    Gzip,
    /// No compression.
    Uncompressed,
}

/// Which columns get a dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dictionaries {
    /// The columns whose values repeat, judged on the first rows of each object. A dictionary of
    /// unique values costs time and space and saves nothing.
    #[default]
    WhereValuesRepeat,
    /// Every column.
    Always,
    /// None.
    Never,
}

/// Version of the pages and encodings of a Parquet object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WriterVersion {
    /// Pages of the first version; every reader knows them. AWS's default.
    #[default]
    V1,
    /// Pages of the second version, and encodings by differences.
    V2,
}

/// What `timestamp` columns are in a Parquet object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimestampType {
    /// INT64 with microseconds: has statistics, and is not deprecated.
    #[default]
    Int64Micros,
    /// INT96, as AWS writes it: nanoseconds of the day and the Julian day. Without statistics.
    Int96,
}

/// How Parquet objects are written: the members of AWS's `ParquetSerDe`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParquetOptions {
    /// Codec of the pages.
    pub compression: ParquetCompression,
    /// Encoded bytes at which a row group ends. AWS's default is 256 MiB.
    pub block_size_bytes: usize,
    /// Bytes at which a page ends. AWS's default is 1 MiB.
    pub page_size_bytes: usize,
    /// Which columns get a dictionary.
    pub dictionaries: Dictionaries,
    /// Version of pages and encodings. AWS's default is V1.
    pub writer_version: WriterVersion,
    /// What `timestamp` columns are in the file.
    pub timestamps: TimestampType,
}

impl Default for ParquetOptions {
    fn default() -> Self {
        Self {
            compression: ParquetCompression::Snappy,
            block_size_bytes: 256 * 1024 * 1024,
            page_size_bytes: 1024 * 1024,
            dictionaries: Dictionaries::WhereValuesRepeat,
            writer_version: WriterVersion::V1,
            timestamps: TimestampType::Int64Micros,
        }
    }
}
