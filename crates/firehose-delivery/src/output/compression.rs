//! Compression of raw objects, in the containers that Firehose writes.

use std::io::{self, Write};

use flate2::{Compression, Crc, write::DeflateEncoder, write::GzEncoder};
use uuid::Uuid;

use crate::RawCompression;

/// Raw bytes in a block of xerial's stream, the size of its Java library.
const XERIAL_BLOCK: usize = 32 * 1024;
/// Raw bytes in a block of Hadoop's stream: the default buffer of its codec.
const HADOOP_BLOCK: usize = 256 * 1024;
/// Magic of xerial's stream, its version and the lowest version that reads it.
const XERIAL_HEADER: [u8; 16] =
    [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1];
/// 1 January 1980, the first day of ZIP's calendar: no time is told, as the key tells it.
const ZIP_DATE: u16 = 1 << 5 | 1;

impl RawCompression {
    /// What Firehose puts behind the key.
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Uncompressed => "",
            Self::Gzip => ".gz",
            Self::Zip => ".zip",
            // The documentation's table has `.hsnappy`; the service was seen to write `.snappy`.
            Self::Snappy | Self::HadoopSnappy => ".snappy",
        }
    }

    /// The `Content-Encoding` that Firehose gives the object.
    pub(super) fn content_encoding(self) -> Option<&'static str> {
        match self {
            Self::Uncompressed => None,
            Self::Gzip => Some("gzip"),
            Self::Zip => Some("zip"),
            Self::Snappy => Some("snappy-java"),
            Self::HadoopSnappy => Some("hadoop-snappy"),
        }
    }

    /// The pieces, joined and compressed. `id` names the entry of a ZIP.
    ///
    /// # Errors
    ///
    /// More bytes than the container can hold.
    pub(super) fn compress<'a>(
        self,
        pieces: impl Iterator<Item = &'a [u8]>,
        id: Uuid,
    ) -> io::Result<Vec<u8>> {
        match self {
            Self::Uncompressed => Ok(pieces.collect::<Vec<_>>().concat()),
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                for piece in pieces {
                    encoder.write_all(piece)?;
                }
                encoder.finish()
            }
            Self::Zip => zip(pieces, &id.to_string()),
            Self::Snappy => {
                let mut out = XERIAL_HEADER.to_vec();
                snappy_blocks(pieces, XERIAL_BLOCK, |_, block| {
                    out.extend(length(block.len())?);
                    out.extend_from_slice(block);
                    Ok(())
                })?;
                Ok(out)
            }
            Self::HadoopSnappy => {
                let mut out = Vec::new();
                snappy_blocks(pieces, HADOOP_BLOCK, |raw, block| {
                    out.extend(length(raw)?);
                    out.extend(length(block.len())?);
                    out.extend_from_slice(block);
                    Ok(())
                })?;
                Ok(out)
            }
        }
    }
}

/// Both streams write lengths as big-endian numbers of 32 bits.
fn length(bytes: usize) -> io::Result<[u8; 4]> {
    u32::try_from(bytes).map(u32::to_be_bytes).map_err(|_| too_large())
}

fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, "more than 4 GiB do not fit the container")
}

/// Cuts the bytes into blocks and compresses each; `take` gets its raw length and its bytes.
fn snappy_blocks<'a>(
    pieces: impl Iterator<Item = &'a [u8]>,
    size: usize,
    mut take: impl FnMut(usize, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut encoder = snap::raw::Encoder::new();
    let mut compressed = vec![0; snap::raw::max_compress_len(size)];
    let mut block = Vec::with_capacity(size);
    let mut flush = |block: &mut Vec<u8>| {
        let length = encoder.compress(block, &mut compressed)?;
        take(block.len(), compressed.get(..length).unwrap_or_default())?;
        block.clear();
        io::Result::Ok(())
    };
    for mut piece in pieces {
        while !piece.is_empty() {
            let (now, later) = piece.split_at(piece.len().min(size - block.len()));
            block.extend_from_slice(now);
            piece = later;
            if block.len() == size {
                flush(&mut block)?;
            }
        }
    }
    if block.is_empty() { Ok(()) } else { flush(&mut block) }
}

/// A ZIP with one deflated entry.
fn zip<'a>(pieces: impl Iterator<Item = &'a [u8]>, name: &str) -> io::Result<Vec<u8>> {
    let mut crc = Crc::new();
    let mut raw = 0usize;
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    for piece in pieces {
        crc.update(piece);
        raw += piece.len();
        encoder.write_all(piece)?;
    }
    let deflated = encoder.finish()?;
    let fit = |length: usize| u32::try_from(length).map_err(|_| too_large());
    let name_length = u16::try_from(name.len()).map_err(|_| too_large())?;
    // What the local header and the entry of the directory have in common: version 2.0, no flags,
    // deflated, midnight, date, checksum, sizes, length of the name, no extra field.
    let mut common = Vec::new();
    for half in [20, 0, 8, 0, ZIP_DATE] {
        common.extend(u16::to_le_bytes(half));
    }
    for word in [crc.sum(), fit(deflated.len())?, fit(raw)?] {
        common.extend(word.to_le_bytes());
    }
    for half in [name_length, 0] {
        common.extend(half.to_le_bytes());
    }
    let mut out = b"PK\x03\x04".to_vec();
    out.extend_from_slice(&common);
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(&deflated);
    let directory = fit(out.len())?;
    out.extend_from_slice(b"PK\x01\x02");
    // Made by version 2.0.
    out.extend(20u16.to_le_bytes());
    out.extend_from_slice(&common);
    // No comment, first disk, no attributes, entry at the start.
    out.extend([0; 14]);
    out.extend_from_slice(name.as_bytes());
    let size = fit(out.len())? - directory;
    out.extend_from_slice(b"PK\x05\x06");
    // Disk numbers, one entry on this disk and in all.
    for half in [0u16, 0, 1, 1] {
        out.extend(half.to_le_bytes());
    }
    out.extend(size.to_le_bytes());
    out.extend(directory.to_le_bytes());
    out.extend([0; 2]);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use proptest::prelude::*;

    use super::*;

    /// Undoes a container with nothing of this module.
    fn undone(compression: RawCompression, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let word = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        let mut blocks = |mut at: usize, skip: usize| {
            while at < bytes.len() {
                let length = word(at + skip);
                let block = &bytes[at + skip + 4..at + skip + 4 + length];
                let raw = snap::raw::Decoder::new().decompress_vec(block).unwrap();
                assert!(skip == 0 || word(at) == raw.len());
                out.extend(raw);
                at += skip + 4 + length;
            }
        };
        match compression {
            RawCompression::Uncompressed => return bytes.to_vec(),
            RawCompression::Gzip => {
                flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).unwrap();
            }
            RawCompression::Zip => {
                let name = usize::from(bytes[26]);
                assert_eq!((&bytes[..4], name), (&b"PK\x03\x04"[..], 36));
                let body = &bytes[30 + name..];
                flate2::read::DeflateDecoder::new(body).read_to_end(&mut out).unwrap();
            }
            RawCompression::Snappy => {
                assert_eq!(bytes[..8], [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
                blocks(16, 0);
            }
            RawCompression::HadoopSnappy => blocks(0, 4),
        }
        out
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..2_000), 0..6),
            repeat in 1usize..200,
        ) {
            let pieces: Vec<_> = std::iter::repeat_n(pieces, repeat).flatten().collect();
            for compression in RawCompression::ALL {
                let given = pieces.iter().map(Vec::as_slice);
                let bytes = compression.compress(given, Uuid::nil()).unwrap();
                prop_assert_eq!(undone(compression, &bytes), pieces.concat(), "{:?}", compression);
            }
        }
    }
}
