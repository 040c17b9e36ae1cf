"""A data stream from its creation to its deletion: through boto3, or through the AWS CLI.

    kinesis.py boto3|cli
"""

import base64
import json
import os
import subprocess
import sys
import time

import boto3
from botocore.exceptions import ClientError

from checks import Checks

NAME = "kinesis-walk"
AWS = os.path.join(os.path.dirname(sys.executable), "aws")
HALF = str(2**127)


class Refused(Exception):
    """A call that was refused: the exception's name."""


class Boto3:
    """Operations by boto3."""

    def __init__(self):
        self.client = boto3.client("kinesis")

    def call(self, operation, **given):
        """The answer to a call, or `Refused`."""
        try:
            answer = getattr(self.client, operation.replace("-", "_"))(**given)
        except ClientError as why:
            raise Refused(why.response["Error"]["Code"]) from why
        answer.pop("ResponseMetadata")
        return answer

    @staticmethod
    def data(blob):
        """A blob as it is handed over."""
        return blob

    @staticmethod
    def blob(data):
        """A blob as it was before."""
        return data


class Cli:
    """Operations by the AWS CLI, a process each."""

    @staticmethod
    def call(operation, **given):
        """The answer to a call, or `Refused`."""
        command = [AWS, "kinesis", operation, "--cli-input-json", json.dumps(given)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if ended.returncode:
            raise Refused(ended.stderr.partition("(")[2].partition(")")[0] or ended.stderr)
        return json.loads(ended.stdout) if ended.stdout.strip() else {}

    @staticmethod
    def data(blob):
        """Version 1 of the CLI encodes what it is given."""
        return blob.decode()

    @staticmethod
    def blob(data):
        """It leaves base64 as it came."""
        return base64.b64decode(data)


def refusal(client, operation, **given):
    """The name of the exception that a call is refused with."""
    try:
        client.call(operation, **given)
    except Refused as why:
        return str(why)
    return None


def shards(client):
    """All shards."""
    return client.call("list-shards", StreamName=NAME)["Shards"]


def read_to_the_end(client, checks):
    """Every record once: parents to their end, then their children."""
    found, done, waiting = [], set(), {shard["ShardId"]: shard for shard in shards(client)}
    while waiting:
        ready = [
            name for name, shard in waiting.items()
            if not {shard.get("ParentShardId"), shard.get("AdjacentParentShardId")} & set(waiting)
        ]
        for name in ready:
            shard = waiting.pop(name)
            start = client.call(
                "get-shard-iterator", StreamName=NAME, ShardId=name, ShardIteratorType="TRIM_HORIZON"
            )
            iterator, closed = start["ShardIterator"], "EndingSequenceNumber" in shard["SequenceNumberRange"]
            while iterator:
                page = client.call("get-records", ShardIterator=iterator, Limit=40)
                found += [(r["PartitionKey"], client.blob(r["Data"]), int(r["SequenceNumber"])) for r in page["Records"]]
                iterator = page.get("NextShardIterator")
                if not closed and not page["Records"]:
                    break
            checks.that(f"{name} ends only if it is closed", closed == (iterator is None), closed)
            done.add(name)
    return found


def walk(checks, client):
    """One stream, from its creation to its deletion."""
    client.call("create-stream", StreamName=NAME, ShardCount=1, Tags={"for": "a test"})
    described = client.call("describe-stream", StreamName=NAME)["StreamDescription"]
    checks.equal("it is active", described["StreamStatus"], "ACTIVE")
    checks.that("it is listed", NAME in client.call("list-streams")["StreamNames"])
    checks.equal("twice is refused", refusal(client, "create-stream", StreamName=NAME, ShardCount=1), "ResourceInUseException")
    sent = []

    def put(count):
        records = [(f"key {n % 7}", f"record {len(sent) + n}".encode()) for n in range(count)]
        answer = client.call(
            "put-records", StreamName=NAME,
            Records=[{"PartitionKey": key, "Data": client.data(data)} for key, data in records],
        )
        checks.equal("all are taken", answer["FailedRecordCount"], 0)
        sent.extend(records)

    put(60)
    first = shards(client)[0]["ShardId"]
    client.call("split-shard", StreamName=NAME, ShardToSplit=first, NewStartingHashKey=HALF)
    put(60)
    client.call("update-shard-count", StreamName=NAME, TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    put(60)
    opened = [s for s in shards(client) if "EndingSequenceNumber" not in s["SequenceNumberRange"]]
    opened.sort(key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))
    checks.equal("four shards are open", len(opened), 4)
    client.call(
        "merge-shards", StreamName=NAME, ShardToMerge=opened[0]["ShardId"], AdjacentShardToMerge=opened[1]["ShardId"]
    )
    one = client.call("put-record", StreamName=NAME, PartitionKey="key 0", Data=client.data(b"the last"))
    sent.append(("key 0", b"the last"))
    checks.that("its number is AWS's form", one["SequenceNumber"].startswith("49") and len(one["SequenceNumber"]) == 56)

    found = read_to_the_end(client, checks)
    for key in {key for key, _ in sent}:
        wanted = [data for of, data in sent if of == key]
        checks.equal(f"{key}: each record once and in order", [data for of, data, _ in found if of == key], wanted)
    checks.equal("no number is given twice", len({number for *_, number in found}), len(sent))
    summary = client.call("describe-stream-summary", StreamName=NAME)["StreamDescriptionSummary"]
    checks.equal("three shards are open", summary["OpenShardCount"], 3)
    tags = client.call("list-tags-for-stream", StreamName=NAME)["Tags"]
    checks.equal("its tags", tags, [{"Key": "for", "Value": "a test"}])
    client.call("increase-stream-retention-period", StreamName=NAME, RetentionPeriodHours=48)
    client.call("delete-stream", StreamName=NAME)
    checks.equal("it is gone", refusal(client, "describe-stream", StreamName=NAME), "ResourceNotFoundException")


def limits(checks, client):
    """A shard over its limit refuses single records, and takes them again a moment later."""
    client.call("create-stream", StreamName="limits", ShardCount=1)
    records = [{"PartitionKey": "k", "Data": client.data(b"x")} for _ in range(500)]
    answers = [client.call("put-records", StreamName="limits", Records=records) for _ in range(4)]
    refused = [entry for answer in answers for entry in answer["Records"] if "ErrorCode" in entry]
    checks.that("some records are refused", 0 < len(refused) < 2000, len(refused))
    codes = {entry["ErrorCode"] for entry in refused}
    checks.equal("with the code of AWS", codes, {"ProvisionedThroughputExceededException"})
    time.sleep(1.1)
    again = client.call("put-records", StreamName="limits", Records=records)
    checks.equal("a second later they are taken", again["FailedRecordCount"], 0)
    client.call("delete-stream", StreamName="limits")


def main():
    """The client that is named, through everything."""
    checks = Checks()
    client = {"boto3": Boto3, "cli": Cli}[sys.argv[1]]()
    checks.run(lambda checks: walk(checks, client))
    if sys.argv[1] == "boto3":
        checks.run(lambda checks: limits(checks, client))
    checks.finish()


if __name__ == "__main__":
    main()
