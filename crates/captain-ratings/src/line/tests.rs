//! The quick way prints what the plain way prints, and is really taken.

use super::{COMPACT_CAPTAINS, FIRST, LAST, Name, PYTHON_CAPTAINS, Piece};
use crate::{JsonBatch, JsonStyle, RatingGenerator};

#[test]
fn a_batch_holds_what_each_record_prints() {
    let ratings = RatingGenerator::with_seed(7).timed_by(odd_time);
    for style in [JsonStyle::Compact, JsonStyle::Python] {
        let mut batch = JsonBatch::new(style);
        ratings.clone().fill_json(5_000, &mut batch);
        assert_eq!(batch.len(), 5_000);
        for (line, rating) in batch.iter().zip(ratings.clone()) {
            let mut expected = Vec::new();
            rating.write_json(style, &mut expected);
            assert_eq!(str::from_utf8(line), str::from_utf8(&expected));
        }
    }
}

fn odd_time(index: u64) -> f64 {
    let place = usize::try_from(index % 12).unwrap();
    ODD_TIMES[place]
}

const ODD_TIMES: [f64; 12] = [
    1_641_621_600.0,
    1_641_621_600.0,
    1_641_621_600.123_456_7,
    0.0,
    -0.0,
    1e-5,
    -1.234_567_890_123_456_7e-5,
    5e-324,
    -2.225_073_858_507_201_4e-308,
    f64::MIN,
    f64::NAN,
    f64::NEG_INFINITY,
];

#[test]
fn a_drawn_record_prints_the_same_alone() {
    let mut drawn = RatingGenerator::with_seed(7);
    for rating in drawn.clone().take(3_000) {
        let mut line = Vec::new();
        drawn.draw().write_json(JsonStyle::Python, &mut line);
        assert_eq!(line, rating.to_python_json().into_bytes());
    }
}

#[test]
fn with_newlines_each_record_is_a_line() {
    let ratings = RatingGenerator::with_seed(7);
    let mut batch = JsonBatch::new(JsonStyle::Compact).with_newlines();
    ratings.clone().fill_json(3, &mut batch);
    let lines: String = ratings.take(3).map(|rating| rating.to_json() + "\n").collect();
    assert_eq!(batch.bytes(), lines.as_bytes());
    assert!(batch.iter().all(|line| line.ends_with(b"}\n")));
}

#[test]
fn no_text_of_the_tables_needs_the_plain_way() {
    let names = FIRST.iter().chain(&LAST).map(|piece| piece.len);
    let captains = COMPACT_CAPTAINS.iter().chain(&PYTHON_CAPTAINS).map(|piece| piece.len);
    assert!(names.chain(captains).all(|len| len > 0));
}

#[test]
fn a_name_that_json_would_escape_or_that_is_too_long_is_no_piece() {
    for awkward in
        ["José", "say \"no\"", "back\\slash", "bell\u{7}", "del\u{7f}", "Wolfeschlegelsteinha"]
    {
        assert_eq!(Name::of(&[awkward], false).len, 0, "{awkward:?}");
    }
    assert_eq!(Name::of(&["O'Hara", " "], false).len, 7);
    assert_eq!(Piece::<3>::of(&["abc"], false).len, 3);
    assert_eq!(Piece::<3>::of(&["abc", "d"], false).len, 0);
}
