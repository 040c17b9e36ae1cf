//! Rules are read, written again, and hit by counting.

use super::*;

fn faults(rules: &[&str]) -> Faults {
    Faults::new(rules.iter().map(|rule| rule.parse().unwrap()).collect())
}

#[test]
fn rules_are_written_as_they_are_read() {
    for (text, written) in [
        ("PutRecordBatch:refuse=3/10", "PutRecordBatch:refuse=3/10"),
        ("*:refuse=1/1", "*:refuse=1/1"),
        ("PutRecord:throttle", "PutRecord:throttle"),
        ("*:status=500,every=1", "*:status=500"),
        (" GetObject:slowdown , times=2, every=3 ", "GetObject:slowdown,every=3,times=2"),
        ("PutRecordBatch:delay=2s", "PutRecordBatch:delay=2s"),
        ("GetTable:delay=1500ms", "GetTable:delay=1500ms"),
        ("GetCallerIdentity:delay=1m", "GetCallerIdentity:delay=60s"),
        ("*:cut=0", "*:cut=0"),
    ] {
        let rule: FaultRule = text.parse().unwrap();
        assert_eq!(rule.to_string(), written);
        assert_eq!(written.parse::<FaultRule>().unwrap(), rule);
    }
}

#[test]
fn rules_that_cannot_be_read_say_what_is_allowed() {
    for (text, wanted) in [
        ("", "operation:effect"),
        ("PutRecord", "operation:effect"),
        ("PutRecordz:throttle", "allowed are * and CreateDeliveryStream, "),
        ("putrecord:throttle", "`putrecord` is no operation"),
        ("PutRecord:", "allowed are refuse=K/N, throttle"),
        ("PutRecord:throttle=1", "allowed are refuse=K/N, throttle"),
        ("PutRecord:refuse=1/2", "refuse is for PutRecordBatch"),
        ("PutRecordBatch:refuse=3", "refuse=K/N"),
        ("PutRecordBatch:refuse=3/2", "1 <= K <= N"),
        ("PutRecordBatch:refuse=0/2", "1 <= K <= N"),
        ("PutRecordBatch:refuse=a/2", "`a` is no number"),
        ("PutRecord:slowdown", "slowdown is for operations of S3"),
        ("*:status=200", "400 to 599"),
        ("*:status=600", "400 to 599"),
        ("*:delay=2", "such as 200ms"),
        ("*:delay=61m", "at most 60m"),
        ("*:delay=99999999999999999999s", "at most 60m"),
        ("*:cut=-1", "`-1` is no number"),
        ("*:throttle,every=0", "N >= 1"),
        ("*:throttle,times=x", "N >= 1"),
        ("*:throttle,sometimes", "neither every=N nor times=N"),
    ] {
        let error = text.parse::<FaultRule>().unwrap_err().to_string();
        assert!(error.contains(wanted), "{text}: {error}");
    }
}

#[test]
fn operations_of_kinesis_have_their_own_rules() {
    let faults = faults(&["Kinesis.PutRecord:throttle", "PutRecords:refuse=1/2"]);
    assert_eq!(faults.next(Service::Firehose, "PutRecord"), Injected::default());
    let refusal = faults.next(Service::Kinesis, "PutRecord").refusal;
    assert_eq!(refusal, Some(Refusal::Throttle));
    assert_eq!(faults.refused_entries("PutRecordBatch", 4), [0_usize; 0]);
    assert_eq!(faults.refused_entries("PutRecords", 4), [1, 3]);
}

#[test]
fn every_and_times_count_the_requests_of_the_operation() {
    let faults = faults(&["PutRecord:throttle,every=3,times=2"]);
    let hits: Vec<bool> = (0..12)
        .map(|_| {
            assert_eq!(faults.next(Service::Firehose, "PutRecordBatch"), Injected::default());
            faults.next(Service::Firehose, "PutRecord").refusal.is_some()
        })
        .collect();
    let hit: Vec<usize> = (0..12).filter(|&index| hits[index]).collect();
    assert_eq!(hit, [2, 5]);
    let (rule, count) = faults.list().remove(0);
    assert_eq!(rule.to_string(), "PutRecord:throttle,every=3,times=2");
    assert_eq!(count, RuleCount { requests: 12, hits: 2 });
}

#[test]
fn rules_for_one_request_add_up() {
    let faults = faults(&["*:delay=1s", "*:cut=9", "GetObject:slowdown", "*:status=500"]);
    let delay = Some(Duration::from_secs(1));
    assert_eq!(
        faults.next(Service::S3, "GetObject"),
        Injected { refusal: Some(Refusal::Throttle), delay, cut: Some(9) }
    );
    assert_eq!(
        faults.next(Service::Glue, "GetTable"),
        Injected { refusal: Some(Refusal::Status(500)), delay, cut: Some(9) }
    );
}

#[test]
fn slowdown_for_all_operations_is_for_those_of_s3() {
    let faults = faults(&["*:slowdown"]);
    assert_eq!(faults.next(Service::Firehose, "PutRecord"), Injected::default());
    assert_eq!(faults.next(Service::S3, "PutObject").refusal, Some(Refusal::Throttle));
}

#[test]
fn exactly_k_of_n_entries_are_refused_across_batches() {
    for (rule, size, batches) in [
        ("refuse=3/10", 10, 5),
        ("refuse=1/7", 3, 70),
        ("refuse=7/7", 4, 7),
        ("refuse=1/500", 500, 4),
    ] {
        let faults = faults(&[&format!("PutRecordBatch:{rule}")]);
        let mut refused = 0;
        for _ in 0..batches {
            let entries = faults.refused_entries("PutRecordBatch", size);
            assert!(entries.iter().all(|&entry| entry < size));
            refused += entries.len();
        }
        let share = rule.strip_prefix("refuse=").unwrap().split_once('/').unwrap();
        let (k, n): (usize, usize) = (share.0.parse().unwrap(), share.1.parse().unwrap());
        assert_eq!(refused * n, size * batches * k, "{rule}");
    }
    assert_eq!(faults(&["*:throttle"]).refused_entries("PutRecordBatch", 500), [0_usize; 0]);
}

#[test]
fn new_rules_take_the_place_of_the_old_ones() {
    let faults = faults(&["*:throttle"]);
    faults.replace(Vec::new());
    assert_eq!(faults.next(Service::Firehose, "PutRecord"), Injected::default());
    assert!(faults.list().is_empty());
    faults.replace(vec!["*:cut=1".parse().unwrap()]);
    assert_eq!(faults.next(Service::Firehose, "PutRecord").cut, Some(1));
}
