//! Any bytes as the file of a segment: they are read to the end, and what is read is in them.

#![no_main]

use firehose_journal::RecoveredSegment;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let found = RecoveredSegment::parse(bytes.to_vec());
    let framed: usize = found.frames().map(<[u8]>::len).sum();
    assert!(framed + found.cut_bytes() <= bytes.len());
    assert!(found.header().is_none_or(|header| header.len() <= bytes.len()));
    let again = RecoveredSegment::parse(bytes.to_vec());
    assert!(again.frames().eq(found.frames()));
});
