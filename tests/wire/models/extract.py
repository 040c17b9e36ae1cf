"""Writes crates/firehose-endpoint/models/{firehose,glue,kinesis}.json from botocore's service models.

What the endpoint needs to check a call is kept: operations, and the shapes of their inputs with
every constraint. What AWS is known to print differently from what its models say is corrected
here, in OVERRIDES, and nowhere else.

    python extract.py            writes the files
    python extract.py --check    says whether writing them would change anything (exit code 1)
"""

import argparse
import json
import pathlib
import sys

import botocore
from botocore.loaders import Loader

MODELS = pathlib.Path(__file__).resolve().parents[3] / "crates/firehose-endpoint/models"
PIN = pathlib.Path(__file__).resolve().parents[1] / "python/requirements.txt"

# None: all operations of the service.
SERVICES = {
    "firehose": None,
    "glue": [
        "CreateDatabase",
        "CreateTable",
        "DeleteDatabase",
        "DeleteTable",
        "GetDatabase",
        "GetDatabases",
        "GetTable",
        "GetTableVersion",
        "GetTableVersions",
        "GetTables",
        "UpdateTable",
    ],
    "kinesis": [
        "AddTagsToStream",
        "CreateStream",
        "DecreaseStreamRetentionPeriod",
        "DeleteStream",
        "DescribeLimits",
        "DescribeStream",
        "DescribeStreamSummary",
        "GetRecords",
        "GetShardIterator",
        "IncreaseStreamRetentionPeriod",
        "ListShards",
        "ListStreams",
        "ListTagsForResource",
        "ListTagsForStream",
        "MergeShards",
        "PutRecord",
        "PutRecords",
        "RemoveTagsFromStream",
        "SplitShard",
        "TagResource",
        "UntagResource",
        "UpdateShardCount",
        "UpdateStreamMode",
    ],
}

# Seen in AWS's messages, and not what the public models say.
OVERRIDES = {
    "firehose": {
        # Shape -> its constraints as AWS prints them.
        "shapes": {
            "CompressionFormat": {
                "enum": ["ZIP", "HADOOP_SNAPPY", "Snappy", "GZIP", "UNCOMPRESSED"]
            },
            "ParquetCompression": {"enum": ["SNAPPY", "GZIP", "UNCOMPRESSED"]},
            "FileExtension": {"pattern": r"^(|\.[0-9a-z!\-_.*'()]+)$"},
        },
        "paths": {},
    },
    "glue": {
        "shapes": {},
        # "Structure.Member" -> its step in a path.
        "paths": {
            "CreateTableRequest.TableInput": "table",
            "UpdateTableRequest.TableInput": "table",
        },
    },
    "kinesis": {
        # Optional only for streams whose service distributes the records itself, which are refused.
        "shapes": {
            "PutRecordInput": {"required": ["Data", "PartitionKey"]},
            "PutRecordsRequestEntry": {"required": ["Data", "PartitionKey"]},
        },
        "paths": {},
    },
}


def printed_name(service, structure, member):
    """A member's step in the path of a message."""
    plain = member[0].lower() + member[1:]
    return OVERRIDES[service]["paths"].get(f"{structure}.{member}", plain)


def java_hash(text):
    """java.lang.String.hashCode, unsigned."""
    value = 0
    for letter in text:
        value = (value * 31 + ord(letter)) & 0xFFFFFFFF
    return value


def java_order(names):
    """The order in which a java.util.HashMap walks these keys.

    AWS checks a structure's members in this order: it reproduces the recorded orders of the
    members of SchemaConfiguration, ParquetSerDe, DataFormatConversionConfiguration,
    DestinationTableConfiguration, and DynamoDB's AttributeDefinition.
    """
    capacity = 16
    while len(names) > capacity * 3 // 4:
        capacity *= 2

    def bucket(name):
        spread = java_hash(name)
        return (spread ^ (spread >> 16)) & (capacity - 1)

    return sorted(names, key=bucket)


class Extract:
    """One service's model, reduced."""

    def __init__(self, service):
        self.service = service
        self.model = Loader().load_service_model(service, "service-2")
        self.shapes = {}

    def document(self):
        operations = {}
        for name in sorted(SERVICES[self.service] or self.model["operations"]):
            operation = self.model["operations"][name]
            operations[name] = {"input": operation["input"]["shape"]}
            self.visit_input(operation["input"]["shape"])
        metadata = self.model["metadata"]
        return {
            "source": f"botocore {botocore.__version__}, {metadata['uid']}",
            "operations": operations,
            "shapes": dict(sorted(self.shapes.items())),
        }

    def visit_input(self, name):
        if name in self.shapes:
            return
        shape = {**self.model["shapes"][name], **OVERRIDES[self.service]["shapes"].get(name, {})}
        kept = {"type": shape["type"]}
        self.shapes[name] = kept
        if shape.get("document"):
            kept["type"] = "document"
            return
        for constraint in ("min", "max", "pattern", "enum"):
            if constraint in shape:
                kept[constraint] = shape[constraint]
        if shape["type"] == "structure":
            kept["members"] = self.members(name, shape)
        for part in ("member", "key", "value"):
            if part in shape:
                kept[part] = shape[part]["shape"]
                self.visit_input(kept[part])

    def members(self, structure, shape):
        by_path = {
            printed_name(self.service, structure, member): member for member in shape["members"]
        }
        members = []
        for path in java_order(list(by_path)):
            member = by_path[path]
            reference = shape["members"][member]
            kept = {"name": member, "path": path, "shape": reference["shape"]}
            if member in shape.get("required", []):
                kept["required"] = True
            members.append(kept)
            self.visit_input(reference["shape"])
        return members


def text_of(document):
    """JSON with one shape, or one member, a line: small, and readable in a diff."""

    def flat(value):
        return json.dumps(value, ensure_ascii=True)

    lines = ["{", f'  "source": {flat(document["source"])},', '  "operations": {']
    lines.append(",\n".join(f"    {flat(k)}: {flat(v)}" for k, v in document["operations"].items()))
    lines += ["  },", '  "shapes": {']
    shapes = []
    for name, shape in document["shapes"].items():
        members = shape.get("members")
        if members:
            rest = ",\n".join(f"      {flat(member)}" for member in members)
            shapes.append(f'    {flat(name)}: {{"type": "structure", "members": [\n{rest}\n    ]}}')
        else:
            shapes.append(f"    {flat(name)}: {flat(shape)}")
    lines += [",\n".join(shapes), "  }", "}", ""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    check = parser.parse_args().check
    if f"botocore=={botocore.__version__}" not in PIN.read_text().splitlines():
        sys.exit(f"botocore {botocore.__version__} is installed, {PIN} asks for another")
    stale = []
    for service in SERVICES:
        text = text_of(Extract(service).document())
        path = MODELS / f"{service}.json"
        if check:
            if not path.exists() or path.read_text() != text:
                stale.append(path.name)
        else:
            MODELS.mkdir(exist_ok=True)
            path.write_text(text)
    if stale:
        sys.exit(f"{', '.join(stale)}: not what extract.py writes; run it without --check")


if __name__ == "__main__":
    main()
