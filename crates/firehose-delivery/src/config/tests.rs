use super::*;

#[test]
fn what_cannot_be_kept_is_refused_by_name() {
    let stream = || DeliveryStreamConfig::new("s");
    let table = [
        (DeliveryStreamConfig::new(""), "DeliveryStreamName"),
        (DeliveryStreamConfig::new("a b"), "DeliveryStreamName"),
        (DeliveryStreamConfig::new("a".repeat(65)), "DeliveryStreamName"),
        (stream().with_prefix("!{timestamp:yyyy}/"), "ErrorOutputPrefix cannot be null"),
        (stream().with_prefix("/ratings"), "Prefix `/ratings`"),
        (stream().with_prefix("a//b"), "Prefix"),
        (stream().with_prefix("../up/"), "Prefix"),
        (stream().with_prefix("x".repeat(1025)), "1025 characters"),
        (stream().with_error_output_prefix("/bad"), "ErrorOutputPrefix"),
        (stream().with_file_extension("txt"), "FileExtension `txt`"),
        (stream().with_file_extension("./up"), "FileExtension"),
        (stream().buffering(0, Duration::ZERO), "BufferingHints"),
        (stream().holding_at_most(0), "holding_at_most"),
    ];
    for (config, expected) in table {
        let error = config.validate().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn what_aws_takes_is_taken() {
    for prefix in ["", "ratings", "ratings/", "a/b-c/d_e.", "übung ", "key=value/"] {
        DeliveryStreamConfig::new("PUT-S3-qrZbv").with_prefix(prefix).validate().unwrap();
    }
}

#[test]
fn pauses_double_up_to_the_cap() {
    let retry = RetryPolicy {
        first: Duration::from_millis(100),
        cap: Duration::from_secs(1),
        ..RetryPolicy::default()
    };
    let pauses: Vec<_> = (1..=6).map(|n| retry.pause(n).as_millis()).collect();
    assert_eq!(pauses, [100, 200, 400, 800, 1000, 1000]);
    assert_eq!(retry.pause(u32::MAX), retry.cap);
}
