//! Bytes that are on the disk and not yet an object.

use std::{
    fs::File,
    io::{self, Read, Write},
    sync::Arc,
};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use md5::{Digest, Md5};

use crate::{
    Content, Error, Result,
    disk::{Disk, Temporary, blocking},
    error::io,
    sidecar::{Stamp, hex},
};

/// How many bytes wait in memory for the disk.
const PENDING_BYTES: usize = 1024 * 1024;
/// What a piece of them takes besides: bodies that come byte by byte take no more than others.
const PIECE_OVERHEAD: usize = 512;

/// All bytes of an object to be, on the disk, under no key yet: time to compare checksums. What is
/// not put goes away with this handle.
#[derive(Debug)]
pub struct Staged {
    pub(crate) temporary: Temporary,
    pub(crate) stamp: Stamp,
    size: u64,
    md5: [u8; 16],
}

impl Staged {
    /// Size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// MD5 of the bytes.
    #[must_use]
    pub fn md5(&self) -> [u8; 16] {
        self.md5
    }

    /// MD5 of the bytes in hexadecimal digits: the object's ETag.
    #[must_use]
    pub fn etag(&self) -> String {
        hex(&self.md5)
    }

    /// Hands all bytes to `take`, piece by piece, on a thread that may block.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], if the file does not read back.
    pub async fn read_through<T: Send + 'static>(
        &self,
        mut state: T,
        mut take: impl FnMut(&mut T, &[u8]) + Send + 'static,
    ) -> Result<T> {
        let path = self.temporary.path.clone();
        blocking(move || {
            let mut file = File::open(&path).map_err(io("read", &path))?;
            let mut buffer = vec![0; PENDING_BYTES];
            loop {
                let count = file.read(&mut buffer).map_err(io("read", &path))?;
                match buffer.get(..count) {
                    None | Some([]) => return Ok(state),
                    Some(bytes) => take(&mut state, bytes),
                }
            }
        })
        .await
    }
}

/// Bytes on their way to the disk.
#[derive(Debug)]
struct Writer {
    disk: Arc<Disk>,
    /// None until something is written.
    file: Option<(Temporary, File)>,
    md5: Md5,
    size: u64,
}

impl Writer {
    fn new(disk: &Arc<Disk>) -> Self {
        Self { disk: Arc::clone(disk), file: None, md5: Md5::new(), size: 0 }
    }

    fn file(&mut self) -> Result<&mut (Temporary, File)> {
        let file = match self.file.take() {
            Some(file) => file,
            None => self.disk.create()?,
        };
        Ok(self.file.insert(file))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.md5.update(bytes);
        self.size += bytes.len() as u64;
        let (temporary, file) = self.file()?;
        file.write_all(bytes).map_err(io("write", &temporary.path))
    }

    fn finish(mut self) -> Result<Staged> {
        self.file()?;
        let Self { disk, file, md5, size } = self;
        let Some((temporary, file)) = file else {
            return Err(io("write", "nothing")(io::ErrorKind::NotFound.into()));
        };
        disk.sync(&file, &temporary.path)?;
        let metadata = file.metadata().map_err(io("look at", &temporary.path))?;
        Ok(Staged { temporary, stamp: Stamp::of(&metadata), size, md5: md5.finalize().into() })
    }
}

/// Writes a stream of bytes to the disk.
pub(crate) async fn stage<B, E>(disk: &Arc<Disk>, body: B) -> Result<Staged>
where
    B: Stream<Item = Result<Bytes, E>> + Send,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut body = std::pin::pin!(body);
    let mut writer = Writer::new(disk);
    loop {
        let mut pending: Vec<Bytes> = Vec::new();
        let mut waiting = 0;
        let mut more = true;
        while waiting < PENDING_BYTES {
            let Some(bytes) = body.next().await else {
                more = false;
                break;
            };
            let bytes = bytes.map_err(|why| Error::Body(why.into()))?;
            waiting += bytes.len() + PIECE_OVERHEAD;
            pending.push(bytes);
        }
        let written = blocking(move || {
            pending.iter().try_for_each(|bytes| writer.write(bytes))?;
            if more { Ok((Some(writer), None)) } else { Ok((None, Some(writer.finish()?))) }
        });
        match written.await? {
            (Some(same), _) => writer = same,
            (None, Some(staged)) => return Ok(staged),
            (None, None) => return Err(Error::Body("the bytes to store are lost".into())),
        }
    }
}

/// Writes what is read of an object to the disk.
pub(crate) async fn stage_content(disk: &Arc<Disk>, content: Content) -> Result<Staged> {
    let mut writer = Writer::new(disk);
    blocking(move || {
        content.read_blocking(|bytes| writer.write(bytes))?;
        writer.finish()
    })
    .await
}

/// Writes whole files, one behind the other, to the disk. The MD5 is left to the caller: the ETag
/// of what was uploaded in parts is not the MD5 of the bytes.
pub(crate) fn stage_files(disk: &Arc<Disk>, files: &[std::path::PathBuf]) -> Result<Staged> {
    let (temporary, mut whole) = disk.create()?;
    let mut size = 0;
    for path in files {
        let mut part = File::open(path).map_err(io("read", path))?;
        size += io::copy(&mut part, &mut whole).map_err(io("write", &temporary.path))?;
    }
    disk.sync(&whole, &temporary.path)?;
    let metadata = whole.metadata().map_err(io("look at", &temporary.path))?;
    Ok(Staged { temporary, stamp: Stamp::of(&metadata), size, md5: [0; 16] })
}
