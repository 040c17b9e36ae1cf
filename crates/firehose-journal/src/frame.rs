//! One frame: what it looks like in a file. Pure.
//!
//! ```text
//! crc32c u32 | length u32 | kind u8, 3 zeros | number u64 | durable u64 | payload
//! ```
//!
//! All numbers are little-endian. The checksum covers everything behind it. `number` counts the
//! frames of a segment from 0, which is its header. `durable` is how many frames of the segment
//! were committed when this one was written: whoever reads the file back can tell by it whether a
//! frame that is missing had been promised to anybody.

/// Bytes in front of a payload.
pub(crate) const HEAD_BYTES: usize = 28;
/// The longest payload: far above a full PutRecordBatch, far below what a damaged length may ask for.
pub(crate) const MAX_PAYLOAD_BYTES: usize = 64 << 20;

/// What a frame is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The segment's first: whose segment it is.
    Header = 1,
    /// What was appended.
    Data = 2,
    /// The segment's last: nothing comes after it.
    Seal = 3,
}

/// A frame in a file's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) kind: Kind,
    pub(crate) number: u64,
    pub(crate) durable: u64,
    pub(crate) payload: &'a [u8],
}

/// Makes room for a frame's head; the payload is to be appended behind it.
pub(crate) fn begin(out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.resize(start + HEAD_BYTES, 0);
    start
}

/// Fills in the head of the frame that begins at `start` and ends where `out` ends.
pub(crate) fn finish(out: &mut [u8], start: usize, kind: Kind, number: u64, durable: u64) {
    let Some(frame) = out.get_mut(start..) else { return };
    // No payload is longer than `MAX_PAYLOAD_BYTES`: that is checked before a frame is finished.
    let length = u32::try_from(frame.len().saturating_sub(HEAD_BYTES)).unwrap_or(u32::MAX);
    let Some((checksum, covered)) = frame.split_first_chunk_mut::<4>() else { return };
    let head = [
        &length.to_le_bytes()[..],
        &[kind as u8, 0, 0, 0],
        &number.to_le_bytes(),
        &durable.to_le_bytes(),
    ];
    for (to, from) in covered.iter_mut().zip(head.concat()) {
        *to = from;
    }
    *checksum = crc32c::crc32c(covered).to_le_bytes();
}

impl<'a> Frame<'a> {
    /// The frame at the beginning of `bytes`, if a whole and undamaged one is there.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (checksum, covered) = bytes.split_first_chunk::<4>()?;
        let (length, rest) = covered.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        let (kind, rest) = rest.split_first_chunk::<4>()?;
        let kind = match kind {
            [1, 0, 0, 0] => Kind::Header,
            [2, 0, 0, 0] => Kind::Data,
            [3, 0, 0, 0] => Kind::Seal,
            _ => return None,
        };
        if length > MAX_PAYLOAD_BYTES {
            return None;
        }
        let (number, rest) = rest.split_first_chunk::<8>()?;
        let (durable, rest) = rest.split_first_chunk::<8>()?;
        let payload = rest.get(..length)?;
        let covered = covered.get(..HEAD_BYTES - 4 + length)?;
        if crc32c::crc32c(covered) != u32::from_le_bytes(*checksum) {
            return None;
        }
        Some(Self {
            kind,
            number: u64::from_le_bytes(*number),
            durable: u64::from_le_bytes(*durable),
            payload,
        })
    }

    /// Bytes of the whole frame.
    pub(crate) fn len(&self) -> usize {
        HEAD_BYTES + self.payload.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(frame: &Frame<'_>) -> Vec<u8> {
        let mut out = b"before".to_vec();
        let start = begin(&mut out);
        out.extend_from_slice(frame.payload);
        finish(&mut out, start, frame.kind, frame.number, frame.durable);
        out.split_off(start)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(payload: Vec<u8>, number: u64, durable: u64, rest: Vec<u8>) {
            let frame = Frame { kind: Kind::Data, number, durable, payload: &payload };
            let mut file = bytes(&frame);
            prop_assert_eq!(file.len(), frame.len());
            file.extend_from_slice(&rest);
            prop_assert_eq!(Frame::read(&file), Some(frame));
        }

        #[test]
        fn a_changed_or_cut_frame_is_none(payload: Vec<u8>, at: prop::sample::Index, bit in 0..8_u8) {
            let whole = bytes(&Frame { kind: Kind::Data, number: 7, durable: 3, payload: &payload });
            let mut changed = whole.clone();
            changed[at.index(whole.len())] ^= 1 << bit;
            prop_assert_eq!(Frame::read(&changed), None);
            prop_assert_eq!(Frame::read(&whole[..at.index(whole.len())]), None);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let _ = Frame::read(&bytes);
        }
    }

    #[test]
    fn a_length_beyond_all_bounds_is_none() {
        let mut frame = bytes(&Frame { kind: Kind::Data, number: 0, durable: 0, payload: b"x" });
        frame[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(Frame::read(&frame), None);
        assert_eq!(Frame::read(&[0; 100]), None);
    }
}
