//! An object's bytes, or a range of them.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    ops::Range,
    path::PathBuf,
};

use bytes::{Bytes, BytesMut};
use futures::{Stream, TryStreamExt};

use crate::{Error, ObjectInfo, Result, disk::blocking, error::io};

/// How many bytes are read at once.
const PIECE_BYTES: u64 = 256 * 1024;

/// Which bytes of an object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ByteRange {
    /// All of them.
    #[default]
    Whole,
    /// From the first to the last one, both included; what lies behind the end does not count.
    Between(u64, u64),
    /// From this one on.
    From(u64),
    /// So many from the end, or all if there are fewer.
    Last(u64),
}

impl ByteRange {
    /// The range in an object of this size; None where it has no byte in it.
    #[must_use]
    pub fn within(self, size: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::Whole => return Some(0..size),
            Self::Between(first, last) => first..size.min(last.saturating_add(1)),
            Self::From(first) => first..size,
            Self::Last(count) => size.saturating_sub(count)..size,
        };
        (range.start < range.end).then_some(range)
    }
}

/// An object and a way to its bytes. They are those of one version, whatever is put meanwhile.
#[derive(Debug)]
pub struct Content {
    /// The object.
    pub info: ObjectInfo,
    /// Which of its bytes these are.
    pub range: Range<u64>,
    path: PathBuf,
    file: File,
    next: u64,
    /// What was read already.
    first: Bytes,
}

impl Content {
    /// The bytes in `range` of an open file; the first ones are read here.
    pub(crate) fn new(
        info: ObjectInfo,
        range: Range<u64>,
        path: PathBuf,
        mut file: File,
    ) -> Result<Self> {
        if range.start > 0 {
            file.seek(SeekFrom::Start(range.start)).map_err(io("read", &path))?;
        }
        let next = range.start;
        let mut content = Self { info, range, path, file, next, first: Bytes::new() };
        content.first = content.piece()?;
        Ok(content)
    }

    /// All bytes of the range at once.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], also if the file was cut meanwhile.
    pub async fn bytes(self) -> Result<Bytes> {
        if self.next == self.range.end {
            return Ok(self.first);
        }
        let size = usize::try_from(self.range.end - self.range.start).unwrap_or(usize::MAX);
        let whole = BytesMut::with_capacity(size);
        let add = |mut whole: BytesMut, bytes: Bytes| async move {
            whole.extend_from_slice(&bytes);
            Ok(whole)
        };
        Ok(self.into_stream().try_fold(whole, add).await?.freeze())
    }

    /// The bytes of the range, piece by piece. A file that was cut meanwhile ends in an
    /// [`Error::Io`].
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
        futures::stream::try_unfold(self, |mut content| async move {
            let first = std::mem::take(&mut content.first);
            if !first.is_empty() {
                return Ok(Some((first, content)));
            }
            if content.next == content.range.end {
                return Ok(None);
            }
            let read = move || content.piece().map(|bytes| Some((bytes, content)));
            blocking(read).await
        })
    }

    /// Hands all bytes of the range to `take`.
    pub(crate) fn read_blocking(mut self, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut bytes = std::mem::take(&mut self.first);
        while !bytes.is_empty() {
            take(&bytes)?;
            bytes = self.piece()?;
        }
        Ok(())
    }

    /// The next bytes; none at the end.
    fn piece(&mut self) -> Result<Bytes> {
        let wanted = PIECE_BYTES.min(self.range.end - self.next);
        let mut bytes = Vec::with_capacity(usize::try_from(wanted).unwrap_or_default());
        let count = Read::by_ref(&mut self.file).take(wanted).read_to_end(&mut bytes);
        let count = count.map_err(io("read", &self.path))? as u64;
        if count < wanted {
            let cut = std::io::ErrorKind::UnexpectedEof.into();
            return Err(Error::Io { doing: "read", path: self.path.clone(), source: cut });
        }
        self.next += count;
        Ok(bytes.into())
    }
}
