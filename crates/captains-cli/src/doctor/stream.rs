//! The stream: is it there, does it take records, and what does it do with them?

use serde_json::{Value, json};

use super::refusal::Refusal;
use super::site::Service;
use super::wire::Caller;
use super::{Check, Diagnosis, Questions};

/// What a delivery stream does with records, as far as it is looked at.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Destination {
    pub(super) bucket: String,
    pub(super) prefix: String,
    pub(super) error_prefix: String,
    pub(super) table: Option<Table>,
    pub(super) region: String,
}

/// The Glue table that records are converted by.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) region: String,
    pub(super) database: String,
    pub(super) name: String,
}

/// A data stream, by its summary.
pub(super) async fn data_stream(caller: &Caller<'_>, name: &str) -> Check {
    let input = json!({ "StreamName": name });
    let target = "Kinesis_20131202.DescribeStreamSummary";
    let region = &caller.site.region;
    let answer = match caller.json(Service::Kinesis, region, target, &input).await {
        Ok(answer) => answer,
        Err(none) => return none.check("stream"),
    };
    if !answer.is_success() {
        let what = format!("data stream `{name}`");
        let needs = "kinesis:DescribeStreamSummary";
        return Refusal::of(&answer).check(caller, "stream", &what, needs);
    }
    let document = answer.json();
    let status = text(&document, "/StreamDescriptionSummary/StreamStatus");
    // It takes records while its shards change.
    active(&format!("data stream `{name}`"), status, matches!(status, "ACTIVE" | "UPDATING"))
}

/// A delivery stream, and where its records go.
pub(super) async fn delivery_stream(
    caller: &Caller<'_>,
    questions: &Questions,
    name: &str,
    diagnosis: &mut Diagnosis,
) -> Option<Destination> {
    let input = json!({ "DeliveryStreamName": name });
    let target = "Firehose_20150804.DescribeDeliveryStream";
    let region = &caller.site.region;
    let answer = match caller.json(Service::Firehose, region, target, &input).await {
        Ok(answer) => answer,
        Err(none) => {
            diagnosis.add(none.check("stream"));
            return None;
        }
    };
    if !answer.is_success() {
        let what = format!("delivery stream `{name}`");
        let needs = "firehose:DescribeDeliveryStream";
        diagnosis.add(Refusal::of(&answer).check(caller, "stream", &what, needs));
        return None;
    }
    let document = answer.json();
    let description = document.get("DeliveryStreamDescription")?;
    diagnosis.add(status(name, description));
    diagnosis.add(source(questions, description));
    let destination = description.pointer("/Destinations/0/ExtendedS3DestinationDescription");
    let Some(destination) = destination else {
        let fix = "look at what it writes to with that service's own tools";
        diagnosis.add(Check::warn("conversion", "its destination is not S3", fix));
        return None;
    };
    let found = read(region, description, destination);
    diagnosis.add(conversion(&found, destination));
    Some(found)
}

fn status(name: &str, description: &Value) -> Check {
    let status = text(description, "/DeliveryStreamStatus");
    let what = format!("delivery stream `{name}`");
    match text(description, "/FailureDescription/Details") {
        "" => active(&what, status, status == "ACTIVE"),
        why => Check::fail("stream", format!("{what} is {status}: {why}"), "delete and create it"),
    }
}

fn active(what: &str, status: &str, active: bool) -> Check {
    let found = format!("{what} is {status}");
    match active {
        true => Check::ok("stream", found),
        false if status.starts_with("CREATING_FAILED") || status.starts_with("DELETING") => {
            Check::fail("stream", found, "create it anew")
        }
        false => Check::fail("stream", found, "wait until it is ACTIVE: it takes a minute or two"),
    }
}

/// Who gives the stream its records.
fn source(questions: &Questions, description: &Value) -> Check {
    let arn = text(description, "/Source/KinesisStreamSourceDescription/KinesisStreamARN");
    let data_stream = arn.rsplit('/').next().unwrap_or_default();
    match text(description, "/DeliveryStreamType") {
        "KinesisStreamAsSource" if questions.sends => {
            let found = format!("it takes records from data stream `{data_stream}` alone");
            Check::fail("source", found, format!("send with --to kinesis://{data_stream}"))
        }
        "KinesisStreamAsSource" => Check::ok("source", format!("data stream `{data_stream}`")),
        "DirectPut" => Check::ok("source", "direct puts"),
        other => Check::warn("source", format!("`{other}`"), "send records to that source"),
    }
}

fn read(region: &str, description: &Value, destination: &Value) -> Destination {
    let bucket = text(destination, "/BucketARN").rsplit(':').next().unwrap_or_default();
    let conversion = destination.get("DataFormatConversionConfiguration");
    let conversion = conversion.filter(|found| found.get("Enabled") != Some(&Value::Bool(false)));
    let schema = conversion.and_then(|found| found.get("SchemaConfiguration"));
    let own = text(description, "/DeliveryStreamARN").split(':').nth(3);
    Destination {
        bucket: bucket.to_owned(),
        prefix: text(destination, "/Prefix").to_owned(),
        error_prefix: text(destination, "/ErrorOutputPrefix").to_owned(),
        table: schema.map(|schema| Table {
            // Left out, it is the stream's own.
            region: Some(text(schema, "/Region"))
                .filter(|r| !r.is_empty())
                .unwrap_or(region)
                .into(),
            database: text(schema, "/DatabaseName").to_owned(),
            name: text(schema, "/TableName").to_owned(),
        }),
        region: own.unwrap_or(region).to_owned(),
    }
}

fn conversion(found: &Destination, destination: &Value) -> Check {
    let number = |path: &str| destination.pointer(path).and_then(Value::as_u64).unwrap_or_default();
    let (size, interval) =
        (number("/BufferingHints/SizeInMBs"), number("/BufferingHints/IntervalInSeconds"));
    let buffer = format!("a buffer goes out at {size} MiB or after {interval} s");
    match &found.table {
        Some(table) => {
            let Table { database, name, .. } = table;
            Check::ok("conversion", format!("to Parquet by `{database}.{name}`; {buffer}"))
        }
        None => {
            let fix = "enable record format conversion, as docs/aws/captain-ratings.yaml does";
            Check::warn(
                "conversion",
                format!("off: objects hold the records as sent; {buffer}"),
                fix,
            )
        }
    }
}

/// A text in a document; empty where there is none.
pub(super) fn text<'a>(document: &'a Value, path: &str) -> &'a str {
    document.pointer(path).and_then(Value::as_str).unwrap_or_default()
}
