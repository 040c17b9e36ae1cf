"""Who is let in when signatures are verified: boto3 with good keys, bad keys, none."""

import datetime
import re
import urllib.error
import urllib.request
from unittest.mock import patch

import boto3
from botocore import UNSIGNED
from botocore.auth import AUTH_TYPE_MAPS, SigV4Auth
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

from checks import Checks


def refusal(call):
    """Code and status of a refusal."""
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    return "not refused"


def calls(**options):
    """One call for each service, by clients made with these options."""
    config = options.pop("config", Config()).merge(Config(retries={"total_max_attempts": 1}))
    client = lambda service: boto3.client(service, config=config, **options)  # noqa: E731
    return {
        "firehose": lambda: client("firehose").list_delivery_streams(),
        "glue": lambda: client("glue").get_databases(),
        "sts": lambda: client("sts").get_caller_identity(),
        "s3": lambda: client("s3").list_buckets(),
    }


def keys(checks):
    """Good keys, a wrong secret, an unknown key, no signature."""
    for service, call in calls().items():
        checks.that(f"good keys for {service}", "ResponseMetadata" in call())
    table = [
        ("a wrong secret", {"aws_access_key_id": "test", "aws_secret_access_key": "wrong"},
         {"InvalidSignatureException", "SignatureDoesNotMatch"}),
        ("an unknown key", {"aws_access_key_id": "nobody", "aws_secret_access_key": "test"},
         {"UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId"}),
        ("no signature", {"config": Config(signature_version=UNSIGNED)},
         {"MissingAuthenticationTokenException", "MissingAuthenticationToken", "AccessDenied"}),
    ]
    for name, options, codes in table:
        for service, call in calls(**options).items():
            code, status = refusal(call)
            checks.that(f"{name} for {service}", code in codes and status in (400, 403), (code, status))


class OldSignature(SigV4Auth):
    """Signs as if it were an hour ago."""

    def add_auth(self, request):
        with patch("botocore.auth.get_current_datetime", an_hour_ago):
            super().add_auth(request)


def an_hour_ago(*_, **__):
    """The time on a clock that is late."""
    return datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)


def changed_on_the_way(checks):
    """A body or a header that is not what was signed, and a signature of an hour ago."""
    table = [
        ("a changed body", {}, lambda body: body.replace(b"10", b"11")),
        ("a changed target", {"X-Amz-Target": "Firehose_20150804.DescribeDeliveryStream"}, bytes),
        ("a changed date", {"X-Amz-Date": "20300101T000000Z"}, bytes),
    ]
    for name, headers, body in table:
        client = boto3.client("firehose", config=Config(retries={"total_max_attempts": 1}))

        def send(request, headers=headers, body=body, **_):
            changed = {**request.headers, **headers}
            sent = AWSPreparedRequest(request.method, request.url, changed, body(request.body), False)
            return URLLib3Session().send(sent)

        client.meta.events.register("before-send.firehose", send)
        refused = refusal(lambda client=client: client.list_delivery_streams(Limit=10))
        checks.equal(name, refused[0], "InvalidSignatureException")
    late = boto3.client("firehose", config=Config(signature_version="late"))
    refused = refusal(late.list_delivery_streams)
    checks.equal("signed an hour ago", refused[0], "InvalidSignatureException")


def urls(checks):
    """URLs signed by S3's clients in both ways that they know: good ones, changed ones."""
    boto3.client("s3").create_bucket(Bucket="signed")
    boto3.client("s3").put_object(Bucket="signed", Key="object", Body=b"signed")
    for version, expiry in (("s3v4", "X-Amz-Expires=3600"), ("s3", "Expires=1")):
        s3 = boto3.client("s3", config=Config(signature_version=version))
        good = s3.generate_presigned_url("get_object", Params={"Bucket": "signed", "Key": "object"})
        checks.equal(f"a URL signed by {version}", fetched(good), (200, b"signed"))
        table = [
            ("for another key", good.replace("/object?", "/other?")),
            ("without its signature", good.split("?")[0]),
            ("with another expiry", good.replace(expiry, expiry.replace("=", "=1"))),
            ("with another signature", re.sub("Signature=(.)", another_digit, good)),
        ]
        for name, url in table:
            checks.that(f"a URL {name} is another one ({version})", url != good)
            checks.equal(f"a URL {name} ({version})", fetched(url)[0], 403)
    late = boto3.client("s3", config=Config(signature_version="s3v4"))
    with patch("botocore.auth.get_current_datetime", an_hour_ago):
        old = late.generate_presigned_url("get_object", Params={"Bucket": "signed", "Key": "object"}, ExpiresIn=60)
    checks.equal("a URL that is over", fetched(old)[0], 403)


def another_digit(found):
    """A signature that begins otherwise and is as long."""
    return "Signature=" + ("0" if found[1] != "0" else "1")


def fetched(url):
    """Status and body, as someone without keys gets them."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def main():
    """All parts, in order."""
    AUTH_TYPE_MAPS["late"] = OldSignature
    checks = Checks()
    for part in (keys, changed_on_the_way, urls):
        checks.run(part)
    checks.finish()


if __name__ == "__main__":
    main()
