"""What the template's policies allow and refuse on S3, evaluated by moto: it asks for each call whether the
caller's policy allows it on that very bucket and key. (For other services it knows no resources.) The
grammar of all the policies is checked as they are made.

    policies.py TEMPLATE
"""

import json
import os
import sys

os.environ |= {
    "MOTO_ACCOUNT_ID": "000000000000",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
}

import boto3  # noqa: E402 - after its environment
from botocore.exceptions import ClientError  # noqa: E402
from moto import mock_aws  # noqa: E402
from moto.core import set_initial_no_auth_action_count  # noqa: E402
from template import Template  # noqa: E402

OTHER = "another"
USERS = ["ProducerPolicy", "AnalyzerPolicy", "DeliveryRole"]
# Calls that prepare, before policies are asked: two for each bucket, three for each user.
PREPARING = 2 * 2 + 3 * len(USERS)


def document(template, name):
    """A managed policy's document, or a role's first."""
    properties = template.resource(name)
    return properties.get("PolicyDocument") or properties["Policies"][0]["PolicyDocument"]


def clients(template):
    """Users with one policy each, and a bucket that is not theirs."""
    iam, s3 = boto3.client("iam"), boto3.client("s3")
    bucket = template.resource("Bucket")["BucketName"]
    for name in (bucket, OTHER):
        s3.create_bucket(Bucket=name)
        s3.put_object(Bucket=name, Key="ratings2026/a.parquet", Body=b"x")
    made = {}
    for user in USERS:
        iam.create_user(UserName=user)
        text = json.dumps(document(template, user))
        iam.put_user_policy(UserName=user, PolicyName="own", PolicyDocument=text)
        key = iam.create_access_key(UserName=user)["AccessKey"]
        keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
        made[user] = boto3.client("s3", **keys)
    return bucket, made


def expectations(bucket):
    """Whose policy, call, its arguments, and whether it is allowed."""
    rating, other = {"Bucket": bucket, "Key": "ratings2026/a.parquet"}, {"Bucket": OTHER}

    def object_(key):
        return {"Bucket": bucket, "Key": key}

    producer, analyzer, role = USERS
    yield producer, "list_objects_v2", {"Bucket": bucket}, True
    yield producer, "get_object", rating, False
    yield producer, "put_object", rating, False
    yield analyzer, "list_buckets", {}, True
    yield analyzer, "list_objects_v2", {"Bucket": bucket}, True
    yield analyzer, "list_objects_v2", other, False
    yield analyzer, "get_object", rating, True
    yield analyzer, "get_object", other | {"Key": "ratings2026/a.parquet"}, False
    yield analyzer, "put_object", object_("athena/1.csv"), True
    yield analyzer, "put_object", object_("ratings2026/b"), False
    yield analyzer, "delete_object", rating, False
    yield role, "put_object", object_("ratings2026/c"), True
    yield role, "put_object", object_("errors/c"), True
    yield role, "put_object", object_("athena/c"), False
    yield role, "put_object", other | {"Key": "ratings2026/c"}, False
    yield role, "delete_object", rating, False


def allowed(client, call, arguments):
    """Whether the policy lets the call through."""
    try:
        getattr(client, call)(**arguments)
    except ClientError as error:
        assert "AccessDenied" in str(error), error
        return False
    return True


@mock_aws
@set_initial_no_auth_action_count(PREPARING)
def main():
    count = 0
    # With a data stream there is the most in it.
    bucket, made = clients(Template(sys.argv[1], WithDataStream="yes"))
    for user, call, arguments, expected in expectations(bucket):
        got = allowed(made[user], call, arguments)
        assert got == expected, f"{user}: {call} {arguments}: {'allowed' if got else 'refused'}"
        count += 1
    print(f"{count} calls allowed and refused as they should be")


if __name__ == "__main__":
    main()
