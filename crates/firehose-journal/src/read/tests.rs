use proptest::prelude::*;

use super::*;
use crate::frame;

/// A file of a header and these payloads; `durable` says how many frames were committed when a
/// frame was written.
fn file(payloads: &[&[u8]], durable: impl Fn(u64) -> u64) -> Vec<u8> {
    let mut out = Vec::new();
    let all = std::iter::once((Kind::Header, &b"header"[..]));
    let all = all.chain(payloads.iter().map(|payload| (Kind::Data, *payload)));
    for (number, (kind, payload)) in (0..).zip(all) {
        let start = frame::begin(&mut out);
        out.extend_from_slice(payload);
        frame::finish(&mut out, start, kind, number, durable(number));
    }
    out
}

/// Everything in front of a frame was committed.
fn committed(number: u64) -> u64 {
    number
}

fn payloads<'a>(bytes: &'a [u8], scan: &Scan) -> Vec<&'a [u8]> {
    scan.frames.iter().map(|frame| &bytes[frame.clone()]).collect()
}

const THREE: [&[u8]; 3] = [b"one", b"", b"three"];
const HEADER: usize = HEAD_BYTES + 6;

#[test]
fn a_whole_file_is_read_whole() {
    let bytes = file(&THREE, committed);
    let found = scan(&bytes);
    assert_eq!(payloads(&bytes, &found), THREE);
    assert_eq!(found.header.clone().map(|header| &bytes[header]), Some(&b"header"[..]));
    assert_eq!((found.lost, found.cut_bytes, found.sealed), (0, 0, false));
}

#[test]
fn a_torn_end_is_cut_and_nothing_is_lost_that_was_promised() {
    let bytes = file(&THREE, committed);
    for end in 0..bytes.len() {
        let found = scan(&bytes[..end]);
        assert_eq!(found.lost, 0, "cut at {end}");
        let whole = payloads(&bytes, &found);
        assert_eq!(whole, THREE[..whole.len()], "cut at {end}");
        assert_eq!(found.header.is_some(), end >= HEADER);
    }
}

#[test]
fn a_hole_that_nobody_was_promised_is_no_damage_and_what_is_behind_it_is_found() {
    // A power cut may keep a later write and lose an earlier one.
    let mut bytes = file(&THREE, |_| 0);
    bytes[HEADER..HEADER + HEAD_BYTES + 3].fill(0);
    let found = scan(&bytes);
    assert_eq!(payloads(&bytes, &found), [&b""[..], b"three"]);
    assert_eq!((found.lost, found.cut_bytes), (0, HEAD_BYTES + 3));
}

#[test]
fn a_committed_frame_that_is_missing_is_damage() {
    let mut bytes = file(&THREE, committed);
    bytes[HEADER + HEAD_BYTES] ^= 1;
    let found = scan(&bytes);
    assert_eq!(payloads(&bytes, &found), [&b""[..], b"three"]);
    assert_eq!(found.lost, 1);
}

#[test]
fn without_its_header_a_segment_still_gives_its_frames() {
    let mut bytes = file(&THREE, committed);
    bytes[..4].fill(0xFF);
    let found = scan(&bytes);
    assert_eq!((found.header.clone(), found.lost), (None, 1));
    assert_eq!(payloads(&bytes, &found), THREE);
}

#[test]
fn a_payload_that_looks_like_a_frame_is_not_read_as_one() {
    let inner = file(&[b"inner"], committed);
    let bytes = file(&[&inner, b"outer"], committed);
    assert_eq!(payloads(&bytes, &scan(&bytes)), [&inner[..], b"outer"]);
}

#[test]
fn a_file_that_was_made_to_be_slow_is_given_up_early() {
    // Every offset looks like the head of a long frame.
    let mut bytes = vec![0; 1 << 20];
    for chunk in bytes.chunks_exact_mut(16) {
        chunk[8] = 2;
        chunk[4] = 0xFF;
        chunk[5] = 0xFF;
    }
    let began = std::time::Instant::now();
    assert_eq!(scan(&bytes).frames.len(), 0);
    // Sixteen checksums of a MiB; a minute would be the square of it.
    assert!(began.elapsed().as_secs() < 60);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
        let found = scan(&bytes);
        prop_assert!(found.cut_bytes <= bytes.len());
    }

    #[test]
    fn damage_anywhere_costs_only_the_frame_that_it_is_in(
        lengths in prop::collection::vec(0..200_usize, 1..20),
        at: prop::sample::Index,
        bit in 0..8_u8,
    ) {
        let all: Vec<Vec<u8>> = lengths.iter().map(|length| vec![2; *length]).collect();
        let all: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
        let mut bytes = file(&all, committed);
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let found = scan(&bytes);
        let frames = found.frames.len() + usize::from(found.header.is_some());
        prop_assert_eq!(frames, all.len());
        // The last frame has nobody behind it who could tell that it was committed.
        let last = bytes.len() - HEAD_BYTES - lengths[lengths.len() - 1];
        prop_assert_eq!(found.lost, u64::from(at < last));
    }
}
