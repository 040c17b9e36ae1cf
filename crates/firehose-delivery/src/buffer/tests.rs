use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_641_621_600 + seconds, 0).unwrap()
}

fn hints(size_bytes: usize, seconds: u64) -> BufferingHints {
    BufferingHints { size_bytes, interval: Duration::from_secs(seconds) }
}

#[tokio::test(start_paused = true)]
async fn a_waiting_record_is_due_after_the_interval() {
    let mut buffer = RecordBuffer::new(hints(1_048_576, 60));
    assert_eq!(buffer.push(Instant::now(), at(0), b"{}"), None);
    let started = Instant::now();
    tokio::time::sleep_until(buffer.deadline().unwrap()).await;
    assert_eq!(started.elapsed(), Duration::from_secs(60));
    assert_eq!(buffer.due(Instant::now()), Some(Trigger::Age));
}

#[tokio::test(start_paused = true)]
async fn the_age_is_that_of_the_oldest_record() {
    let mut buffer = RecordBuffer::new(hints(100, 60));
    buffer.push(Instant::now(), at(0), b"1");
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(buffer.push(Instant::now(), at(59), b"2"), None);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(buffer.due(Instant::now()), Some(Trigger::Age));
    assert_eq!(buffer.take().oldest(), Some(at(0)));
    assert_eq!(buffer.deadline(), None);
    assert_eq!(buffer.due(Instant::now()), None);
}

#[tokio::test(start_paused = true)]
async fn the_size_is_reached_by_whole_records() {
    let table =
        [(10, vec![10], true), (10, vec![9], false), (10, vec![9, 2], true), (1, vec![0], false)];
    for (size, records, due) in table {
        let mut buffer = RecordBuffer::new(hints(size, 60));
        let mut last = None;
        for bytes in &records {
            last = buffer.push(Instant::now(), at(0), &vec![b'x'; *bytes]);
        }
        assert_eq!(last, due.then_some(Trigger::Size), "{size} {records:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_interval_beyond_the_clock_never_ends() {
    let mut buffer = RecordBuffer::new(BufferingHints { size_bytes: 10, interval: Duration::MAX });
    assert_eq!(buffer.push(Instant::now(), at(0), b"1"), None);
    assert_eq!(buffer.deadline(), None);
}

proptest! {
    #[test]
    fn records_come_back_as_they_went_in(
        records in prop::collection::vec((0..4i64, prop::collection::vec(any::<u8>(), 0..20_000)), 0..30)
    ) {
        let mut kept = BufferedRecords::default();
        let mut time = 0;
        let mut times = Vec::new();
        for (step, record) in &records {
            time += step;
            times.push(at(time));
            kept.push(at(time), record);
        }
        prop_assert_eq!(kept.len(), records.len());
        prop_assert_eq!(kept.oldest(), times.first().copied());
        for (index, ((_, record), back)) in records.iter().zip(kept.iter()).enumerate() {
            prop_assert_eq!(record.as_slice(), back);
            prop_assert_eq!(kept.arrival(index), Some(times[index]));
        }
        prop_assert_eq!(kept.bytes(), records.iter().map(|(_, record)| record.len()).sum::<usize>());
        let joined: Vec<u8> = kept.segments().collect::<Vec<_>>().concat();
        let expected: Vec<u8> = records.into_iter().flat_map(|(_, record)| record).collect();
        prop_assert_eq!(joined, expected);
    }
}
