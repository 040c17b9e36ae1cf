//! From the end of an object to its metadata.

use bytes::Bytes;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::errors::ParquetError;
use parquet::file::metadata::{FooterTail, ParquetMetaData, ParquetMetaDataReader};

use crate::thrift;

/// Behind the footer stand its length and the magic number.
const TAIL_BYTES: usize = 8;

/// Reads the footer; `end` are the last bytes of an object of `size` bytes, or all of them.
///
/// # Errors
///
/// `NeedMoreData` with the number of bytes that must be there, and all that can be wrong with a footer.
pub(crate) fn parse(
    end: &Bytes,
    size: u64,
    options: Option<&ArrowReaderOptions>,
) -> Result<ParquetMetaData, ParquetError> {
    if let Some(footer) = footer(end) {
        thrift::check_footer(footer)?;
    }
    let options = options.map(|options| options.metadata_options().clone());
    let mut reader = ParquetMetaDataReader::new().with_metadata_options(options);
    reader.try_parse_sized(end, size)?;
    reader.finish()
}

/// The footer's bytes, if all of them are there.
fn footer(end: &[u8]) -> Option<&[u8]> {
    let (before, tail) = end.split_last_chunk::<TAIL_BYTES>()?;
    let length = FooterTail::try_new(tail).ok()?.metadata_length();
    before.get(before.len().checked_sub(length)?..)
}
