"""CBOR as a client of another make writes and reads it, and aggregated records taken apart by AWS's
own package. The record to take apart lies in the stream `aggregated`.

    kinesis_foreign.py
"""

import base64
import datetime
import os
import urllib.error
import urllib.request

import boto3
import cbor2
from aws_kinesis_agg.deaggregator import deaggregate_records

from checks import Checks

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]


def call(operation, given):
    """Status and answer of one call in CBOR."""
    request = urllib.request.Request(
        ENDPOINT + "/",
        cbor2.dumps(given),
        {"Content-Type": "application/x-amz-cbor-1.1", "X-Amz-Target": f"Kinesis_20131202.{operation}"},
    )
    try:
        answer = urllib.request.urlopen(request, timeout=30)
    except urllib.error.HTTPError as refused:
        answer = refused
    with answer:
        return answer.status, Raw(answer.read()).value(), answer.headers["Content-Type"]


class Raw:
    """CBOR by hand: cbor2 turns a tag 1 into a date before anybody can look at it."""

    def __init__(self, body):
        self.body, self.at = body, 0

    def take(self, count):
        """The next bytes."""
        self.at += count
        return self.body[self.at - count : self.at]

    def value(self):
        """The next value."""
        byte = self.take(1)[0]
        major, minor = byte >> 5, byte & 31
        if major == 7:
            return {20: False, 21: True, 22: None}.get(minor)
        count = minor if minor < 24 else int.from_bytes(self.take(1 << (minor - 24)), "big")
        if major == 0:
            return count
        if major == 1:
            return -1 - count
        if major == 2:
            return self.take(count)
        if major == 3:
            return self.take(count).decode()
        if major == 4:
            return [self.value() for _ in range(count)]
        if major == 5:
            return {self.value(): self.value() for _ in range(count)}
        return ("tag", count, self.value())


def cbor(checks):
    """A stream from its creation to its deletion, in CBOR."""
    status, answer, kind = call("CreateStream", {"StreamName": "cbor", "ShardCount": 1})
    checks.equal("a stream", (status, answer, kind), (200, {}, "application/x-amz-cbor-1.1"))
    data = bytes(range(256))
    records = [{"PartitionKey": f"k{n}", "Data": data + bytes([n])} for n in range(10)]
    status, answer, _ = call("PutRecords", {"StreamName": "cbor", "Records": records})
    checks.equal("ten records are taken", (status, answer["FailedRecordCount"]), (200, 0))
    call("SplitShard", {"StreamName": "cbor", "ShardToSplit": "shardId-000000000000", "NewStartingHashKey": str(2**127)})
    _, answer, _ = call(
        "GetShardIterator",
        {"StreamName": "cbor", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"},
    )
    status, answer, _ = call("GetRecords", {"ShardIterator": answer["ShardIterator"]})
    found = [(record["PartitionKey"], record["Data"]) for record in answer["Records"]]
    checks.equal("they come back byte for byte", found, [(r["PartitionKey"], r["Data"]) for r in records])
    checks.equal("the closed shard has two children", len(answer["ChildShards"]), 2)
    tag, number, milliseconds = answer["Records"][0]["ApproximateArrivalTimestamp"]
    now = datetime.datetime.now(datetime.timezone.utc).timestamp() * 1000
    checks.that("times are tag 1 with milliseconds", (tag, number) == ("tag", 1) and abs(milliseconds - now) < 60_000)
    at = cbor2.CBORTag(1, milliseconds)
    status, answer, _ = call(
        "GetShardIterator",
        {"StreamName": "cbor", "ShardId": "shardId-000000000000", "ShardIteratorType": "AT_TIMESTAMP", "Timestamp": at},
    )
    checks.equal("times are taken in the same form", status, 200)
    status, answer, _ = call("DescribeStream", {"StreamName": "nobody"})
    checks.equal("a refusal is a map", (status, answer["__type"]), (400, "ResourceNotFoundException"))
    checks.equal("and its text", answer["message"], "Stream nobody under account 000000000000 not found.")
    checks.equal("it is deleted", call("DeleteStream", {"StreamName": "cbor"})[0], 200)


def aggregated(checks):
    """AWS's package takes apart what captains-producer put together."""
    client = boto3.client("kinesis")
    start = client.get_shard_iterator(
        StreamName="aggregated", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )
    records = client.get_records(ShardIterator=start["ShardIterator"])["Records"]
    # What a Lambda function is given.
    events = [
        {"kinesis": {
            "partitionKey": record["PartitionKey"],
            "sequenceNumber": record["SequenceNumber"],
            "data": base64.b64encode(record["Data"]).decode(),
            "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"].timestamp(),
            "kinesisSchemaVersion": "1.0",
        }, "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": "e", "eventName": "aws:kinesis:record",
         "invokeIdentityArn": "i", "awsRegion": "us-east-1", "eventSourceARN": "a"}
        for record in records
    ]
    apart = deaggregate_records(events)
    print(f"{len(records)} records of the stream hold {len(apart)}")
    checks.that("several travelled as one", len(records) < len(apart) / 10)
    checks.equal("all are there", len(apart), int(os.environ["RECORDS"]))


def main():
    """Both parts."""
    checks = Checks()
    checks.run(cbor)
    checks.run(aggregated)
    checks.finish()


if __name__ == "__main__":
    main()
