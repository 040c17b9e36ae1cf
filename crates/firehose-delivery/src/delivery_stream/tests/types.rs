//! Every column type on its way to a file and back.

use super::*;
use crate::{TimestampType, WriterVersion};

/// Section 5.5: every type, every codec, both versions, both timestamps, nulls: read back by arrow-rs as written.
#[tokio::test(start_paused = true)]
async fn section_5_5_every_type_survives_every_option() {
    let columns = [
        ("s", "string"),
        ("v", "varchar(3)"),
        ("c", "char(2)"),
        ("b", "boolean"),
        ("t", "tinyint"),
        ("h", "smallint"),
        ("i", "int"),
        ("l", "bigint"),
        ("f", "float"),
        ("d", "double"),
        ("m", "decimal(9,2)"),
        ("n", "decimal(38,10)"),
        ("y", "date"),
        ("z", "timestamp"),
        ("x", "binary"),
        ("al", "array<int>"),
        ("ml", "map<string,struct<t:timestamp,d:decimal(3,1)>>"),
        ("st", "struct<a:array<array<string>>,b:map<int,date>>"),
    ];
    let table = GlueTable::new("db", "t", columns).unwrap();
    let full = br#"{"s":"\u00e4","v":"abc","c":"d","b":true,"t":-8,"h":-16,"i":-32,"l":-64,
        "f":0.5,"d":-0.25,"m":-12.34,"n":"0.0000000001","y":"1969-12-31",
        "z":"1969-12-31T23:59:59.999999Z","x":"AAE=","al":[1,null],
        "ml":{"k":{"t":-0.000001,"d":-1.5},"n":null},"st":{"a":[["p"],[],null],"b":{"7":"1970-01-02"}}}"#;
    let batch = [Record::from(Bytes::from_static(full)), Record::from(Bytes::from_static(b"{}"))];
    let variants = [
        (ParquetCompression::Snappy, WriterVersion::V1, TimestampType::Int64Micros),
        (ParquetCompression::Gzip, WriterVersion::V2, TimestampType::Int64Micros),
        (ParquetCompression::Uncompressed, WriterVersion::V1, TimestampType::Int96),
        (ParquetCompression::Snappy, WriterVersion::V2, TimestampType::Int96),
    ];
    for (compression, writer_version, timestamps) in variants {
        let options =
            ParquetOptions { compression, writer_version, timestamps, ..ParquetOptions::default() };
        let config = DeliveryStreamConfig::new("s").converting_with(table.clone(), options);
        let store = Arc::new(InMemory::new());
        let stream = DeliveryStream::open(config, bucket(&store), six_o_clock()).await.unwrap();
        stream.put_batch(&batch).await.unwrap();
        let stats = stream.close().await;
        assert_eq!(stats.delivered_rows, 2, "{:?}", error_lines(&objects(&*store).await));
        let objects = objects(&*store).await;
        let bytes = objects.values().next().unwrap().clone();
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
        assert_eq!(reader.parquet_schema().name(), "hive_schema");
        let schema = Arc::clone(reader.schema());
        if timestamps == TimestampType::Int64Micros {
            assert_eq!(*schema, *table.arrow_schema());
        }
        let rows = reader.build().unwrap().next().unwrap().unwrap();
        let value = |column: usize| {
            arrow::util::display::array_value_to_string(rows.column(column), 0).unwrap()
        };
        let expected = [
            "ä",
            "abc",
            "d",
            "true",
            "-8",
            "-16",
            "-32",
            "-64",
            "0.5",
            "-0.25",
            "-12.34",
            "0.0000000001",
            "1969-12-31",
            "1969-12-31T23:59:59.999999",
            "0001",
            "[1, ]",
            "{k: {t: 1969-12-31T23:59:59.999999, d: -1.5}, n: }",
            "{a: [[p], [], ], b: {7: 1970-01-02}}",
        ];
        assert_eq!((0..18).map(value).collect::<Vec<_>>(), expected, "{compression:?}");
        assert!(rows.columns().iter().all(|column| column.is_null(1)));
    }
}
