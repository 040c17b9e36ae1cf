//! The same seed means the same records: today, tomorrow, alone, after a skip, on any number of
//! threads. What the records look like in bulk is in `distribution.rs`.

use std::thread;
use std::time::Duration;

use proptest::prelude::*;

use crate::{JsonBatch, JsonStyle, RECORDS_PER_CHUNK, RatingGenerator};

mod distribution;

#[test]
fn seed_42_begins_with_these_records() {
    let first: Vec<String> = RatingGenerator::with_seed(42).take(6).map(|r| r.to_json()).collect();
    assert_eq!(
        first,
        [
            r#"{"user":"Cheyanne Collins","favoritecaptain":"Malcolm Reynolds","rating":571,"timestamp":1641621600.0}"#,
            r#"{"user":"Sheila Rath","favoritecaptain":"The Doctor","rating":31,"timestamp":1641621600.001}"#,
            r#"{"user":"Adelle Sporer","favoritecaptain":"John Robinson","rating":498,"timestamp":1641621600.002}"#,
            r#"{"user":"Jessy Wintheiser","favoritecaptain":"Jacob Keyes","rating":134,"timestamp":1641621600.003}"#,
            r#"{"user":"Willis Schmidt","favoritecaptain":"John Robinson","rating":976,"timestamp":1641621600.004}"#,
            r#"{"user":"Lauretta Schmidt","favoritecaptain":"Christopher Pike","rating":565,"timestamp":1641621600.005}"#,
        ]
    );
}

#[test]
fn records_far_into_the_stream_and_of_other_seeds_stay_too() {
    let ratings = RatingGenerator::with_seed(42);
    let cases = [
        (
            ratings.record(1023),
            r#"{"user":"Mathilde Eichmann","favoritecaptain":"William Adama","rating":373,"timestamp":1641621601.023}"#,
        ),
        (
            ratings.record(1024),
            r#"{"user":"Karolann Nitzsche","favoritecaptain":"David Bowman","rating":137,"timestamp":1641621601.024}"#,
        ),
        (
            ratings.record(u64::MAX),
            r#"{"user":"Sibyl Abshire","favoritecaptain":"Jacob Keyes","rating":536,"timestamp":1.844674571533115e+16}"#,
        ),
        (
            RatingGenerator::with_seed(0).record(0),
            r#"{"user":"Mariam Schaefer","favoritecaptain":"Neil Armstrong","rating":7802,"timestamp":1641621600.0}"#,
        ),
    ];
    for (rating, expected) in cases {
        assert_eq!(rating.to_json(), expected);
    }
}

/// If this fails, every seed now means other records than before. Should that be intended (a
/// new table of names, say), then change `KEY_TAG` along with the figures here, and tell the users.
#[test]
fn a_hundred_thousand_records_have_this_fingerprint() {
    let json = filled(100_000);
    assert_eq!((json.len(), fingerprint(&json)), (9_872_615, 0x51b9_d723_fc90_1822));
}

/// FNV-1a, 64 bits.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn filled(records: usize) -> Vec<u8> {
    let mut batch = JsonBatch::default();
    RatingGenerator::with_seed(42).fill_json(records, &mut batch);
    batch.into_parts().0
}

#[test]
fn any_number_of_threads_makes_the_same_bytes() {
    const CHUNKS: usize = 21;
    let alone = filled(CHUNKS * 1024);
    let ratings = RatingGenerator::with_seed(42);
    for threads in [1, 2, 3, 4, 8] {
        let mut parts: Vec<(usize, Vec<u8>)> = thread::scope(|scope| {
            let work = |number: usize| {
                let mut batch = JsonBatch::default();
                ratings.chunk(number as u64).fill_json(&mut batch);
                (number, batch.into_parts().0)
            };
            let spawn = |t| scope.spawn(move || (t..CHUNKS).step_by(threads).map(work).collect());
            let running: Vec<thread::ScopedJoinHandle<'_, Vec<_>>> =
                (0..threads).map(spawn).collect();
            running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        parts.sort();
        let together = parts.into_iter().flat_map(|(_, bytes)| bytes).collect::<Vec<u8>>();
        assert!(together == alone, "{threads} threads made other bytes");
    }
}

#[test]
fn a_chunk_is_a_part_of_the_whole_wherever_the_generator_stands() {
    let ratings = RatingGenerator::with_seed(5);
    let moved = ratings.clone().at_index(777);
    let mut chunk = moved.chunk(3);
    assert_eq!(chunk.len(), RECORDS_PER_CHUNK);
    assert_eq!(chunk.next(), Some(ratings.record(3 * 1024)));
    assert_eq!(chunk.len(), 1023);
    let mut rest = JsonBatch::default();
    chunk.clone().fill_json(&mut rest);
    assert_eq!(rest.len(), 1023);
    assert_eq!(chunk.last(), Some(ratings.record(4 * 1024 - 1)));
    let heads: Vec<_> = moved.chunks(2..5).map(|mut chunk| chunk.next()).collect();
    assert_eq!(heads, [2, 3, 4].map(|number| Some(ratings.record(number * 1024))));
    assert_eq!(moved.index(), 777);
}

#[test]
fn seeds_and_chunks_do_not_repeat_each_other() {
    let users = |seed: u64, from: u64| -> Vec<String> {
        RatingGenerator::with_seed(seed).at_index(from).take(8).map(|r| r.user).collect()
    };
    let seeds = [0, 1, 2, 42, 1 << 32, u64::MAX];
    let mut seen: Vec<_> =
        seeds.iter().flat_map(|seed| [users(*seed, 0), users(*seed, 1024)]).collect();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 2 * seeds.len());
    assert_eq!(seeds.map(|seed| RatingGenerator::with_seed(seed).seed()), seeds);
}

#[test]
fn filling_in_pieces_is_filling_at_once() {
    let mut batch = JsonBatch::default();
    let mut ratings = RatingGenerator::with_seed(42);
    for records in [0, 1, 500, 1023, 1025, 0, 1451] {
        ratings.fill_json(records, &mut batch);
    }
    assert_eq!(batch.bytes(), filled(4_000));
    assert_eq!((batch.len(), ratings.index()), (4_000, 4_000));
    batch.clear();
    assert!(batch.is_empty() && batch.bytes().is_empty());
}

#[test]
fn the_way_a_batch_prints_itself_shows_no_record() {
    let mut batch = JsonBatch::new(JsonStyle::Python);
    RatingGenerator::with_seed(42).fill_json(10, &mut batch);
    let printed = format!("{batch:?}");
    assert!(printed.contains("records: 10") && !printed.contains("Cheyanne"), "{printed}");
}

#[test]
fn the_end_of_all_indexes_is_followed_by_the_first() {
    let ratings = RatingGenerator::with_seed(3);
    let last_two: Vec<_> = ratings.clone().at_index(u64::MAX).take(2).collect();
    assert_eq!(last_two, [ratings.record(u64::MAX), ratings.record(0)]);
    assert!(ratings.clone().chunk(u64::MAX).next().is_some());
}

proptest! {
    #[test]
    fn a_record_is_the_same_alone_after_a_skip_and_in_a_run(seed: u64, index: u64, ahead in 0..3_000usize) {
        let ratings = RatingGenerator::with_seed(seed).every(Duration::from_micros(7));
        let target = index.wrapping_add(ahead as u64);
        let alone = ratings.record(target);
        prop_assert_eq!(ratings.clone().at_index(target).next(), Some(alone.clone()));
        prop_assert_eq!(ratings.clone().at_index(index).nth(ahead), Some(alone.clone()));
        let mut run = ratings.at_index(index);
        for _ in 0..ahead {
            run.draw();
        }
        prop_assert_eq!(run.draw().timestamp().to_bits(), alone.timestamp.to_bits());
        prop_assert_eq!(run.index(), target.wrapping_add(1));
    }
}
