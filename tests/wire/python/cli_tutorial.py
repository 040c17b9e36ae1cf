"""The whole tutorial through the AWS CLI, a process for each command as people type them."""

import base64
import datetime
import json
import os
import subprocess
import sys
import tempfile

import pandas as pd

from checks import Checks
from names import BUCKET, DATABASE, DESTINATION, PREFIX, STREAM, TABLE, TABLE_INPUT, flush, rating

AWS = os.path.join(os.path.dirname(sys.executable), "aws")


def run(*words):
    """What a command printed, its complaint, and its exit code."""
    ended = subprocess.run([AWS, *words], capture_output=True, text=True, timeout=120, check=False)
    return ended.stdout, ended.stderr, ended.returncode


def aws(*words):
    """What a command that has to succeed printed: JSON, or text."""
    out, err, code = run(*words)
    if code != 0:
        raise RuntimeError(f"aws {' '.join(words)}: {err}")
    try:
        return json.loads(out)
    except ValueError:
        return out


def set_up(checks):
    """Bucket, database, table, delivery stream."""
    checks.equal("a bucket", aws("s3", "mb", f"s3://{BUCKET}"), f"make_bucket: {BUCKET}\n")
    checks.that("it is listed", BUCKET in aws("s3", "ls"))
    aws("glue", "create-database", "--database-input", f"Name={DATABASE}")
    aws("glue", "create-table", "--database-name", DATABASE, "--table-input", json.dumps(TABLE_INPUT))
    made = aws(
        "firehose", "create-delivery-stream", "--delivery-stream-name", STREAM,
        "--extended-s3-destination-configuration", json.dumps(DESTINATION),
    )
    checks.that("the stream has an ARN", made["DeliveryStreamARN"].endswith(STREAM))
    status = aws(
        "firehose", "describe-delivery-stream", "--delivery-stream-name", STREAM,
        "--query", "DeliveryStreamDescription.DeliveryStreamStatus",
    )
    checks.equal("the stream is active", status, "ACTIVE")
    checks.equal("it is listed too", aws("firehose", "list-delivery-streams")["DeliveryStreamNames"], [STREAM])
    checks.equal("the caller", aws("sts", "get-caller-identity")["Account"], "000000000000")


def put_and_read_back(checks):
    """Records by the command line, by shorthand and from a file; then the files by `aws s3`."""
    ratings = [rating(number) for number in range(103)]
    one = aws(
        "firehose", "put-record", "--delivery-stream-name", STREAM,
        "--record", json.dumps({"Data": json.dumps(ratings[0])}),
    )
    checks.that("a record has an id", one["RecordId"])
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "record.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(ratings[1], file)
        aws("firehose", "put-record", "--delivery-stream-name", STREAM, "--record", f"Data@=file://{path}")
        with open(path, "w", encoding="utf-8") as file:
            json.dump([{"Data": json.dumps(rating)} for rating in ratings[2:]], file)
        batch = aws("firehose", "put-record-batch", "--delivery-stream-name", STREAM, "--records", f"file://{path}")
        checks.equal("nothing is refused", batch["FailedPutCount"], 0)
        checks.equal("each has an answer", len(batch["RequestResponses"]), len(ratings) - 2)
        flush()
        hour = datetime.datetime.now(datetime.timezone.utc).strftime("%Y/%m/%d")
        listed = aws("s3", "ls", "--recursive", f"s3://{BUCKET}/{PREFIX}")
        checks.that("the object lies under its day", f" {PREFIX}{hour}/" in listed, listed)
        aws("s3", "cp", "--recursive", "--quiet", f"s3://{BUCKET}/", os.path.join(folder, "copy"))
        read = pd.read_parquet(os.path.join(folder, "copy")).to_dict("records")
        checks.equal("as many rows as ratings", len(read), len(ratings))
        for got, wanted in zip(read, ratings):
            checks.equal("a rating comes back", got, wanted)


def files(checks):
    """`aws s3` both ways: a large file in parts, folders, a pipe, removal."""
    with tempfile.TemporaryDirectory() as folder:
        body = os.urandom(20 << 20)
        with open(os.path.join(folder, "large"), "wb") as file:
            file.write(body)
        os.makedirs(os.path.join(folder, "a", "b"))
        for name in ("a/one", "a/b/two words", "a/b/plus+ü"):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(name)
        # S3 keeps whole seconds: a file of this very second is newer than its own copy.
        for path, _, names in os.walk(folder):
            for name in names:
                os.utime(os.path.join(path, name), (1_641_621_600, 1_641_621_600))
        aws("s3", "sync", "--quiet", folder, f"s3://{BUCKET}/files")
        checks.equal("a second sync has nothing to do", aws("s3", "sync", folder, f"s3://{BUCKET}/files"), "")
        back = os.path.join(folder, "back")
        aws("s3", "sync", "--quiet", f"s3://{BUCKET}/files", back)
        with open(os.path.join(back, "large"), "rb") as file:
            checks.that("a large file comes back", file.read() == body)
        for name in ("a/one", "a/b/two words", "a/b/plus+ü"):
            with open(os.path.join(back, name), encoding="utf-8") as file:
                checks.equal(f"the file {name}", file.read(), name)
    checks.equal("a file to the terminal", aws("s3", "cp", f"s3://{BUCKET}/files/a/one", "-"), "a/one")
    folders = aws("s3", "ls", f"s3://{BUCKET}/files/a/")
    checks.that("folders are shown", "PRE b/" in folders and " one" in folders, folders)
    aws("s3", "mv", "--quiet", f"s3://{BUCKET}/files/a/one", f"s3://{BUCKET}/files/moved")
    head = aws("s3api", "head-object", "--bucket", BUCKET, "--key", "files/moved")
    checks.equal("a moved file", head["ContentLength"], 5)
    out, err, code = run("s3", "rb", f"s3://{BUCKET}")
    checks.that("a full bucket stays", code != 0 and "BucketNotEmpty" in err, (out, err))
    aws("s3", "rb", "--force", f"s3://{BUCKET}")
    checks.equal("no bucket is left", aws("s3", "ls"), "")


REFUSALS = [
    ("ResourceNotFoundException", ["firehose", "put-record", "--delivery-stream-name", "nobody", "--record", "Data=x"]),
    ("ResourceInUseException", [
        "firehose", "create-delivery-stream", "--delivery-stream-name", STREAM,
        "--extended-s3-destination-configuration", json.dumps(DESTINATION),
    ]),
    ("InvalidArgumentException", [
        "firehose", "create-delivery-stream", "--delivery-stream-name", "other",
        "--extended-s3-destination-configuration",
        json.dumps({**DESTINATION, "BufferingHints": {"SizeInMBs": 63, "IntervalInSeconds": 60}}),
    ]),
    ("ValidationException", ["firehose", "describe-delivery-stream", "--delivery-stream-name", "bad name"]),
    ("EntityNotFoundException", ["glue", "get-table", "--database-name", DATABASE, "--name", "nothing"]),
    ("AlreadyExistsException", ["glue", "create-database", "--database-input", f"Name={DATABASE}"]),
    ("NoSuchKey", ["s3api", "get-object", "--bucket", BUCKET, "--key", "nothing", "/dev/null"]),
    ("NoSuchBucket", ["s3api", "list-objects-v2", "--bucket", "no-such-bucket"]),
    ("NotImplemented", ["s3api", "get-bucket-policy", "--bucket", BUCKET]),
]


def refusals(checks):
    """Refusals are shown by AWS's names."""
    for name, words in REFUSALS:
        out, err, code = run(*words)
        checks.that(f"aws {' '.join(words[:2])}", code != 0 and f"({name})" in err, (code, out, err))


def encoded_twice(checks):
    """The CLI of version 1 encodes what it is given: base64 arrives as it was typed."""
    data = base64.b64encode(b'{"user":"x"}').decode()
    destination = {name: DESTINATION[name] for name in ("RoleARN", "BucketARN")}
    aws(
        "firehose", "create-delivery-stream", "--delivery-stream-name", "raw",
        "--extended-s3-destination-configuration", json.dumps({**destination, "Prefix": "raw/"}),
    )
    aws("firehose", "put-record", "--delivery-stream-name", "raw", "--record", f"Data={data}")
    flush()
    key = aws("s3api", "list-objects-v2", "--bucket", BUCKET, "--prefix", "raw/", "--query", "Contents[0].Key")
    checks.equal("what was typed", aws("s3", "cp", f"s3://{BUCKET}/{key}", "-"), data)


def main():
    """All parts, in order."""
    checks = Checks()
    for part in (set_up, put_and_read_back, refusals, encoded_twice, files):
        checks.run(part)
    aws("glue", "delete-table", "--database-name", DATABASE, "--name", TABLE)
    checks.finish()


if __name__ == "__main__":
    main()
