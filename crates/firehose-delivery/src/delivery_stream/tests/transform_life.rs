//! The law of conservation with a function that answers, drops, fails, comes late and not at all.

use super::{
    conservation::Random,
    scripted::{Scripted, Step, upper},
    *,
};
use crate::Backup;

#[test]
fn every_record_is_in_exactly_one_place_with_a_function() {
    let seeds = match std::env::var("TRANSFORM_SEED") {
        Ok(seed) => vec![seed.parse().expect("TRANSFORM_SEED is a number")],
        Err(_) => (1..=30).collect(),
    };
    for seed in seeds {
        println!("TRANSFORM_SEED={seed}");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(one_life(seed));
    }
}

fn step(random: &mut Random) -> Step {
    match random.below(8) {
        0 => Step::Fail,
        1 => Step::Panic,
        2 => Step::Bytes(b"{}".to_vec()),
        3 => Step::Late(Duration::from_secs(random.below(400))),
        4 => Step::Each(|text| match text.len() % 3 {
            0 => ("Dropped", None, serde_json::json!(null)),
            1 => ("ProcessingFailed", None, serde_json::json!(null)),
            _ => upper(text),
        }),
        _ => Step::Each(upper),
    }
}

async fn one_life(seed: u64) {
    let mut random = Random(seed);
    let (store, backup_store) = (FlakyStore::new(), FlakyStore::new());
    let function = Scripted::new((0..40).map(|_| step(&mut random)));
    let processor = function
        .processor()
        .retrying(u32::try_from(random.below(3)).unwrap())
        .buffering(1 + random.up_to(100), Duration::from_secs(random.below(30)));
    let backup = DeliveryStreamConfig::new("t").holding_at_most(usize::MAX);
    let config = DeliveryStreamConfig::new("t")
        .with_prefix("ok/")
        .with_error_output_prefix("e/!{firehose:error-output-type}/")
        .buffering(1 + random.up_to(200), Duration::from_secs(random.below(20)))
        .holding_at_most(1 + random.up_to(2_000))
        .transformed_by(processor)
        .backed_up_by(Backup::new(backup, bucket(&backup_store)));
    let stream = DeliveryStream::open(config, bucket(&store), six_o_clock()).await.unwrap();
    let (mut next, mut accepted) = (0, Vec::new());
    for _ in 0..60 {
        match random.below(7) {
            0 => tokio::time::sleep(Duration::from_millis(random.below(10_000))).await,
            1 => store.refuse(i64::try_from(random.below(4)).unwrap()),
            2 => stream.flush().await,
            _ => {
                let batch: Vec<_> = (0..=random.below(4))
                    .map(|_| {
                        next += 1;
                        format!("<r{next}{}>", "x".repeat(random.up_to(9)))
                    })
                    .collect();
                let records: Vec<_> =
                    batch.iter().map(|text| Record::from(text.clone().into_bytes())).collect();
                let outcomes = stream.put_batch(&records).await.unwrap();
                if outcomes[0].is_accepted() {
                    accepted.extend(batch);
                }
            }
        }
        check(&stream.stats());
    }
    let stats = stream.close().await;
    check(&stats);
    assert_eq!((stats.buffered_records, stats.buffered_bytes), (0, 0), "{stats:?}");
    assert_eq!(stats.accepted_records, accepted.len() as u64);
    // Each record stands in one object, in upper case, or in one line, or was dropped.
    let objects = objects(&*store).await;
    let (failed, ok): (Vec<_>, Vec<_>) =
        objects.iter().partition(|(key, _)| key.starts_with("e/processing-failed/"));
    let ok: String = ok.iter().map(|(_, body)| std::str::from_utf8(body).unwrap()).collect();
    let failed: String =
        failed.iter().map(|(_, body)| std::str::from_utf8(body).unwrap()).collect();
    let mut dropped = 0;
    for record in &accepted {
        let encoded = format!("\"{}\"", STANDARD.encode(record));
        let places = ok.matches(&record.to_uppercase()).count() + failed.matches(&encoded).count();
        assert!(places <= 1, "{record} stands in {places} places");
        dropped += u64::from(places == 0);
    }
    assert_eq!(dropped, stats.dropped_records);
    let kept = self::objects(&*backup_store).await;
    assert_eq!(kept.values().map(Bytes::len).sum::<usize>(), accepted.concat().len());
}

fn check(stats: &StreamStats) {
    let places = stats.delivered_records
        + stats.failed_records
        + stats.dropped_records
        + stats.buffered_records;
    assert_eq!(stats.accepted_records, places, "{stats:?}");
    assert_eq!(stats.buffered_records == 0, stats.buffered_bytes == 0, "{stats:?}");
}
