"""Makes what the sinks are tried on: a bucket, a delivery stream, a data stream."""

import sys

import boto3

keys = dict(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")


def client(name):
    return boto3.client(name, endpoint_url=sys.argv[1], **keys)


client("s3").create_bucket(Bucket="captains-rating")
client("firehose").create_delivery_stream(
    DeliveryStreamName="ratings",
    ExtendedS3DestinationConfiguration={
        "RoleARN": "arn:aws:iam::123456789012:role/firehose",
        "BucketARN": "arn:aws:s3:::captains-rating",
        # moto describes only what it was told, and an SDK in Rust wants to read all of these.
        "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
        "CompressionFormat": "UNCOMPRESSED",
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
    },
)
client("kinesis").create_stream(StreamName="ratings", ShardCount=2)
