//! What the tutorial has its reader make in the AWS console.

use anyhow::{Context, bail};
use captain_ratings::{COLUMNS, tutorial};
use firehose_endpoint::{Endpoint, Refused};
use serde_json::{Value, json};

/// AWS takes no less with conversion; the tutorial's own is 1.
const SIZE_IN_MBS: u32 = 64;
const TUTORIALS_SIZE_IN_MBS: u32 = 1;
const INTERVAL_IN_SECONDS: u32 = 60;
const ROLE: &str = "arn:aws:iam::000000000000:role/firehose";

/// Shards of the data stream.
const SHARDS: u32 = 1;

/// Makes the bucket, the Glue database and table, the delivery stream that is put to, and the full
/// path: the data stream and the delivery stream that reads it. What is there already stays.
///
/// # Errors
///
/// What could not be made, and why.
pub async fn prepare(endpoint: &Endpoint, relaxed: bool) -> anyhow::Result<()> {
    endpoint.create_bucket(tutorial::BUCKET).await.context("failed to create the bucket")?;
    let database = json!({ "DatabaseInput": { "Name": tutorial::DATABASE } });
    create(endpoint, "Glue", "CreateDatabase", &database).await?;
    create(endpoint, "Glue", "CreateTable", &table()).await?;
    let size = if relaxed { TUTORIALS_SIZE_IN_MBS } else { SIZE_IN_MBS };
    create(endpoint, "Firehose", "CreateDeliveryStream", &delivery_stream(size)).await?;
    let stream = json!({ "StreamName": tutorial::DATA_STREAM, "ShardCount": SHARDS });
    create(endpoint, "Kinesis", "CreateStream", &stream).await?;
    let arn = data_stream_arn(endpoint).await?;
    create(endpoint, "Firehose", "CreateDeliveryStream", &sourced(size, &arn)).await
}

async fn data_stream_arn(endpoint: &Endpoint) -> anyhow::Result<String> {
    let name = json!({ "StreamName": tutorial::DATA_STREAM });
    let answer = endpoint.call("Kinesis", "DescribeStreamSummary", &name).await?;
    let arn = &answer["StreamDescriptionSummary"]["StreamARN"];
    Ok(arn.as_str().unwrap_or_default().to_owned())
}

/// The delivery stream that reads the data stream.
fn sourced(size_in_mbs: u32, data_stream: &str) -> Value {
    let mut stream = delivery_stream(size_in_mbs);
    stream["DeliveryStreamName"] = json!(tutorial::SOURCED_DELIVERY_STREAM);
    stream["DeliveryStreamType"] = json!("KinesisStreamAsSource");
    stream["KinesisStreamSourceConfiguration"] =
        json!({ "KinesisStreamARN": data_stream, "RoleARN": ROLE });
    stream["ExtendedS3DestinationConfiguration"]["Prefix"] = json!(tutorial::SOURCED_PREFIX);
    stream
}

/// Calls a create; what is there already stays as it is.
async fn create(
    endpoint: &Endpoint,
    service: &str,
    operation: &str,
    input: &Value,
) -> anyhow::Result<()> {
    match endpoint.call(service, operation, input).await {
        Ok(_) => Ok(()),
        Err(Refused { code: "AlreadyExistsException" | "ResourceInUseException", .. }) => Ok(()),
        Err(why) => bail!("{operation} was refused: {why}"),
    }
}

fn table() -> Value {
    let columns = COLUMNS.map(|(name, kind)| json!({ "Name": name, "Type": kind }));
    let parquet = "org.apache.hadoop.hive.ql.io.parquet";
    json!({
        "DatabaseName": tutorial::DATABASE,
        "TableInput": {
            "Name": tutorial::TABLE,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": { "classification": "parquet" },
            "StorageDescriptor": {
                "Columns": columns,
                "Location": format!("s3://{}/{}", tutorial::BUCKET, tutorial::PREFIX),
                "InputFormat": format!("{parquet}.MapredParquetInputFormat"),
                "OutputFormat": format!("{parquet}.MapredParquetOutputFormat"),
                "SerdeInfo": { "SerializationLibrary": format!("{parquet}.serde.ParquetHiveSerDe") },
            },
        },
    })
}

fn delivery_stream(size_in_mbs: u32) -> Value {
    json!({
        "DeliveryStreamName": tutorial::DELIVERY_STREAM,
        "DeliveryStreamType": "DirectPut",
        "ExtendedS3DestinationConfiguration": {
            "RoleARN": ROLE,
            "BucketARN": format!("arn:aws:s3:::{}", tutorial::BUCKET),
            "Prefix": tutorial::PREFIX,
            "BufferingHints": {
                "SizeInMBs": size_in_mbs,
                "IntervalInSeconds": INTERVAL_IN_SECONDS,
            },
            "DataFormatConversionConfiguration": {
                "SchemaConfiguration": {
                    "RoleARN": ROLE,
                    "DatabaseName": tutorial::DATABASE,
                    "TableName": tutorial::TABLE,
                },
                "InputFormatConfiguration": { "Deserializer": { "OpenXJsonSerDe": {} } },
                "OutputFormatConfiguration": { "Serializer": { "ParquetSerDe": {} } },
            },
        },
    })
}
