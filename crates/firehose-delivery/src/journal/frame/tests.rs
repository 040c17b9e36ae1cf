use proptest::prelude::*;

use super::*;

#[test]
fn what_is_written_is_read_back() {
    let arrival = DateTime::from_timestamp_micros(1_641_621_600_123_456).unwrap();
    let mut bytes = records(7, arrival, 41);
    add(&mut bytes, b"first");
    add(&mut bytes, b"");
    let Ok(Frame::Records { buffer, arrival: back, number, records }) = Frame::read(&bytes) else {
        panic!("no records");
    };
    assert_eq!((buffer, back, number), (7, arrival, 41));
    assert_eq!(records, [&b"first"[..], b""]);

    let head = BufferHead {
        partition: Some(vec![(KeySource::Query, "user".into(), "Ada".into())]),
        object_stem: "ratings2022/stem".into(),
        schema_version: Some("3".into()),
        ..BufferHead::lost(9)
    };
    assert!(matches!(Frame::read(&opened(&head)), Ok(Frame::Opened(back)) if back == head));
    let why = ProcessingFailure::unknown();
    let Ok(Frame::Failure(Some(back))) = Frame::read(&failure(Some(&why))) else {
        panic!("no failure");
    };
    assert_eq!(*back, why);
    assert!(matches!(Frame::read(&failure(None)), Ok(Frame::Failure(None))));
    assert!(matches!(Frame::read(&delivered(5)), Ok(Frame::Delivered(5))));
}

#[test]
fn a_header_of_another_format_is_refused_by_number() {
    let header = Header::new("PUT-S3-qrZbv", "note");
    assert_eq!(Header::read(&header.to_bytes()), Ok(header.clone()));
    let newer = Header { format: 2, ..header };
    let why = Header::read(&newer.to_bytes()).unwrap_err();
    assert!(why.contains("its format is 2"), "{why}");
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
        let _ = Frame::read(&bytes);
        let _ = Header::read(&bytes);
    }

    #[test]
    fn a_frame_that_ends_early_is_no_frame(
        data in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 1..5),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = records(1, DateTime::UNIX_EPOCH, 0);
        let mut ends = vec![bytes.len()];
        for record in &data {
            add(&mut bytes, record);
            ends.push(bytes.len());
        }
        let cut = cut.index(bytes.len());
        let read = Frame::read(bytes.get(..cut).unwrap_or_default());
        prop_assert_eq!(read.is_ok(), ends.contains(&cut), "{}", cut);
    }
}
