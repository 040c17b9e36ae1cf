//! aws-sdk-rust: the whole tutorial, and what is refused.

use std::collections::BTreeSet;

use arrow::{
    array::AsArray,
    datatypes::{Float64Type, Int32Type},
};
use aws_config::SdkConfig;
use aws_sdk_firehose::{
    error::{ProvideErrorMetadata, SdkError},
    primitives::Blob,
    types::{
        BufferingHints, CompressionFormat, DataFormatConversionConfiguration, Deserializer,
        ExtendedS3DestinationConfiguration, ExtendedS3DestinationUpdate, InputFormatConfiguration,
        OpenXJsonSerDe, OutputFormatConfiguration, ParquetSerDe, Record, SchemaConfiguration,
        Serializer,
        builders::{
            DataFormatConversionConfigurationBuilder, ExtendedS3DestinationConfigurationBuilder,
        },
    },
};
use aws_sdk_glue::types::{Column, DatabaseInput, StorageDescriptor, TableInput};
use captain_ratings::{COLUMNS, CaptainRating, RatingGenerator, tutorial};
use integration_tests::FirehoseLocal;
use s3_parquet_reader::{ParquetSet, ReadOptions};

use crate::clients::say;

const ROLE: &str = "arn:aws:iam::000000000000:role/firehose";

/// The SDK's clients and a tally.
struct Sdk {
    firehose: aws_sdk_firehose::Client,
    glue: aws_sdk_glue::Client,
    s3: aws_sdk_s3::Client,
    passed: usize,
}

impl Sdk {
    async fn new(endpoint: &FirehoseLocal) -> Self {
        let config: SdkConfig = integration_tests::sdk_config(endpoint.endpoint()).await;
        Self {
            firehose: aws_sdk_firehose::Client::new(&config),
            glue: aws_sdk_glue::Client::new(&config),
            s3: aws_sdk_s3::Client::new(&config),
            passed: 0,
        }
    }

    fn that(&mut self, name: &str, holds: bool) {
        assert!(holds, "{name}");
        self.passed += 1;
    }

    /// Checks a refusal's code and a part of its message.
    fn refused<T, E: ProvideErrorMetadata + std::error::Error>(
        &mut self,
        answer: Result<T, SdkError<E>>,
        code: &str,
        message: &str,
    ) {
        let Err(error) = answer else { panic!("not refused with {code}") };
        assert_eq!(error.code(), Some(code), "{error:?}");
        assert!(error.message().is_some_and(|text| text.contains(message)), "{error:?}");
        self.passed += 1;
    }

    async fn set_up(&mut self) {
        self.s3.create_bucket().bucket(tutorial::BUCKET).send().await.expect("a bucket");
        let database = DatabaseInput::builder().name(tutorial::DATABASE).build().expect("a name");
        self.glue.create_database().database_input(database).send().await.expect("a database");
        let columns = COLUMNS.map(|(name, of)| column(name, of)).to_vec();
        self.glue
            .create_table()
            .database_name(tutorial::DATABASE)
            .table_input(table(columns))
            .send()
            .await
            .expect("a table");
        let made = self
            .firehose
            .create_delivery_stream()
            .delivery_stream_name(tutorial::DELIVERY_STREAM)
            .extended_s3_destination_configuration(destination().build().expect("whole"))
            .send()
            .await
            .expect("a delivery stream");
        let arn = made.delivery_stream_arn().unwrap_or_default().to_owned();
        self.that("the stream has an ARN", arn.ends_with("deliverystream/PUT-S3-qrZbv"));
    }

    async fn put(&mut self, ratings: &[CaptainRating]) {
        let mut ids = BTreeSet::new();
        let stream = tutorial::DELIVERY_STREAM;
        for rating in &ratings[..10] {
            let put =
                self.firehose.put_record().delivery_stream_name(stream).record(record(rating));
            ids.insert(put.send().await.expect("a taken record").record_id);
        }
        for batch in ratings[10..].chunks(500) {
            let records = batch.iter().map(record).collect();
            let put = self.firehose.put_record_batch().delivery_stream_name(stream);
            let answer = put.set_records(Some(records)).send().await.expect("a taken batch");
            self.that("no record is refused", answer.failed_put_count() == 0);
            for entry in answer.request_responses() {
                ids.insert(entry.record_id().expect("an id").to_owned());
            }
        }
        self.that("no two records have one id", ids.len() == ratings.len());
    }

    async fn keys(&self, prefix: &str) -> Vec<String> {
        let mut pages = self
            .s3
            .list_objects_v2()
            .bucket(tutorial::BUCKET)
            .prefix(prefix)
            .into_paginator()
            .send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.expect("a page");
            keys.extend(page.contents().iter().filter_map(|object| object.key.clone()));
        }
        keys
    }

    /// Reads every object with the SDK into a directory, and that with our own reader.
    async fn ratings(&self, prefix: &str) -> Vec<CaptainRating> {
        let folder = tempfile::tempdir().expect("a folder");
        for key in self.keys(prefix).await {
            let get = self.s3.get_object().bucket(tutorial::BUCKET).key(&key).send();
            let body = get.await.expect("an object").body.collect().await.expect("a body");
            let path = folder.path().join(&key);
            std::fs::create_dir_all(path.parent().expect("a key has folders")).expect("folders");
            std::fs::write(path, body.into_bytes()).expect("a file");
        }
        let location = folder.path().join(prefix);
        let location = location.to_str().expect("a UTF-8 path");
        let set = ParquetSet::open(location, &ReadOptions::default()).await.expect("files");
        let table = set.read_all().await.expect("Parquet");
        table.batches().iter().flat_map(rows).collect()
    }
}

fn rows(batch: &arrow::array::RecordBatch) -> Vec<CaptainRating> {
    let text = |column: usize, row| batch.column(column).as_string::<i32>().value(row).to_owned();
    let rating = |row| CaptainRating {
        user: text(0, row),
        favorite_captain: text(1, row),
        rating: batch.column(2).as_primitive::<Int32Type>().value(row),
        timestamp: batch.column(3).as_primitive::<Float64Type>().value(row),
    };
    (0..batch.num_rows()).map(rating).collect()
}

fn record(rating: &CaptainRating) -> Record {
    Record::builder().data(Blob::new(rating.to_json())).build().expect("a record with data")
}

fn column(name: &str, of: &str) -> Column {
    Column::builder().name(name).r#type(of).build().expect("a column with a name")
}

fn table(columns: Vec<Column>) -> TableInput {
    let storage = StorageDescriptor::builder().set_columns(Some(columns)).build();
    let table = TableInput::builder().name(tutorial::TABLE).storage_descriptor(storage);
    table.build().expect("a table with a name")
}

fn conversion() -> DataFormatConversionConfigurationBuilder {
    let schema = SchemaConfiguration::builder()
        .role_arn(ROLE)
        .database_name(tutorial::DATABASE)
        .table_name(tutorial::TABLE);
    let input = Deserializer::builder().open_x_json_ser_de(OpenXJsonSerDe::builder().build());
    let output = Serializer::builder().parquet_ser_de(ParquetSerDe::builder().build());
    DataFormatConversionConfiguration::builder()
        .enabled(true)
        .schema_configuration(schema.build())
        .input_format_configuration(
            InputFormatConfiguration::builder().deserializer(input.build()).build(),
        )
        .output_format_configuration(
            OutputFormatConfiguration::builder().serializer(output.build()).build(),
        )
}

fn hints(size: i32) -> BufferingHints {
    BufferingHints::builder().size_in_mbs(size).interval_in_seconds(300).build()
}

fn destination() -> ExtendedS3DestinationConfigurationBuilder {
    ExtendedS3DestinationConfiguration::builder()
        .role_arn(ROLE)
        .bucket_arn(format!("arn:aws:s3:::{}", tutorial::BUCKET))
        .prefix(tutorial::PREFIX)
        .buffering_hints(hints(64))
        .data_format_conversion_configuration(conversion().build())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rust_sdk_goes_through_the_tutorial() {
    let endpoint = FirehoseLocal::start(&[]);
    let mut sdk = Sdk::new(&endpoint).await;
    sdk.set_up().await;
    let ratings: Vec<_> = RatingGenerator::with_seed(42).take(2_510).collect();
    sdk.put(&ratings).await;
    sdk.that("nothing is there too soon", sdk.keys("ratings").await.is_empty());
    let flushed = endpoint.request("POST", "/_firehose-local/flush", &[], b"");
    sdk.that("all is delivered on demand", flushed.status == 200);
    let read = sdk.ratings(tutorial::PREFIX).await;
    sdk.that("as many rows as ratings", read.len() == ratings.len());
    for (read, wanted) in read.iter().zip(&ratings) {
        sdk.that("a rating comes back", read == wanted);
    }
    say(&format!("Rust SDK, the tutorial: {} checks passed", sdk.passed));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rust_sdk_is_refused_as_by_aws() {
    let endpoint = FirehoseLocal::start(&[]);
    let mut sdk = Sdk::new(&endpoint).await;
    sdk.set_up().await;
    refused_puts(&mut sdk).await;
    refused_destinations(&mut sdk).await;
    refused_updates(&mut sdk).await;
    refused_elsewhere(&mut sdk).await;
    say(&format!("Rust SDK, refusals: {} checks passed", sdk.passed));
}

async fn refused_puts(sdk: &mut Sdk) {
    let blob = |size| Record::builder().data(Blob::new(vec![b'x'; size])).build().expect("data");
    let large = "less than or equal to 1024000";
    let table = [
        ("nobody", vec![blob(1)], "ResourceNotFoundException", "Firehose nobody under account"),
        ("bad name", vec![blob(1)], "ValidationException", "regular expression pattern"),
        ("PUT-S3-qrZbv", vec![blob(1); 501], "ValidationException", "less than or equal to 500"),
        ("PUT-S3-qrZbv", vec![], "ValidationException", "greater than or equal to 1"),
        ("PUT-S3-qrZbv", vec![blob(1), blob(1_024_001)], "ValidationException", large),
        ("PUT-S3-qrZbv", vec![blob(1_000_000); 5], "InvalidArgumentException", "4 MB limit"),
    ];
    for (stream, records, code, message) in table {
        let put = sdk.firehose.put_record_batch().delivery_stream_name(stream);
        let answer = put.set_records(Some(records)).send().await;
        sdk.refused(answer, code, message);
    }
    let put = sdk.firehose.put_record().delivery_stream_name("PUT-S3-qrZbv");
    let answer = put.record(blob(1_024_001)).send().await;
    sdk.refused(answer, "ValidationException", "pos=0 lim=1024001 cap=1024001");
}

async fn refused_destinations(sdk: &mut Sdk) {
    let elsewhere = |database: &str, table: &str| {
        let schema = SchemaConfiguration::builder().role_arn(ROLE);
        let schema = schema.database_name(database).table_name(table).build();
        let conversion = conversion().schema_configuration(schema).build();
        destination().data_format_conversion_configuration(conversion)
    };
    let no_input = conversion().set_input_format_configuration(None).build();
    let table = [
        (destination().buffering_hints(hints(63)), "must be at least 64 when data format conv"),
        (destination().compression_format(CompressionFormat::Gzip), "must be set to UNCOMPRESSED"),
        (elsewhere("nowhere", tutorial::TABLE), "EntityNotFoundException"),
        (elsewhere(tutorial::DATABASE, "nothing"), "EntityNotFoundException"),
        (
            destination().data_format_conversion_configuration(no_input),
            "InputFormatConfiguration must not be null",
        ),
        (destination().prefix("!{timestamp:yyyy}/"), "ErrorOutputPrefix cannot be null or empty"),
    ];
    for (destination, message) in table {
        let create = sdk.firehose.create_delivery_stream().delivery_stream_name("other");
        let destination = destination.build().expect("whole");
        let answer = create.extended_s3_destination_configuration(destination).send().await;
        sdk.refused(answer, "InvalidArgumentException", message);
    }
    let create = sdk.firehose.create_delivery_stream().delivery_stream_name("PUT-S3-qrZbv");
    let destination = destination().build().expect("whole");
    let answer = create.extended_s3_destination_configuration(destination).send().await;
    sdk.refused(answer, "ResourceInUseException", "already exists");
}

async fn refused_updates(sdk: &mut Sdk) {
    let update = |stream: &str, version: &str, size| {
        let destination = ExtendedS3DestinationUpdate::builder().buffering_hints(hints(size));
        sdk.firehose
            .update_destination()
            .delivery_stream_name(stream)
            .current_delivery_stream_version_id(version)
            .destination_id("destinationId-000000000001")
            .extended_s3_destination_update(destination.build())
            .send()
    };
    let stale = update("PUT-S3-qrZbv", "9", 64).await;
    let small = update("PUT-S3-qrZbv", "1", 63).await;
    let nobody = update("nobody", "1", 64).await;
    let good = update("PUT-S3-qrZbv", "1", 65).await;
    sdk.refused(stale, "ConcurrentModificationException", "");
    sdk.refused(small, "InvalidArgumentException", "must be at least 64");
    sdk.refused(nobody, "ResourceNotFoundException", "nobody");
    sdk.that("an update in order is taken", good.is_ok());
}

async fn refused_elsewhere(sdk: &mut Sdk) {
    let answer = sdk.glue.get_table().database_name("captains").name("nothing").send().await;
    sdk.refused(answer, "EntityNotFoundException", "");
    let table = table(vec![column("user", "string")]);
    let update = sdk.glue.update_table().database_name("captains").table_input(table);
    let answer = update.version_id("7").send().await;
    sdk.refused(answer, "ConcurrentModificationException", "");
    let answer = sdk.s3.get_object().bucket(tutorial::BUCKET).key("nothing").send().await;
    sdk.refused(answer, "NoSuchKey", "The specified key does not exist.");
    let answer = sdk.s3.list_objects_v2().bucket("no-such-bucket").send().await;
    sdk.refused(answer, "NoSuchBucket", "The specified bucket does not exist");
    let answer = sdk.s3.get_bucket_policy().bucket(tutorial::BUCKET).send().await;
    sdk.refused(answer, "NotImplemented", "GetBucketPolicy");
}
