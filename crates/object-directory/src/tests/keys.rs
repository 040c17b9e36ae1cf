//! Every key of S3 comes back, and none leaves its bucket.
//!
//! Six seeds, or the one in the variable `OBJECT_DIRECTORY_SEED`.

use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use super::*;

/// Segments that a file system or a careless escaping trips over.
const ODD: &[&str] = &[
    "",
    ".",
    "..",
    "...",
    "%",
    "%2E",
    "%2E%2E",
    "%object",
    "a%object",
    "a%more",
    "%.json",
    "a",
    "a.",
    "a-",
    "a\\..\\b",
    "\0",
    "\n",
    "\u{7f}",
    " ",
    "+",
    "ü",
    "日本",
    "A",
    "~",
    "ratings2022",
    "upload.json",
    ".object-directory",
    "C:",
    "\u{feff}",
    "\u{202e}",
];

fn segment() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => proptest::sample::select(ODD).prop_map(str::to_owned),
        1 => "[a-c./%]{0,4}",
        1 => "\\PC{1,10}",
        1 => "[\\x00-\\x1f]{1,90}",
        1 => (230usize..500, "[a.%ü\\x01]").prop_map(|(count, text)| text.repeat(count)),
    ]
}

/// Keys in which the same segments meet again and again, so that objects and directories collide.
fn keys() -> impl Strategy<Value = Vec<String>> {
    let key = proptest::collection::vec(segment(), 1..5).prop_map(|segments| {
        let mut key = segments.join("/");
        while key.len() > 1024 {
            key.pop();
        }
        key
    });
    proptest::collection::vec(key.prop_filter("a key is not empty", |key| !key.is_empty()), 1..25)
}

#[test]
fn every_key_round_trips_and_none_leaves_its_bucket() {
    let seeds: Vec<u64> = match std::env::var("OBJECT_DIRECTORY_SEED") {
        Ok(seed) => vec![seed.parse().expect("OBJECT_DIRECTORY_SEED is a number")],
        Err(_) => (1..=6).collect(),
    };
    for seed in seeds {
        println!("OBJECT_DIRECTORY_SEED={seed}");
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let config = Config { cases: 8, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, rng);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runner.run(&keys(), |keys| runtime.block_on(round_trip(keys))).unwrap();
    }
}

async fn round_trip(keys: Vec<String>) -> Result<(), TestCaseError> {
    let fixture = Fixture::new().await;
    std::fs::write(fixture.path("outside"), "mine").unwrap();
    let mut expected = BTreeMap::new();
    for (number, key) in keys.iter().enumerate() {
        let body = format!("{number} {key}");
        let put = fixture.put_with(key, &body, PutOptions::default()).await;
        prop_assert!(put.is_ok(), "{key:?}: {put:?}");
        expected.insert(key.clone(), body);
    }
    // BTreeMap sorts strings as S3 sorts keys: by their bytes.
    prop_assert_eq!(fixture.keys().await, expected.keys().cloned().collect::<Vec<_>>());
    for (key, body) in &expected {
        prop_assert_eq!(&fixture.read(key).await.unwrap(), body);
    }
    let outside: Vec<_> = std::fs::read_dir(fixture.root.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "ratings" && name != ".object-directory")
        .collect();
    prop_assert_eq!(outside, ["outside"]);

    let mut left = expected.clone();
    for key in expected.keys() {
        prop_assert!(fixture.bucket.delete(key, Conditions::default()).await.unwrap());
        left.remove(key);
        let gone = matches!(fixture.read(key).await, Err(Error::NoSuchKey { .. }));
        prop_assert!(gone, "{}", key);
        prop_assert_eq!(fixture.keys().await, left.keys().cloned().collect::<Vec<_>>());
    }
    // The last object takes the last directory with it.
    prop_assert_eq!(std::fs::read_dir(fixture.path("ratings")).unwrap().count(), 0);
    fixture.buckets.delete("ratings").await.unwrap();
    let files = tree(fixture.root.path());
    prop_assert_eq!(files.keys().collect::<Vec<_>>(), ["outside"]);
    Ok(())
}
