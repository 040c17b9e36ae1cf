"""Walks every operation and member of botocore's models of Firehose, Glue and Kinesis that is served here.

    walk.py --endpoint URL

At each constraint: a value at it is not refused by the model's check, one beyond it is refused in
AWS's words; the wrong JSON type, a member that the model has not and a required one that is missing
are refused; answers have what the model requires and nothing that it has not. And what
docs/src/endpoint-operations.md says of a member is what happens: "refused" is refused by name, any
other state is not.
"""

import argparse
import http.client
import json
import pathlib
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))

from checks import Checks  # noqa: E402
from extract import SERVICES  # noqa: E402
from model import Model  # noqa: E402
from operations import SHARED, Page  # noqa: E402
from values import constraints, wrong_type  # noqa: E402

TARGETS = {"firehose": "Firehose_20150804.", "glue": "AWSGlue.", "kinesis": "Kinesis_20131202."}
BY_NAME = "is not supported by firehose-local"
ROLE = "arn:aws:iam::000000000000:role/firehose"
BARE = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::walked"}
CONVERSION = {
    "SchemaConfiguration": {"RoleARN": ROLE, "DatabaseName": "there", "TableName": "there"},
    "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
    "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
}
# The member for a backup, by whether it is an update.
BACKUPS = {False: "S3BackupConfiguration", True: "S3BackupUpdate"}
HINTS = {"SizeInMBs": 64, "IntervalInSeconds": 60}
TABLE = {"Name": "there", "StorageDescriptor": {"Columns": [{"Name": "user", "Type": "string"}]}}

# Inputs that succeed.
BASES = {
    "CreateDeliveryStream": {"DeliveryStreamName": "walked", "ExtendedS3DestinationConfiguration": BARE},
    "UpdateDestination": {
        "DeliveryStreamName": "there",
        "DestinationId": "destinationId-000000000001",
        "ExtendedS3DestinationUpdate": {"Prefix": "walked"},
    },
    "PutRecord": {"DeliveryStreamName": "there", "Record": {"Data": "e30="}},
    "PutRecordBatch": {"DeliveryStreamName": "there", "Records": [{"Data": "e30="}]},
    "DeleteDeliveryStream": {"DeliveryStreamName": "walked"},
    "CreateDatabase": {"DatabaseInput": {"Name": "walked"}},
    "DeleteDatabase": {"Name": "walked"},
    "GetDatabase": {"Name": "there"},
    "CreateTable": {"DatabaseName": "there", "TableInput": {**TABLE, "Name": "walked"}},
    "UpdateTable": {"DatabaseName": "there", "TableInput": TABLE},
    "DeleteTable": {"DatabaseName": "there", "Name": "walked"},
    "GetTable": {"DatabaseName": "there", "Name": "there"},
    "GetTables": {"DatabaseName": "there"},
    "GetTableVersion": {"DatabaseName": "there", "TableName": "there"},
    "GetTableVersions": {"DatabaseName": "there", "TableName": "there"},
    "GetDatabases": {},
    "ListDeliveryStreams": {},
    "TagDeliveryStream": {"DeliveryStreamName": "there", "Tags": [{"Key": "a"}]},
    "UntagDeliveryStream": {"DeliveryStreamName": "there", "TagKeys": ["b"]},
}
STREAM_ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/there"
FIRST_SHARD = "shardId-000000000000"
# Those of Kinesis, of which one has the name of another service's.
KINESIS_BASES = {
    "AddTagsToStream": {"StreamName": "there", "Tags": {"a": "1"}},
    "CreateStream": {"StreamName": "walked", "ShardCount": 1},
    "DecreaseStreamRetentionPeriod": {"StreamName": "there", "RetentionPeriodHours": 24},
    "DeleteStream": {"StreamName": "walked"},
    "DescribeLimits": {},
    "GetRecords": {},
    "GetShardIterator": {"StreamName": "there", "ShardId": FIRST_SHARD, "ShardIteratorType": "LATEST"},
    "IncreaseStreamRetentionPeriod": {"StreamName": "there", "RetentionPeriodHours": 24},
    "ListStreams": {},
    "ListTagsForResource": {"ResourceARN": STREAM_ARN},
    "MergeShards": {"StreamName": "there", "ShardToMerge": FIRST_SHARD, "AdjacentShardToMerge": "shardId-000000000001"},
    "PutRecord": {"StreamName": "there", "PartitionKey": "k", "Data": "e30="},
    "PutRecords": {"StreamName": "there", "Records": [{"PartitionKey": "k", "Data": "e30="}]},
    "RemoveTagsFromStream": {"StreamName": "there", "TagKeys": ["a"]},
    "SplitShard": {"StreamName": "there", "ShardToSplit": FIRST_SHARD, "NewStartingHashKey": "7"},
    "TagResource": {"ResourceARN": STREAM_ARN, "Tags": {"a": "1"}},
    "UntagResource": {"ResourceARN": STREAM_ARN, "TagKeys": ["a"]},
    "UpdateShardCount": {"StreamName": "there", "TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"},
    "UpdateStreamMode": {"StreamARN": STREAM_ARN, "StreamModeDetails": {"StreamMode": "PROVISIONED"}},
}
# What makes an operation on `walked` possible, and what takes its traces away.
BEFORE = {
    "DeleteStream": ("kinesis", "CreateStream"),
    "DeleteDeliveryStream": ("firehose", "CreateDeliveryStream"),
    "DeleteDatabase": ("glue", "CreateDatabase"),
    "DeleteTable": ("glue", "CreateTable"),
}
THERE = {"StreamName": "there", "ShardCount": 2, "MaxRecordSizeInKiB": 10240}
KINDS = ("DestinationConfiguration", "DestinationUpdate")


class Walk:
    """One service."""

    def __init__(self, service, connection, checks, page):
        self.service, self.connection, self.checks, self.page = service, connection, checks, page
        self.model = Model(service)
        self.accepted = self.by_name = 0

    def send(self, operation, given, service=None):
        """(status, answer) of one call."""
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": TARGETS[service or self.service] + operation,
        }
        self.connection.request("POST", "/", json.dumps(given), headers)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def base(self, operation, steps=()):
        """An input that succeeds, fit for a member at these steps."""
        if self.service == "kinesis":
            return self.kinesis_base(operation, steps)
        base = dict(BASES.get(operation, {"DeliveryStreamName": "there"}))
        if operation == "UpdateDestination":
            told = self.send("DescribeDeliveryStream", {"DeliveryStreamName": "there"})[1]
            base["CurrentDeliveryStreamVersionId"] = told["DeliveryStreamDescription"]["VersionId"]
        if not steps:
            return base
        if steps[0] == "KinesisStreamSourceConfiguration":
            source = {"KinesisStreamARN": STREAM_ARN, "RoleARN": ROLE}
            base |= {"DeliveryStreamType": "KinesisStreamAsSource", steps[0]: source}
        if steps[-1] == "KeyARN":
            base["DeliveryStreamEncryptionConfigurationInput"] = {"KeyType": "CUSTOMER_MANAGED_CMK"}
        if steps[0].endswith(KINDS):
            base = {name: value for name, value in base.items() if not name.endswith(KINDS)}
            if steps[0] in SHARED:
                base[steps[0]] = destination(steps)
        return base

    def kinesis_base(self, operation, steps):
        """The same for Kinesis."""
        base = dict(KINESIS_BASES.get(operation, {"StreamName": "there"}))
        if operation == "GetRecords":
            told = self.send("GetShardIterator", KINESIS_BASES["GetShardIterator"])[1]
            base["ShardIterator"] = told["ShardIterator"]
        if steps[:1] == ("StreamARN",):
            base.pop("StreamName", None)
        if operation == "CreateStream" and steps[:1] == ("StreamModeDetails",):
            base.pop("ShardCount")
        if steps[:2] == ("ShardFilter", "Timestamp"):
            base["ShardFilter"] = {"Type": "FROM_TIMESTAMP"}
        if operation == "ListShards" and steps[:1] == ("NextToken",):
            base.pop("StreamName")
        if operation == "GetShardIterator" and steps[:1] == ("StartingSequenceNumber",):
            base["ShardIteratorType"] = "AT_SEQUENCE_NUMBER"
        if operation == "GetShardIterator" and steps[:1] == ("Timestamp",):
            base["ShardIteratorType"] = "AT_TIMESTAMP"
        return base

    def section(self, operation):
        """Where the page speaks of an operation."""
        return f"{operation} (Kinesis)" if (self.service, operation) == ("kinesis", "PutRecord") else operation

    def operation(self, operation):
        """One operation, member by member."""
        known = self.model.operations[operation]
        shape = known["input"]["shape"]
        self.call(operation, known, self.base(operation), f"{operation} at its simplest")
        for place in self.model.places(shape):
            self.place(operation, known, shape, *place)

    def place(self, operation, known, root, steps, printed, given, name):
        """One place: its limits, its type, and below it unknown and missing members."""
        shape = self.model.shape(name)
        where = f"{operation} {given or 'input'}"

        def put(leaf, steps=steps):
            return self.model.placed(root, self.base(operation, steps), steps, leaf)

        if steps and not shape.get("document") and not is_item(steps):
            status, answer = self.send(operation, put(wrong_type(shape)))
            code = answer.get("__type")
            self.checks.equal(f"{where} of a wrong type", (status, code), (400, "SerializationException"))
        state = self.page.state(self.section(operation), steps)
        if steps:
            self.checks.that(f"{where} stands in the operations page", state)
        self.limits(operation, known, root, where, steps, printed, shape, put, state)
        if shape["type"] == "structure" and not shape.get("document"):
            self.members(operation, where, steps, printed, given, shape, put, name)

    def limits(self, operation, known, root, where, steps, printed, shape, put, state):
        """Values at each constraint and beyond it."""
        kind = shape["type"]
        if kind in ("list", "map"):
            self.counts(operation, known, where, printed, shape, put)
            return
        # For the items of a list the list speaks, for the values of a map the map.
        whole = printed.removesuffix(".1.member")
        answers = []
        for sentence, at, beyond in constraints(shape):
            if at is not None:
                answers.append(self.call(operation, known, put(at), f"{where} at «{sentence}»"))
            found = f"must satisfy constraint: [{{any}}{sentence}" if is_item(steps) else sentence
            self.refused(operation, put(beyond), where, whole, found)
        if not constraints(shape) and kind != "structure" and steps and not shape.get("document"):
            for value in {"boolean": [True, False]}.get(kind, [self.model.example(self.name_of(root, steps))]):
                answers.append(self.call(operation, known, put(value), f"{where} = {value}"))
        named = [BY_NAME in text for text in answers]
        if state == "refused" and answers:
            self.checks.that(f"{where} is refused by name", any(named), answers[:2])
        elif state and answers and state != "partly":
            self.checks.that(f"{where} is not refused by name", not any(named), answers[:2])
        # A name at its limit is that of nothing.
        # The form of a schema's role is checked before its length.
        of_no_use = ("NotFound", "not found", "does not exist", "Could not find", "Invalid ShardIterator",
                     "different streams", "together exceed", "did not come from", "not an adjacent", "is not both",
                     "is too short", "exceeds 10 MB", "ConcurrentModification", "Invalid role ARN.", "is not one that")
        taken = any(not text or any(word in text for word in of_no_use) for text in answers)
        if state in ("done", "kept") and answers:
            self.checks.that(f"{where} is taken", taken, answers[:3])

    def name_of(self, root, steps):
        """The name of the shape at the end of the steps."""
        name = root
        for step in steps:
            shape = self.model.shape(name)
            part = {"list": "member", "map": "value"}.get(shape["type"])
            name = shape[part]["shape"] if part else shape["members"][step]["shape"]
        return name

    def counts(self, operation, known, where, printed, shape, put):
        """Lists and maps: too few and too many items, and keys beyond their limits."""
        part = "member" if shape["type"] == "list" else "value"
        one = self.model.example(shape[part]["shape"])
        items = (lambda count: [one] * count) if part == "member" else (lambda count: {f"k{n}": one for n in range(count)})
        bounds = [("less", shape.get("max"), 1), ("greater", shape.get("min") or None, -1)]
        for word, bound, step in bounds:
            if bound is not None:
                sentence = f"Member must have length {word} than or equal to {bound}"
                self.call(operation, known, put(items(bound)), f"{where} at «{sentence}»")
                self.refused(operation, put(items(bound + step)), where, printed, sentence)
        if part == "value":
            for sentence, _, beyond in constraints(self.model.shape(shape["key"]["shape"])):
                found = f"Map keys must satisfy constraint: [{{any}}{sentence}"
                self.refused(operation, put({beyond: one}), where, printed, found)

    def members(self, operation, where, steps, printed, given, shape, put, name):
        """A member that the model has not, and required ones that are missing."""
        here = (*steps, "Nonsense")
        whole = self.model.example(name) if steps else self.base(operation)
        status, answer = self.send(operation, put({**whole, "Nonsense": 1}))
        path = ".".join(filter(None, (given, "Nonsense")))
        got = (status, answer.get("__type"), answer.get("message") or answer.get("Message"))
        self.checks.equal(f"{where} with {here[-1]}", got, (400, "ValidationException", f"Unknown parameter: {path}"))
        for member in shape.get("required", []):
            left = {one: value for one, value in whole.items() if one != member}
            below = next(p for p in self.model.places(name) if p[0] == (member,))[1]
            full = ".".join(filter(None, (printed, below)))
            self.refused(operation, put(left), f"{where} without {member}", full, "Member must not be null")

    def call(self, operation, known, given, where):
        """A call that keeps to the model: what refused it, or nothing. Takes its traces away."""
        if operation in BEFORE:
            before, create = BEFORE[operation]
            self.send(create, {**BASES, **KINESIS_BASES}[create], before)
        status, answer = self.send(operation, given)
        told = answer.get("message") or answer.get("Message") or ""
        if status == 200:
            self.accepted += 1
            output = known.get("output", {}).get("shape")
            why = self.model.misfit(output, answer) if output else (answer or None)
            self.checks.that(f"the answer to {where} fits the model", why is None, why)
            self.undo(operation, given)
            return ""
        self.by_name += BY_NAME in told
        code = answer.get("__type")
        strict = ("ValidationException", "SerializationException", "UnknownOperationException")
        self.checks.that(f"{where} keeps to the model", status == 400 and code not in strict, (status, code, told[:300]))
        return f"{code}: {told}"

    def undo(self, operation, given):
        """Takes away what a create made."""
        if operation == "CreateDeliveryStream":
            self.send("DeleteDeliveryStream", {"DeliveryStreamName": given["DeliveryStreamName"]})
        elif operation == "CreateDatabase":
            catalog = {one: given[one] for one in ("CatalogId",) if one in given}
            self.send("DeleteDatabase", {"Name": given["DatabaseInput"]["Name"], **catalog})
        elif operation == "CreateTable":
            self.send("DeleteTable", {"DatabaseName": given["DatabaseName"], "Name": given["TableInput"]["Name"]})
        elif operation == "UpdateDestination":
            # A new stream: what an update switched on may stay on for good.
            self.send("DeleteDeliveryStream", {"DeliveryStreamName": "there"})
            self.send("CreateDeliveryStream", {**BASES["CreateDeliveryStream"], "DeliveryStreamName": "there"})
        elif operation == "CreateStream":
            self.send("DeleteStream", {"StreamName": given["StreamName"]})
        elif operation in ("AddTagsToStream", "TagResource"):
            keys = list(given["Tags"])
            self.send("RemoveTagsFromStream", {"StreamName": "there", "TagKeys": keys[:50]})
        elif operation in ("MergeShards", "SplitShard", "UpdateShardCount", "UpdateStreamMode"):
            self.send("DeleteStream", {"StreamName": "there"})
            self.send("CreateStream", THERE)
        elif operation == "TagDeliveryStream":
            keys = [tag["Key"] for tag in given["Tags"]]
            self.send("UntagDeliveryStream", {"DeliveryStreamName": "there", "TagKeys": keys})

    def refused(self, operation, given, where, path, sentence):
        """A call that the model refuses, in AWS's words."""
        status, answer = self.send(operation, given)
        told = answer.get("message") or answer.get("Message") or ""
        before, _, after = sentence.partition("{any}")
        marker = f"at '{path}' failed to satisfy constraint: "
        found = any(
            before in part and after in part and (before or part.startswith(after))
            for part in told.split(marker)[1:]
        )
        right = status == 400 and answer.get("__type") == "ValidationException" and found
        # AWS checks the form of a schema's role before the model.
        early = answer.get("__type") == "InvalidParameterValueException" and path.endswith("schemaConfiguration.roleARN")
        self.checks.that(f"{where} beyond «{sentence}»", right or early, (status, str(answer)[:500]))


def destination(steps):
    """An S3 destination that takes a member at these steps."""
    update = steps[0].endswith("Update")
    made = {} if update else dict(BARE)
    if "DataFormatConversionConfiguration" in steps:
        conversion = dict(CONVERSION)
        # One of several kinds is chosen, so that the usual one has to make room.
        if "HiveJsonSerDe" in steps:
            conversion["InputFormatConfiguration"] = {"Deserializer": {}}
        if "OrcSerDe" in steps:
            conversion["OutputFormatConfiguration"] = {"Serializer": {}}
        made |= {"DataFormatConversionConfiguration": conversion, "BufferingHints": HINTS}
    if steps[-1] == "S3BackupMode":
        made[BACKUPS[update]] = BARE
    if BACKUPS[update] in steps and not update:
        hints = {"BufferingHints": HINTS} if "BufferingHints" in steps and len(steps) == 4 else {}
        made |= {"S3BackupMode": "Enabled", BACKUPS[update]: BARE | hints}
    if "BufferingHints" in steps and len(steps) == 3:
        made["BufferingHints"] = HINTS
    return made


def is_item(steps):
    """Whether the place is an item of a list or a value of a map, for which these speak."""
    return bool(steps) and not isinstance(steps[-1], str)


def prepare(walk):
    """What `there` stands for."""
    walk.send("CreateDatabase", {"DatabaseInput": {"Name": "there"}}, "glue")
    walk.send("CreateTable", {"DatabaseName": "there", "TableInput": TABLE}, "glue")
    walk.send("CreateDeliveryStream", {**BASES["CreateDeliveryStream"], "DeliveryStreamName": "there"}, "firehose")
    walk.send("CreateStream", THERE, "kinesis")


def main():
    """All services, every operation."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--endpoint", required=True)
    address = urllib.parse.urlsplit(parser.parse_args().endpoint).netloc
    connection = http.client.HTTPConnection(address, timeout=60)
    checks, page, sections = Checks(), Page(), set(SHARED.values())
    for service, operations in SERVICES.items():
        walk = Walk(service, connection, checks, page)
        prepare(walk)
        served = sorted(operations or walk.model.operations)
        for operation in served:
            walk.operation(operation)
        sections.update(map(walk.section, served))
        print(f"{service}: {len(served)} operations, {walk.accepted} calls taken, {walk.by_name} refused by name")
    for row in page.unused(sections):
        checks.that(f"the page's row {row} names a member", False)
    checks.finish()


if __name__ == "__main__":
    main()
