//! Request bodies: collected whole, within limits.

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http::{HeaderMap, StatusCode, header::CONTENT_LENGTH};
use s3s::Body;

use super::AwsError;

/// The largest JSON body: above the 14 MB that a full PutRecords of 10 MiB needs in base64.
pub(crate) const MAX_BODY_BYTES: usize = 16 << 20;
/// What all bodies under way may hold together.
const MAX_BODIES_BYTES: usize = 256 << 20;

/// Why a body was not collected.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// Longer than the limit.
    TooLarge,
    /// It came too slowly.
    TooSlow,
    /// The other bodies under way leave no room.
    NoRoom,
    /// The connection broke, or the framing is wrong.
    Broken,
}

/// The body came slower than the endpoint waits for. Bodies that watch their pace fail with it.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the request's body came too slowly")]
pub(crate) struct TooSlow;

impl From<BodyError> for AwsError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self {
                code: "RequestEntityTooLargeException",
                status: StatusCode::PAYLOAD_TOO_LARGE,
                message: format!("The request's body is longer than {MAX_BODY_BYTES} bytes"),
            },
            BodyError::TooSlow => Self {
                code: "RequestTimeoutException",
                status: StatusCode::REQUEST_TIMEOUT,
                message: "The request's body was not received in time".to_owned(),
            },
            BodyError::NoRoom => Self::slow_down(),
            BodyError::Broken => Self::serialization("The request's body ended early"),
        }
    }
}

/// Counts the bytes of all bodies under way, so that many callers together cannot fill the memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct BodyRoom(Arc<AtomicUsize>);

/// A body and its share of the room, which it gives back when it is dropped.
pub(crate) struct Collected {
    pub(crate) bytes: Bytes,
    _share: Share,
}

impl fmt::Debug for Collected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collected").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

impl BodyRoom {
    /// Collects `body` whole. What arrives in one piece is not copied, anything else once.
    ///
    /// # Errors
    ///
    /// [`BodyError::TooLarge`] as soon as the headers or the bytes so far say so.
    pub(crate) async fn collect(
        &self,
        headers: &HeaderMap,
        body: &mut Body,
    ) -> Result<Collected, BodyError> {
        let announced = announced(headers).unwrap_or(0);
        if announced > MAX_BODY_BYTES {
            return Err(BodyError::TooLarge);
        }
        let mut share = Share { room: Arc::clone(&self.0), bytes: 0 };
        let mut first = Bytes::new();
        let mut all = BytesMut::new();
        while let Some(piece) = Pin::new(&mut *body).next().await {
            let piece = piece.map_err(|why| match why.downcast_ref::<TooSlow>() {
                Some(TooSlow) => BodyError::TooSlow,
                None => BodyError::Broken,
            })?;
            if share.bytes + piece.len() > MAX_BODY_BYTES {
                return Err(BodyError::TooLarge);
            }
            share.grow(piece.len())?;
            if first.is_empty() && all.is_empty() {
                first = piece;
                continue;
            }
            if all.is_empty() {
                all.reserve(announced.max(first.len() + piece.len()));
                all.extend_from_slice(&first);
            }
            all.extend_from_slice(&piece);
        }
        let bytes = if all.is_empty() { first } else { all.freeze() };
        Ok(Collected { bytes, _share: share })
    }
}

/// The length that the headers announce.
fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[derive(Debug)]
struct Share {
    room: Arc<AtomicUsize>,
    bytes: usize,
}

impl Share {
    fn grow(&mut self, bytes: usize) -> Result<(), BodyError> {
        let before = self.room.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        if before + bytes > MAX_BODIES_BYTES { Err(BodyError::NoRoom) } else { Ok(()) }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.room.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(sizes: &[usize]) -> Body {
        let frames: Vec<_> = sizes
            .iter()
            .map(|&size| {
                let bytes = Bytes::from(vec![b'x'; size]);
                Ok::<_, std::convert::Infallible>(http_body::Frame::data(bytes))
            })
            .collect();
        Body::http_body(http_body_util::StreamBody::new(futures::stream::iter(frames)))
    }

    #[tokio::test]
    async fn bodies_are_collected_up_to_the_limit_and_give_their_room_back() {
        let room = BodyRoom::default();
        for (sizes, wanted) in [
            (&[][..], Some(0)),
            (&[5], Some(5)),
            (&[0, 5, 0, 7], Some(12)),
            (&[MAX_BODY_BYTES - 1, 1], Some(MAX_BODY_BYTES)),
            (&[MAX_BODY_BYTES, 1], None),
        ] {
            let found = room.collect(&HeaderMap::new(), &mut pieces(sizes)).await;
            assert_eq!(found.ok().map(|body| body.bytes.len()), wanted, "{sizes:?}");
            assert_eq!(room.0.load(Ordering::Relaxed), 0);
        }
    }

    #[tokio::test]
    async fn a_body_that_came_in_one_piece_is_not_copied() {
        let bytes = Bytes::from(vec![7; 1000]);
        let found = BodyRoom::default()
            .collect(&HeaderMap::new(), &mut Body::from(bytes.clone()))
            .await
            .unwrap();
        assert_eq!(found.bytes.as_ptr(), bytes.as_ptr());
    }

    #[tokio::test]
    async fn all_bodies_together_have_a_limit() {
        let room = BodyRoom::default();
        let mut held = Vec::new();
        let refused = loop {
            match room.collect(&HeaderMap::new(), &mut pieces(&[MAX_BODY_BYTES])).await {
                Ok(body) => held.push(body),
                Err(error) => break error,
            }
        };
        assert!(matches!(refused, BodyError::NoRoom), "{refused:?}");
        assert_eq!(held.len(), MAX_BODIES_BYTES / MAX_BODY_BYTES);
        held.pop();
        assert!(room.collect(&HeaderMap::new(), &mut pieces(&[MAX_BODY_BYTES])).await.is_ok());
    }

    #[tokio::test]
    async fn an_announced_length_above_the_limit_is_refused_unread() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, "10737418240".parse().unwrap());
        let never = futures::stream::pending::<Result<http_body::Frame<Bytes>, std::io::Error>>();
        let mut body = Body::http_body(http_body_util::StreamBody::new(never));
        let refused = BodyRoom::default().collect(&headers, &mut body).await.unwrap_err();
        assert!(matches!(refused, BodyError::TooLarge), "{refused:?}");
    }
}
