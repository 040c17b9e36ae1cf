//! The bucket is not there: records are taken up to the limit and kept, memory stays flat, and all
//! is delivered once it is there again, without a restart.

use integration_tests::FirehoseLocal;

use crate::data::{BUCKET, create, create_bucket, delivered, line, put, status};

#[test]
fn without_its_bucket_a_stream_keeps_what_it_took_and_refuses_the_rest() {
    let endpoint = FirehoseLocal::start(&[
        "--buffer-size",
        "16KiB",
        "--buffer-interval",
        "1s",
        "--undelivered-limit",
        "64KiB",
    ]);
    create(&endpoint);
    let gone = endpoint.request("DELETE", &format!("/{BUCKET}"), &[], b"");
    assert_eq!(gone.status, 204, "{}", gone.body);
    let mut acknowledged = Vec::new();
    let (mut refused, mut number) = (0, 0);
    while refused < 20 {
        match put(&endpoint, &line(number)) {
            true => acknowledged.push(number),
            false => refused += 1,
        }
        number += 1;
    }
    assert!(
        (600..=660).contains(&acknowledged.len()),
        "64 KiB of 100 bytes: {}",
        acknowledged.len()
    );
    create_bucket(&endpoint);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while status(&endpoint)["bufferedRecords"] != 0 {
        assert!(std::time::Instant::now() < deadline, "{}", status(&endpoint));
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(put(&endpoint, &line(number)), "it takes records again");
    acknowledged.push(number);
    let data = endpoint.data_dir().to_owned();
    let flushed = endpoint.request("POST", "/_firehose-local/flush", &[], b"");
    assert_eq!(flushed.status, 200, "{}", flushed.body);
    let (found, objects) = delivered(&data);
    assert!(found.values().all(|times| *times == 1), "records are doubled");
    assert_eq!(found.keys().copied().collect::<Vec<_>>(), acknowledged);
    println!("{} acknowledged, {refused} refused, in {objects} objects", acknowledged.len());
}
