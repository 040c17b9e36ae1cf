"""The template as CloudFormation would resolve it, without CloudFormation.

    template.py TEMPLATE columns            prints name and type of each Glue column as JSON
    template.py TEMPLATE create             creates bucket, table and stream at AWS_ENDPOINT_URL
"""

import json
import re
import sys

import boto3
from cfnlint.decode import decode

ACCOUNT = "000000000000"
REGION = "us-east-1"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::StackName": "captains",
}


class Template:
    """Parameters at their defaults or as they are given, and the functions that the template uses."""

    def __init__(self, path, **parameters):
        self.document, problems = decode(path)
        assert not problems, problems
        defaults = {name: one["Default"] for name, one in self.document["Parameters"].items()}
        self.values = PSEUDO | defaults | parameters

    def resource(self, name):
        """The resolved properties of a resource."""
        return self.resolve(self.document["Resources"][name]["Properties"])

    def condition(self, name):
        return self.resolve(self.document["Conditions"][name])

    def resolve(self, node):
        if isinstance(node, list):
            resolved = [self.resolve(one) for one in node]
            return [one for one in resolved if one is not None]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (name, value), = node.items()
            function = getattr(self, "do_" + name.replace("Fn::", "").replace("::", "_"), None)
            if function:
                return function(value)
        resolved = {name: self.resolve(one) for name, one in node.items()}
        return {name: one for name, one in resolved.items() if one is not None}

    def do_Ref(self, name):
        if name == "AWS::NoValue":
            return None
        if name in self.values:
            return self.values[name]
        properties = self.resource(name)
        key = {"Bucket": "BucketName", "Logs": "LogGroupName", "DeliveryLog": "LogStreamName"}
        if name in key:
            return properties[key[name]]
        if name == "Database":
            return properties["DatabaseInput"]["Name"]
        return properties["TableInput"]["Name"]

    def do_GetAtt(self, value):
        name, attribute = value.split(".") if isinstance(value, str) else value
        assert attribute == "Arn", value
        if name == "Bucket":
            return "arn:aws:s3:::" + self.do_Ref("Bucket")
        kinds = {"DeliveryStream": "firehose deliverystream", "DataStream": "kinesis stream"}
        if name in kinds:
            service, kind = kinds[name].split()
            return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{kind}/{self.values[name + 'Name']}"
        assert name == "DeliveryRole", value
        return f"arn:aws:iam::{ACCOUNT}:role/captains-DeliveryRole"

    def do_Sub(self, text):
        def value(match):
            name = match.group(1)
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            return self.do_GetAtt(name) if name.endswith(".Arn") else str(self.do_Ref(name))

        return re.sub(r"\$\{(!?[A-Za-z_:.]+)\}", value, text)

    def do_If(self, value):
        condition, yes, no = value
        return self.resolve(yes if self.condition(condition) else no)

    def do_Equals(self, value):
        one, other = self.resolve(value)
        return one == other

    def do_Not(self, value):
        return not self.resolve(value[0])


def columns(template):
    """What Firehose converts by: the columns, without the partition keys."""
    descriptor = template.resource("Table")["TableInput"]["StorageDescriptor"]
    print(json.dumps([[one["Name"], one["Type"]] for one in descriptor["Columns"]]))


def create(template):
    """The API calls that CloudFormation makes of the resources."""
    bucket = template.resource("Bucket")["BucketName"]
    boto3.client("s3").create_bucket(Bucket=bucket)
    glue = boto3.client("glue")
    glue.create_database(**template.resource("Database"))
    glue.create_table(**template.resource("Table"))
    stream = template.resource("DeliveryStream")
    boto3.client("firehose").create_delivery_stream(**stream)
    print(json.dumps({"bucket": bucket, "stream": stream["DeliveryStreamName"]}))


if __name__ == "__main__":
    {"columns": columns, "create": create}[sys.argv[2]](Template(sys.argv[1]))
