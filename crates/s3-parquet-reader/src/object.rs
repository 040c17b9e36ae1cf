//! parquet's [`AsyncFileReader`] over an object store: ranges of one version of one object.
//!
//! Every range is asked for with `If-Match`, so that an object which is replaced meanwhile gives an
//! error rather than a mixture. Ranges that lie close together travel as one request. What to do
//! after a replacement is up to `read.rs`.

use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, OBJECT_STORE_COALESCE_DEFAULT, ObjectStore};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ParquetMetaData;

use crate::report::Ledger;
use crate::{footer, thrift};

/// How much of an object's end is fetched in the hope that it holds the footer.
pub(crate) const FOOTER_BYTES: u64 = 64 << 10;

/// Reads ranges of one object.
#[derive(Clone)]
pub(crate) struct RangeReader {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) path: Path,
    pub(crate) size: u64,
    /// From the listing, else from the first answer.
    pub(crate) e_tag: Option<String>,
    pub(crate) ledger: Ledger,
}

impl RangeReader {
    async fn fetch(&self, range: Range<u64>) -> Result<(Bytes, Option<String>)> {
        // Damaged metadata can point anywhere.
        if range.start >= range.end || range.end > self.size {
            return Err(ParquetError::EOF(format!(
                "bytes {} to {} of an object of {} bytes",
                range.start, range.end, self.size
            )));
        }
        let wanted = range.end - range.start;
        let options = GetOptions::new()
            .with_if_match(self.e_tag.clone())
            .with_range(Some(GetRange::Bounded(range)));
        let answer = self.store.get_opts(&self.path, options).await.map_err(passed_on)?;
        let e_tag = answer.meta.e_tag.clone();
        let bytes = answer.bytes().await.map_err(passed_on)?;
        let got = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.ledger.note(|report| report.bytes += got);
        if got != wanted {
            return Err(ParquetError::EOF(format!("{got} bytes came instead of {wanted}")));
        }
        Ok((bytes, e_tag))
    }
}

impl AsyncFileReader for RangeReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        async move {
            let (bytes, e_tag) = self.fetch(range).await?;
            self.e_tag = self.e_tag.take().or(e_tag);
            Ok(bytes)
        }
        .boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        let this = &*self;
        async move {
            if ranges.iter().any(|range| range.start >= range.end || range.end > this.size) {
                return Err(ParquetError::EOF("a column chunk lies outside the object".to_owned()));
            }
            let fetch = |range| async move { this.fetch(range).await.map(|(bytes, _)| bytes) };
            let most = OBJECT_STORE_COALESCE_DEFAULT;
            let chunks = object_store::coalesce_ranges(&ranges, fetch, most).await?;
            // Page indexes are not read, so that each range is a column chunk.
            chunks.iter().try_for_each(|chunk| thrift::check_pages(chunk, chunk.len()))?;
            Ok(chunks)
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        async move {
            let size = self.size;
            let end = self.get_bytes(size.saturating_sub(FOOTER_BYTES)..size).await?;
            let metadata = match footer::parse(&end, size, options) {
                Err(ParquetError::NeedMoreData(bytes)) => {
                    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
                    let from = size.checked_sub(bytes).ok_or_else(|| {
                        let why = format!("a footer of {bytes} bytes in an object of {size}");
                        ParquetError::EOF(why)
                    })?;
                    let end = self.get_bytes(from..size).await?;
                    footer::parse(&end, size, options)
                }
                outcome => outcome,
            };
            metadata.map(Arc::new)
        }
        .boxed()
    }
}

/// Wraps the store's error whole, so that `diagnose.rs` finds it again behind the decoder.
fn passed_on(error: object_store::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

/// The schema and the number of rows that a footer promises.
#[derive(Debug)]
pub(crate) struct Footer {
    pub(crate) schema: SchemaRef,
    pub(crate) rows: u64,
}
