"""The tutorial's names, its stream and table, and the control routes."""

import os
import random
import urllib.request

BUCKET = "captains-rating"
PREFIX = "ratings"
STREAM = "PUT-S3-qrZbv"
DATABASE = "captains"
TABLE = "ratings"
ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/firehose"
COLUMNS = [
    {"Name": "user", "Type": "string"},
    {"Name": "favoritecaptain", "Type": "string"},
    {"Name": "rating", "Type": "int"},
    {"Name": "timestamp", "Type": "double"},
]
TABLE_INPUT = {
    "Name": TABLE,
    "TableType": "EXTERNAL_TABLE",
    "StorageDescriptor": {
        "Columns": COLUMNS,
        "Location": f"s3://{BUCKET}/{PREFIX}",
        "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "SerdeInfo": {
            "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
        },
    },
}
DESTINATION = {
    "RoleARN": ROLE,
    "BucketARN": f"arn:aws:s3:::{BUCKET}",
    "Prefix": PREFIX,
    "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 300},
    "DataFormatConversionConfiguration": {
        "Enabled": True,
        "SchemaConfiguration": {
            "RoleARN": ROLE,
            "DatabaseName": DATABASE,
            "TableName": TABLE,
            "Region": "us-east-1",
        },
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {"Compression": "SNAPPY"}}},
    },
}


def rating(number):
    """A record like the tutorial's, another one for each number, with an awkward fraction."""
    chosen = random.Random(number)
    user = chosen.choice(["Zoë", "Ana", "李", 'O"Neil'])
    return {
        "user": f"{user} {number}",
        "favoritecaptain": chosen.choice(["Han Solo", "Kathryn Janeway", "The Doctor"]),
        "rating": chosen.randint(1, 9000),
        "timestamp": 1641621600 + chosen.random() * 3600,
    }


def flush():
    """Has everything delivered that is buffered, by the control route."""
    url = f"{os.environ['AWS_ENDPOINT_URL']}/_firehose-local/flush"
    request = urllib.request.Request(url, method="POST", data=b"")
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200, answer.status
        return answer.read().decode()
