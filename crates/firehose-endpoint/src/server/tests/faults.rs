//! Fault rules, seen from a client.

use http::Request;

use super::site::{HANGS, Inside, Site, operation, operation_bytes};
use crate::settings::Settings;

fn settings(rules: &[&str]) -> Settings {
    let faults = rules.iter().map(|rule| rule.parse().unwrap()).collect();
    Settings { faults, ..Settings::default() }
}

#[tokio::test]
async fn refusals_come_in_the_shape_and_status_of_each_service() {
    let inside = Inside::new(settings(&["*:throttle"])).await;
    let answer = inside.call(operation("Firehose_20150804.PutRecord"), "{}").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["message"], "Slow down.");
    let answer = inside.call(operation("AWSGlue.GetTable"), "{}").await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["__type"], "ThrottlingException");
    let get = Request::get("/bucket/key").header("host", "localhost");
    let answer = inside.call(get, "").await;
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("<Code>SlowDown</Code>"), "{}", answer.text());
    let sts = Request::get("/?Action=GetCallerIdentity&Version=2011-06-15");
    let answer = inside.call(sts.header("host", "localhost"), "").await;
    assert!(answer.text().contains("<Code>Throttling</Code>"), "{}", answer.text());
}

#[tokio::test]
async fn rules_are_replaced_and_listed_while_the_endpoint_runs() {
    let inside = Inside::new(settings(&["PutRecord:throttle"])).await;
    let faults = |method: &str| {
        Request::builder().method(method).uri("/_firehose-local/faults").header("host", "localhost")
    };
    let answer = inside.call(faults("PUT"), "*:status=500,times=1\n\n GetTable:cut=3 \n").await;
    assert_eq!(answer.status, 200);
    let list = "Firehose_20150804.ListDeliveryStreams";
    assert_eq!(inside.call(operation(list), "{}").await.status, 500);
    assert_eq!(inside.call(operation(list), "{}").await.status, 200);
    let listed = inside.call(faults("GET"), "").await.json();
    assert_eq!(
        listed["faults"][0],
        serde_json::json!({"rule": "*:status=500,times=1", "requests": 2, "hits": 1})
    );
    let answer = inside.call(faults("PUT"), "*:throttle\n*:explode").await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("`*:explode`"), "{}", answer.text());
    assert_eq!(inside.call(faults("GET"), "").await.json()["faults"].as_array().unwrap().len(), 2);
    assert_eq!(inside.call(faults("DELETE"), "").await.text(), "{\"faults\":[]}\n");
}

#[tokio::test]
async fn a_cut_answer_announces_its_length_and_ends_after_so_many_bytes() {
    let site = Site::new(settings(&["ListDeliveryStreams:cut=7"])).await;
    let target = "Firehose_20150804.ListDeliveryStreams";
    let answer = site.ask(&operation_bytes(target, "content-length: 2\r\n", "{}")).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(body.len(), 7, "{body}");
    let length = head.split_once("content-length: ").unwrap().1.lines().next().unwrap();
    assert!(length.parse::<usize>().unwrap() > 7, "{head}");
    site.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_delayed_answer_comes_when_its_time_is_over() {
    let inside = Inside::new(settings(&["ListDeliveryStreams:delay=20s"])).await;
    let begun = tokio::time::Instant::now();
    let request = operation("Firehose_20150804.ListDeliveryStreams");
    let answer = tokio::time::timeout(HANGS, inside.call(request, "{}")).await.unwrap();
    assert_eq!(answer.status, 200);
    // On the paused clock, which moves in milliseconds.
    assert_eq!(begun.elapsed().as_secs(), 20);
}
