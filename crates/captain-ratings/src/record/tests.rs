//! Wire names, reading back, and the writers that share them.

use crate::{COLUMNS, CaptainRating, JsonStyle, OUTLIER_CAPTAIN, RatingGenerator};

#[test]
fn the_keys_are_the_columns_in_their_order() {
    let json = RatingGenerator::with_seed(1).record(0).to_json();
    let keys: Vec<&str> = json.split('"').skip(1).step_by(2).collect();
    // The values of the two strings stand between quotes as well.
    assert_eq!([keys[0], keys[2], keys[4], keys[5]], COLUMNS.map(|(name, _)| name), "{json}");
}

#[test]
fn a_record_is_read_whatever_the_order_of_its_keys() {
    let json =
        r#"{"timestamp":1.5,"planet":"Vulcan","rating":-3,"favoritecaptain":"C","user":"U"}"#;
    let rating: CaptainRating = serde_json::from_str(json).unwrap();
    let expected = CaptainRating {
        user: "U".to_owned(),
        favorite_captain: "C".to_owned(),
        rating: -3,
        timestamp: 1.5,
    };
    assert_eq!(rating, expected);
}

#[test]
fn a_record_without_one_of_its_keys_is_refused() {
    let whole = serde_json::to_value(RatingGenerator::with_seed(1).record(0)).unwrap();
    assert!(serde_json::from_value::<CaptainRating>(whole.clone()).is_ok());
    for (name, _) in COLUMNS {
        let mut part = whole.clone();
        assert!(part.as_object_mut().unwrap().remove(name).is_some());
        assert!(serde_json::from_value::<CaptainRating>(part).is_err(), "{name}");
    }
}

#[test]
fn an_outlier_is_known_by_its_captain() {
    let mut rating = RatingGenerator::with_seed(1).find(|rating| !rating.is_outlier()).unwrap();
    rating.favorite_captain = OUTLIER_CAPTAIN.to_owned();
    assert!(rating.is_outlier());
}

#[test]
fn writing_appends_and_adds_nothing_else() {
    let rating = RatingGenerator::with_seed(1).record(7);
    let mut out = b"[".to_vec();
    rating.write_json(JsonStyle::Compact, &mut out);
    rating.write_json(JsonStyle::Python, &mut out);
    assert_eq!(out, format!("[{}{}", rating.to_json(), rating.to_python_json()).into_bytes());
}
