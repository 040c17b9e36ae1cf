//! An endpoint without a port: a bucket, a table and a delivery stream, a put, and what it became.

use std::{error::Error, io::Write, time::Duration};

use firehose_endpoint::Endpoint;
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let endpoint = Endpoint::builder().build().await?;
    endpoint.create_bucket("captains-rating").await?;
    let stream = json!({
        "DeliveryStreamName": "ratings",
        "ExtendedS3DestinationConfiguration": {
            "RoleARN": "arn:aws:iam::000000000000:role/firehose",
            "BucketARN": "arn:aws:s3:::captains-rating",
            "Prefix": "raw/",
        },
    });
    endpoint.call("Firehose", "CreateDeliveryStream", &stream).await?;
    // `{"rating":7}` in base64, as AWS's JSON carries bytes.
    let put = json!({ "DeliveryStreamName": "ratings", "Record": { "Data": "eyJyYXRpbmciOjd9" } });
    let answer = endpoint.call("Firehose", "PutRecord", &put).await?;
    let mut out = std::io::stdout();
    writeln!(out, "record id {}", answer["RecordId"])?;
    for report in endpoint.flush(None, Duration::from_secs(5)).await {
        let (records, objects) = (report.delivered_records, report.delivered_objects);
        writeln!(out, "{}: {records} record in {objects} object", report.stream)?;
    }
    Ok(())
}
