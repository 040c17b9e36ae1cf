//! `aws-chunked` bodies: data in chunks, each with its size in front, and trailing headers.
//!
//! Signatures of chunks are read over: this is for callers whose signatures nobody verifies.
//!
//! Source: "Signature calculations for the authorization header: transferring payload in multiple
//! chunks", <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>

use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, Bytes, BytesMut};
use futures::{Stream, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue};
use s3s::{S3Error, S3ErrorCode, StdError};

use super::error::custom;

/// No line in front of a chunk and no trailing header is longer.
const LINE_BYTES: usize = 8 * 1024;
/// No body has more trailing headers.
const TRAILERS: usize = 32;

/// What is wrong with an `aws-chunked` body.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChunkError {
    #[error("the body is not aws-chunked: {0}")]
    Malformed(&'static str),
    #[error("the trailing headers cannot be read")]
    Trailer,
    #[error("the body ends before its last chunk, or has another size than it says")]
    Incomplete,
    #[error("failed to read the body")]
    Body(#[source] StdError),
}

impl ChunkError {
    /// The same as S3 says it.
    pub(super) fn refusal(&self) -> S3Error {
        let bad_request = http::StatusCode::BAD_REQUEST;
        match self {
            Self::Malformed(problem) => custom(
                "InvalidChunkSizeError",
                bad_request,
                format!("The body is not aws-chunked: {problem}."),
            ),
            Self::Trailer => custom(
                "MalformedTrailerError",
                bad_request,
                "The request contained trailing data that was not well-formed or did not conform \
                 to our published schema.",
            ),
            Self::Incomplete | Self::Body(_) => S3ErrorCode::IncompleteBody.into(),
        }
    }
}

/// The headers behind a body, once it was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Trailing(Arc<Mutex<HeaderMap>>);

impl Trailing {
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let headers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    }

    /// Takes over headers that somebody else has read.
    pub(super) fn fill(&self, headers: &HeaderMap) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = headers.clone();
    }

    fn add(&self, line: &str) -> Result<(), ChunkError> {
        let (name, value) = line.split_once(':').ok_or(ChunkError::Trailer)?;
        let name = HeaderName::from_bytes(name.trim().as_bytes());
        let value = HeaderValue::from_str(value.trim());
        let mut headers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (name, value) {
            (Ok(name), Ok(value)) if headers.len() < TRAILERS => headers.insert(name, value),
            _ => return Err(ChunkError::Trailer),
        };
        Ok(())
    }
}

/// The data in an `aws-chunked` body of `length` bytes of data.
pub(super) fn decode(
    body: s3s::Body,
    length: u64,
    trailing: Trailing,
) -> impl Stream<Item = Result<Bytes, ChunkError>> + Send + Sync {
    let decoder = Decoder { buffer: BytesMut::new(), state: State::Size, left: length, trailing };
    futures::stream::try_unfold((body, decoder), |(mut body, mut decoder)| async move {
        loop {
            match decoder.step()? {
                Step::Data(bytes) => return Ok(Some((bytes, (body, decoder)))),
                Step::Done => return Ok(None),
                Step::More => match body.next().await {
                    Some(bytes) => {
                        decoder.buffer.extend_from_slice(&bytes.map_err(ChunkError::Body)?);
                    }
                    None => decoder.end()?,
                },
            }
        }
    })
}

/// Where in the body the decoder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In front of a chunk.
    Size,
    /// In a chunk that still has so many bytes.
    Data(u64),
    /// Behind a chunk's data.
    DataEnd,
    /// Behind the last chunk.
    Trailers,
    Done,
}

enum Step {
    Data(Bytes),
    More,
    Done,
}

struct Decoder {
    buffer: BytesMut,
    state: State,
    /// How many bytes of data are still to come.
    left: u64,
    trailing: Trailing,
}

impl Decoder {
    /// Goes on as far as the bytes at hand lead.
    fn step(&mut self) -> Result<Step, ChunkError> {
        loop {
            match self.state {
                State::Done => return Ok(Step::Done),
                State::Data(0) => self.state = State::DataEnd,
                State::Data(left) => {
                    if self.buffer.is_empty() {
                        return Ok(Step::More);
                    }
                    let at_hand = self.buffer.len() as u64;
                    let taken = at_hand.min(left);
                    let bytes = self.buffer.split_to(usize::try_from(taken).unwrap_or_default());
                    self.state = State::Data(left - taken);
                    return Ok(Step::Data(bytes.freeze()));
                }
                State::Size | State::DataEnd | State::Trailers => match self.line()? {
                    Some(line) => self.read(&line)?,
                    None => return Ok(Step::More),
                },
            }
        }
    }

    /// The next line without its end.
    fn line(&mut self) -> Result<Option<String>, ChunkError> {
        let Some(end) = memchr::memchr(b'\n', &self.buffer) else {
            return match self.buffer.len() {
                0..=LINE_BYTES => Ok(None),
                _ => Err(ChunkError::Malformed("a line is too long")),
            };
        };
        let line = self.buffer.split_to(end);
        self.buffer.advance(1);
        let text = std::str::from_utf8(line.strip_suffix(b"\r").unwrap_or(&line));
        text.map(|line| Some(line.to_owned()))
            .map_err(|_| ChunkError::Malformed("a line is no text"))
    }

    fn read(&mut self, line: &str) -> Result<(), ChunkError> {
        match self.state {
            State::Size => {
                let digits = line.split(';').next().unwrap_or_default().trim();
                let size = u64::from_str_radix(digits, 16)
                    .map_err(|_| ChunkError::Malformed("a chunk has no size in front"))?;
                self.left = self.left.checked_sub(size).ok_or(ChunkError::Incomplete)?;
                self.state = if size == 0 { State::Trailers } else { State::Data(size) };
            }
            State::DataEnd if line.is_empty() => self.state = State::Size,
            State::DataEnd => return Err(ChunkError::Malformed("a chunk is longer than its size")),
            State::Trailers if line.is_empty() => self.finish()?,
            State::Trailers => self.trailing.add(line)?,
            State::Data(_) | State::Done => {}
        }
        Ok(())
    }

    /// The body has no more bytes. Some clients leave the last empty line out.
    fn end(&mut self) -> Result<(), ChunkError> {
        match self.state {
            State::Trailers => {
                let rest = std::mem::take(&mut self.buffer);
                let rest = std::str::from_utf8(&rest).map_err(|_| ChunkError::Trailer)?;
                if !rest.trim().is_empty() {
                    self.trailing.add(rest.trim())?;
                }
                self.finish()
            }
            _ => Err(ChunkError::Incomplete),
        }
    }

    fn finish(&mut self) -> Result<(), ChunkError> {
        self.state = State::Done;
        if self.left == 0 { Ok(()) } else { Err(ChunkError::Incomplete) }
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;

    use super::*;

    const SIGNED: &str = "5;chunk-signature=ab\r\nhello\r\n6;chunk-signature=cd\r\n world\r\n\
                          0;chunk-signature=ef\r\n\r\n";
    const TRAILER: &str = "b\r\nhello world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n";
    const NO_LAST_LINE: &str = "b\r\nhello world\r\n0\r\nx-amz-checksum-crc32: DUoRhQ==";

    /// The data and the trailing checksum, whichever pieces the body comes in.
    async fn decoded(
        text: &str,
        length: u64,
        piece: usize,
    ) -> Result<(String, Option<String>), String> {
        let pieces: Vec<_> = text.as_bytes().chunks(piece).map(Bytes::copy_from_slice).collect();
        let stream = futures::stream::iter(pieces.into_iter().map(Ok::<_, std::io::Error>));
        let body = s3s::Body::from(s3s::stream::DynByteStream::from(
            s3s::dto::StreamingBlob::wrap(stream),
        ));
        let trailing = Trailing::default();
        let data: Vec<Bytes> = decode(body, length, trailing.clone())
            .try_collect()
            .await
            .map_err(|why| why.to_string())?;
        let data = String::from_utf8(data.concat()).unwrap();
        Ok((data, trailing.get("x-amz-checksum-crc32")))
    }

    #[tokio::test]
    async fn data_and_trailers_come_out_whichever_pieces_go_in() {
        for piece in 1..70 {
            for (text, trailer) in
                [(SIGNED, None), (TRAILER, Some("DUoRhQ==")), (NO_LAST_LINE, Some("DUoRhQ=="))]
            {
                let expected = ("hello world".to_owned(), trailer.map(str::to_owned));
                assert_eq!(decoded(text, 11, piece).await, Ok(expected), "{piece} {text}");
            }
            assert_eq!(decoded("0\r\n\r\n", 0, piece).await, Ok((String::new(), None)));
        }
    }

    #[tokio::test]
    async fn what_is_not_aws_chunked_is_refused() {
        let long = "a".repeat(10_000);
        for (text, length) in [
            ("", 0),
            ("hello world", 11),
            ("zz\r\nhello\r\n0\r\n\r\n", 5),
            ("-5\r\nhello\r\n0\r\n\r\n", 5),
            ("5\r\nhello world\r\n0\r\n\r\n", 5),
            ("5\r\nhello\r\n", 5),
            ("5\r\nhello\r\n0\r\n\r\n", 6),
            ("5\r\nhello\r\n0\r\n\r\n", 4),
            ("ffffffffffffffff\r\nhello\r\n", 5),
            ("5\r\nhello\r\n0\r\nno header\r\n\r\n", 5),
            (long.as_str(), 5),
        ] {
            assert!(decoded(text, length, 7).await.is_err(), "{text}");
        }
    }
}
