//! PutRecordBatch of 500 tutorial records: what an answer costs, from the HTTP request's bytes to
//! those of its answer, with the records kept in a buffer that is written as it is.

use std::time::Duration;

use base64_simd::STANDARD;
use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use firehose_endpoint::Endpoint;
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

const BATCH: u64 = 500;

async fn endpoint() -> Endpoint {
    let endpoint = Endpoint::builder().buffer_size(32 << 20).build().await.expect("an endpoint");
    endpoint.create_bucket("captains-rating").await.expect("a bucket");
    let stream = json!({
        "DeliveryStreamName": "ratings",
        "ExtendedS3DestinationConfiguration": {
            "RoleARN": "arn:aws:iam::000000000000:role/firehose",
            "BucketARN": "arn:aws:s3:::captains-rating",
        },
    });
    endpoint.call("Firehose", "CreateDeliveryStream", &stream).await.expect("a stream");
    endpoint
}

fn body() -> Bytes {
    let record = |n: u64| {
        let json = format!(
            r#"{{"user": "Jean{n:03} Luc", "favoritecaptain": "Kathryn Janeway", "rating": {n}, "timestamp": 1641621600.{n:06}}}"#
        );
        json!({ "Data": STANDARD.encode_to_string(json) })
    };
    let records: Vec<_> = (0..BATCH).map(record).collect();
    json!({ "DeliveryStreamName": "ratings", "Records": records }).to_string().into()
}

fn request(body: &Bytes) -> http::Request<Bytes> {
    http::Request::post("http://127.0.0.1:4566/")
        .header("host", "127.0.0.1:4566")
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "Firehose_20150804.PutRecordBatch")
        .body(Bytes::clone(body))
        .expect("a request")
}

fn put(criterion: &mut Criterion) {
    let runtime: Runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let endpoint = runtime.block_on(endpoint());
    let body = body();
    let mut group = criterion.benchmark_group("put_record_batch");
    group.throughput(Throughput::Elements(BATCH)).measurement_time(Duration::from_secs(4));
    group.bench_function("answer", |bencher| {
        bencher.iter(|| {
            let answer = runtime.block_on(endpoint.answer(request(&body)));
            assert!(answer.status().is_success(), "{answer:?}");
        });
    });
    group.finish();
}

criterion_group!(benches, put);
criterion_main!(benches);
