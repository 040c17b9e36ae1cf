"""Delivery streams with a Lambda processor, a server or a command behind it (see `wire/processors.rs`)."""

import base64
import gzip
import json
import os
import time
import urllib.request

import boto3
from botocore.exceptions import ClientError

from checks import Checks
from names import flush

BUCKET = "processed"
ROLE = "arn:aws:iam::000000000000:role/firehose"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:"

firehose, s3 = boto3.client("firehose"), boto3.client("s3")


def lambda_processor(name, **parameters):
    """A processor with these parameters."""
    parameters = {"LambdaArn": ARN + name, **parameters}
    return {
        "Type": "Lambda",
        "Parameters": [{"ParameterName": key, "ParameterValue": value} for key, value in parameters.items()],
    }


def create(stream, processor, source=None, **destination):
    """A stream with this processor, and this data stream as its source."""
    reading = {"DeliveryStreamType": "KinesisStreamAsSource", "KinesisStreamSourceConfiguration": {"KinesisStreamARN": source, "RoleARN": ROLE}}
    return firehose.create_delivery_stream(
        DeliveryStreamName=stream,
        **(reading if source else {}),
        ExtendedS3DestinationConfiguration={
            "RoleARN": ROLE,
            "BucketARN": f"arn:aws:s3:::{BUCKET}",
            "Prefix": f"{stream}/ok/",
            "ErrorOutputPrefix": f"{stream}/!{{firehose:error-output-type}}/",
            "ProcessingConfiguration": {"Enabled": True, "Processors": [processor]},
            **destination,
        },
    )


def put(stream, records):
    """Puts JSON records, all of which are taken."""
    entries = [{"Data": json.dumps(record).encode()} for record in records]
    assert firehose.put_record_batch(DeliveryStreamName=stream, Records=entries)["FailedPutCount"] == 0


def bodies(prefix):
    """The bodies under a prefix, by key."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    return {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


def lines(bodies):
    """The JSON lines of some bodies."""
    return [json.loads(line) for body in bodies.values() for line in body.splitlines()]


def metric(stream, name):
    """A metric of a stream, for Prometheus."""
    with urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + "/_firehose-local/metrics") as answer:
        text = answer.read().decode()
    found = [line for line in text.splitlines() if line.startswith(f'{name}{{DeliveryStreamName="{stream}"')]
    return float(found[0].rsplit(" ", 1)[1])


def defaults_are_told(checks):
    """A processor is described with what AWS fills in."""
    create("described", lambda_processor("web"))
    told = firehose.describe_delivery_stream(DeliveryStreamName="described")["DeliveryStreamDescription"]
    destination = told["Destinations"][0]["ExtendedS3DestinationDescription"]
    parameters = destination["ProcessingConfiguration"]["Processors"][0]["Parameters"]
    wanted = [
        ("LambdaArn", ARN + "web"),
        ("NumberOfRetries", "3"),
        ("RoleArn", ROLE),
        ("BufferSizeInMBs", "1"),
        ("BufferIntervalInSeconds", "60"),
    ]
    got = [(one["ParameterName"], one["ParameterValue"]) for one in parameters]
    checks.equal("a processor is told with AWS's defaults", got, wanted)


def a_server_gives_partition_keys(checks):
    """Records are transformed, dropped, failed, and filed by what the function says."""
    create(
        "web",
        lambda_processor("web:$LATEST", BufferIntervalInSeconds="0", BufferSizeInMBs="0.2"),
        Prefix="web/ok/c=!{partitionKeyFromLambda:c}/",
        BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 300},
        DynamicPartitioningConfiguration={"Enabled": True},
    )
    began = time.time() * 1000
    records = [{"c": "a", "n": 1}, {"c": "b", "n": 2}, {"c": "a", "do": "Dropped"}, {"c": "a", "n": 3}]
    put("web", [*records, {"c": "b", "do": "ProcessingFailed"}])
    flush()
    found = bodies("web/ok/")
    a, b = (lines({key: body for key, body in found.items() if f"/c={c}/" in key}) for c in "ab")
    checks.equal("filed under a, in order", [one["n"] for one in a], [1, 3])
    checks.equal("filed under b", [one["n"] for one in b], [2])
    arrivals = [one["seen"] for one in a + b]
    checks.that("with the time of arrival", all(began - 1000 < one < time.time() * 1000 for one in arrivals), arrivals)
    failed = bodies("web/processing-failed/")
    [line] = lines(failed)
    checks.equal("the failed one", json.loads(base64.b64decode(line["rawData"])), {"c": "b", "do": "ProcessingFailed"})
    members = ["rawData", "errorCode", "errorMessage", "attemptsMade", "arrivalTimestamp", "attemptEndingTimestamp", "lambdaARN"]
    checks.equal("its members, in AWS's order", list(line), members)
    checks.equal("its code", line["errorCode"], "Lambda.ProcessingFailedStatus")
    checks.equal("its function", line["lambdaARN"], ARN + "web:$LATEST")
    checks.equal("records that succeeded", metric("web", "aws_firehose_succeed_processing_records_total"), 3)
    checks.equal("records that were dropped", metric("web", "aws_firehose_dropped_records_total"), 1)
    checks.equal("all calls succeeded", metric("web", "aws_firehose_execute_processing_success"), 1)
    checks.that("calls took time", metric("web", "aws_firehose_execute_processing_duration") > 0)


def a_function_that_raises(checks):
    """A call that fails is made again, then its records go to the error prefix."""
    create("raises", lambda_processor("web", NumberOfRetries="1"))
    put("raises", [{"c": "a"}, {"c": "a", "do": "raise"}])
    flush()
    checks.equal("nothing came through", bodies("raises/ok/"), {})
    told = lines(bodies("raises/processing-failed/"))
    codes = {(line["errorCode"], line["attemptsMade"]) for line in told}
    checks.equal("both failed after two calls", (len(told), codes), (2, {("Lambda.FunctionError", 2)}))
    checks.equal("the share of calls", metric("raises", "aws_firehose_execute_processing_success"), 0)


def a_command(checks):
    """A command stands for a function as well; what it made is compressed."""
    create("piped", lambda_processor("piped"), CompressionFormat="GZIP")
    put("piped", [{"c": "a", "n": n} for n in range(100)])
    put("piped", [{"c": "a", "do": "Dropped"}])
    flush()
    [(key, body)] = bodies("piped/ok/").items()
    checks.that("the object is compressed", key.endswith(".gz"), key)
    found = lines({key: gzip.decompress(body)})
    checks.equal("in order", [one["n"] for one in found], list(range(100)))
    put("piped", [{"c": "a", "do": "raise"}])
    update = {"ProcessingConfiguration": {"Enabled": False}}
    firehose.update_destination(
        DeliveryStreamName="piped",
        CurrentDeliveryStreamVersionId="1",
        DestinationId="destinationId-000000000001",
        ExtendedS3DestinationUpdate=update,
    )
    put("piped", [{"c": "late"}])
    flush()
    [line] = lines(bodies("piped/processing-failed/"))
    checks.equal("a command that ends badly", line["errorCode"], "Lambda.FunctionError")
    [late] = (body for key, body in bodies("piped/ok/").items() if "piped-2-" in key)
    checks.equal("an update takes the function away", gzip.decompress(late), b'{"c": "late"}')


def a_kinesis_source(checks):
    """A function is told where records came from."""
    kinesis = boto3.client("kinesis")
    kinesis.create_stream(StreamName="app", ShardCount=2)
    kinesis.get_waiter("stream_exists").wait(StreamName="app")
    source = kinesis.describe_stream_summary(StreamName="app")["StreamDescriptionSummary"]["StreamARN"]
    create("sourced", lambda_processor("piped"), source=source)
    keys = ["one", "two \"quoted\"", "three", "four"]
    put = {key: kinesis.put_record(StreamName="app", Data=json.dumps({"c": key}), PartitionKey=key) for key in keys}
    flush()
    found = {line["c"]: line["from"] for line in lines(bodies("sourced/ok/"))}
    checks.equal("all came through", sorted(found), sorted(keys))
    for key, (stream, place) in found.items():
        arrived = place.pop("approximateArrivalTimestamp")
        checks.that("when it came to the data stream", abs(arrived / 1000 - time.time()) < 60, arrived)
        wanted = {"sequenceNumber": put[key]["SequenceNumber"], "subsequenceNumber": 0, "partitionKey": key, "shardId": put[key]["ShardId"]}
        checks.equal("its stream and its place there", (stream, place), (source, wanted))


def what_nothing_stands_for(checks):
    """A function without a hook is refused by name."""
    try:
        create("nobody", lambda_processor("nobody"))
        checks.that("a function without a hook", False, "was taken")
    except ClientError as error:
        told = error.response["Error"]
        checks.equal("refused", told["Code"], "InvalidArgumentException")
        words = "function nobody nothing stands (--lambda nobody=URL"
        checks.that("by name", words in told["Message"], told)


def main():
    """Each part has a stream of its own."""
    checks = Checks()
    s3.create_bucket(Bucket=BUCKET)
    for part in (
        defaults_are_told,
        a_server_gives_partition_keys,
        a_function_that_raises,
        a_command,
        a_kinesis_source,
        what_nothing_stands_for,
    ):
        checks.run(part)
    checks.finish()


if __name__ == "__main__":
    main()
