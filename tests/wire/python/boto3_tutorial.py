"""The whole tutorial through boto3: what is put is what pandas reads, to the last bit."""

import base64
import io
import json
import os
import re
import socket
import urllib.request
from unittest.mock import patch

import boto3
import pandas as pd
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from checks import Checks
from names import BUCKET, COLUMNS, DATABASE, DESTINATION, PREFIX, STREAM, TABLE, TABLE_INPUT, flush, rating

KEY = re.compile(
    r"^ratings(\d{4})/(\d\d)/(\d\d)/(\d\d)/PUT-S3-qrZbv-(\d+)-\1-\2-\3-\4-\d\d-\d\d-[0-9a-f-]{36}\.parquet$"
)

firehose, glue, s3 = boto3.client("firehose"), boto3.client("glue"), boto3.client("s3")


def set_up(checks):
    """Bucket, database, table, delivery stream."""
    s3.create_bucket(Bucket=BUCKET)
    s3.get_waiter("bucket_exists").wait(Bucket=BUCKET)
    glue.create_database(DatabaseInput={"Name": DATABASE})
    glue.create_table(DatabaseName=DATABASE, TableInput=TABLE_INPUT)
    table = glue.get_table(DatabaseName=DATABASE, Name=TABLE)["Table"]
    checks.equal("the table has its columns", table["StorageDescriptor"]["Columns"], COLUMNS)
    made = firehose.create_delivery_stream(
        DeliveryStreamName=STREAM,
        DeliveryStreamType="DirectPut",
        ExtendedS3DestinationConfiguration=DESTINATION,
    )
    checks.that("the stream has an ARN", made["DeliveryStreamARN"].endswith(f"deliverystream/{STREAM}"))
    told = firehose.describe_delivery_stream(DeliveryStreamName=STREAM)["DeliveryStreamDescription"]
    checks.equal("the stream is active", told["DeliveryStreamStatus"], "ACTIVE")
    given = {name: told["Destinations"][0]["ExtendedS3DestinationDescription"][name] for name in DESTINATION}
    checks.equal("the destination is told as given", given, DESTINATION)
    checks.that("answers bear a request id", made["ResponseMetadata"].get("RequestId"))
    identity = boto3.client("sts").get_caller_identity()
    checks.equal("the caller has an account", identity["Account"], "000000000000")


def objects(prefix):
    """Every object under a prefix, page by page."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    return [item["Key"] for page in pages for item in page.get("Contents", [])]


def rows(keys):
    """The rows of these objects."""
    frames = (pd.read_parquet(io.BytesIO(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())) for key in keys)
    return pd.concat(frames, ignore_index=True).to_dict("records")


def put_and_read_back(checks):
    """Single records, batches, records of several objects; then Parquet."""
    ratings = [rating(number) for number in range(1_620)]
    ids = []
    for one in ratings[:20]:
        answer = firehose.put_record(DeliveryStreamName=STREAM, Record={"Data": json.dumps(one)})
        ids.append(answer["RecordId"])
    for start in range(20, 1_520, 500):
        records = [{"Data": json.dumps(one, ensure_ascii=False).encode()} for one in ratings[start : start + 500]]
        answer = firehose.put_record_batch(DeliveryStreamName=STREAM, Records=records)
        checks.equal("no record of a batch is refused", answer["FailedPutCount"], 0)
        checks.equal("each has an answer", len(answer["RequestResponses"]), 500)
        ids += [entry["RecordId"] for entry in answer["RequestResponses"]]
    together = "\n".join(json.dumps(one) for one in ratings[1_520:])
    ids.append(firehose.put_record(DeliveryStreamName=STREAM, Record={"Data": together})["RecordId"])
    checks.equal("no two records have one id", len(set(ids)), len(ids))
    checks.equal("nothing is there before the buffer is full or old", objects(PREFIX), [])
    flush()
    keys = objects(PREFIX)
    checks.equal("one buffer is one object", len(keys), 1)
    checks.that("its key is as Firehose's", KEY.match(keys[0]), keys[0])
    read = rows(keys)
    checks.equal("as many rows as ratings", len(read), len(ratings))
    for got, wanted in zip(read, ratings):
        checks.equal("a rating comes back", got, wanted)
    head = s3.head_object(Bucket=BUCKET, Key=keys[0])
    checks.equal("its type", head["ContentType"], "application/octet-stream")
    for bounds, wanted in (("bytes=0-3", b"PAR1"), ("bytes=-4", b"PAR1")):
        body = s3.get_object(Bucket=BUCKET, Key=keys[0], Range=bounds)["Body"].read()
        checks.equal(f"{bounds} of a Parquet file", body, wanted)


def bad_records(checks):
    """What does not convert lies under the error prefix, and its neighbours arrive."""
    before = set(objects(PREFIX))
    bad = [b"no json", b'{"rating": "many"}', b""]
    good = rating(7_000)
    records = [{"Data": data} for data in (*bad, json.dumps(good).encode())]
    answer = firehose.put_record_batch(DeliveryStreamName=STREAM, Records=records)
    checks.equal("bad records are taken", answer["FailedPutCount"], 0)
    flush()
    new = sorted(set(objects(PREFIX)) - before)
    errors = [key for key in new if key.startswith(f"{PREFIX}format-conversion-failed/")]
    checks.equal("one error object", len(errors), 1)
    checks.equal("the good one arrived", rows([key for key in new if key.endswith(".parquet")]), [good])
    lines = s3.get_object(Bucket=BUCKET, Key=errors[0])["Body"].read().decode().splitlines()
    told = [json.loads(line) for line in lines]
    checks.equal("the bad ones are kept", [base64.b64decode(one["rawData"]) for one in told], bad)
    codes = [one["lastErrorCode"].removeprefix("DataFormatConversion.") for one in told]
    checks.equal("and told why", codes, ["ParseError", "MalformedData", "MalformedData"])
    for one in told:
        checks.equal("the table is named", one["dataCatalogTable"]["tableName"], TABLE)


def changes(checks):
    """A new prefix, and a new column of the table that the next buffer has."""
    firehose.update_destination(
        DeliveryStreamName=STREAM,
        CurrentDeliveryStreamVersionId="1",
        DestinationId="destinationId-000000000001",
        ExtendedS3DestinationUpdate={"Prefix": "second/"},
    )
    wider = {**TABLE_INPUT, "StorageDescriptor": {"Columns": [*COLUMNS, {"Name": "ship", "Type": "string"}]}}
    glue.update_table(DatabaseName=DATABASE, TableInput=wider)
    wanted = {**rating(1), "ship": "Voyager"}
    firehose.put_record(DeliveryStreamName=STREAM, Record={"Data": json.dumps(wanted)})
    flush()
    keys = objects("second/")
    checks.equal("one object under the new prefix", len(keys), 1)
    checks.that("its name has the new version", "/PUT-S3-qrZbv-2-" in keys[0], keys[0])
    checks.equal("the new column is there", rows(keys), [wanted])


def raw(checks):
    """A stream without conversion writes what it was given, and nothing between."""
    destination = {name: DESTINATION[name] for name in ("RoleARN", "BucketARN")} | {"Prefix": "raw/"}
    firehose.create_delivery_stream(DeliveryStreamName="raw", ExtendedS3DestinationConfiguration=destination)
    old = {name: DESTINATION[name] for name in ("RoleARN", "BucketARN")} | {"Prefix": "old/"}
    firehose.create_delivery_stream(DeliveryStreamName="old", S3DestinationConfiguration=old)
    for name in ("raw", "old"):
        for data in (b"abc", b"", bytes(range(256))):
            firehose.put_record(DeliveryStreamName=name, Record={"Data": data})
    flush()
    for name in ("raw", "old"):
        keys = objects(f"{name}/")
        checks.equal(f"one object of {name}", len(keys), 1)
        checks.that(f"without an extension ({name})", "." not in keys[0], keys[0])
        answer = s3.get_object(Bucket=BUCKET, Key=keys[0])
        checks.equal(f"the bytes of {name}", answer["Body"].read(), b"abc" + bytes(range(256)))
        checks.equal(f"no encoding of {name}", answer.get("ContentEncoding", ""), "")
        firehose.delete_delivery_stream(DeliveryStreamName=name)


def hosts(checks):
    """A bucket as the name of a host: the same objects, in every kind of call."""
    port, look_up = os.environ["AWS_ENDPOINT_URL"].rsplit(":", 1)[1], socket.getaddrinfo

    def here(host, *rest, **more):
        # Not every resolver knows that names below `localhost` are this machine.
        return look_up("127.0.0.1" if str(host).endswith(".localhost") else host, *rest, **more)

    config = Config(s3={"addressing_style": "virtual"})
    asked = set()
    with patch("socket.getaddrinfo", here):
        for endpoint in (f"http://s3.localhost:{port}", f"http://localhost:{port}"):
            by_host = boto3.client("s3", endpoint_url=endpoint, config=config)
            by_host.meta.events.register("before-send.s3", lambda request, **_: asked.add(request.url.split("/")[2]))
            by_host.put_object(Bucket=BUCKET, Key="by host/a b", Body=b"by host")
            plain = s3.get_object(Bucket=BUCKET, Key="by host/a b")["Body"].read()
            checks.equal("an object put by host", plain, b"by host")
            got = by_host.get_object(Bucket=BUCKET, Key="by host/a b", Range="bytes=3-")["Body"].read()
            checks.equal("a range by host", got, b"host")
            listed = by_host.list_objects_v2(Bucket=BUCKET, Prefix="by host/")
            checks.equal("a listing by host", [one["Key"] for one in listed["Contents"]], ["by host/a b"])
            signed = by_host.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "by host/a b"})
            with urllib.request.urlopen(signed, timeout=30) as answer:
                checks.equal("a signed URL by host", answer.read(), b"by host")
            by_host.delete_object(Bucket=BUCKET, Key="by host/a b")
    named = asked and all(host.startswith(f"{BUCKET}.") for host in asked)
    checks.that("the bucket was in the name of the host", named, asked)


def transfers(checks):
    """boto3's comforts for S3: parts, streams, copies, signed URLs, the resource."""
    body = bytes(range(256)) * 80_000
    config = TransferConfig(multipart_threshold=6 << 20, multipart_chunksize=6 << 20)
    s3.upload_fileobj(io.BytesIO(body), BUCKET, "large", Config=config)
    head = s3.head_object(Bucket=BUCKET, Key="large")
    checks.equal("the size of an upload in parts", head["ContentLength"], len(body))
    checks.that("its ETag counts the parts", head["ETag"].endswith('-4"'), head["ETag"])
    back = io.BytesIO()
    s3.download_fileobj(BUCKET, "large", back, Config=config)
    checks.that("an upload in parts comes back", back.getvalue() == body)
    s3.copy({"Bucket": BUCKET, "Key": "large"}, BUCKET, "larger", Config=config)
    copy = s3.get_object(Bucket=BUCKET, Key="larger")["Body"].read()
    checks.that("a copy in parts is the same", copy == body)
    begun = s3.create_multipart_upload(Bucket=BUCKET, Key="given-up")["UploadId"]
    s3.upload_part(Bucket=BUCKET, Key="given-up", UploadId=begun, PartNumber=1, Body=b"x")
    going = [one["Key"] for one in s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])]
    checks.equal("uploads under way are listed", going, ["given-up"])
    s3.abort_multipart_upload(Bucket=BUCKET, Key="given-up", UploadId=begun)
    checks.equal("a given-up upload leaves nothing", objects("given-up"), [])
    for algorithm in ("CRC32", "SHA1", "SHA256"):
        s3.put_object(Bucket=BUCKET, Key=algorithm, Body=io.BytesIO(b"streamed"), ChecksumAlgorithm=algorithm)
        answer = s3.get_object(Bucket=BUCKET, Key=algorithm, ChecksumMode="ENABLED")
        checks.equal(f"a stream with {algorithm}", answer["Body"].read(), b"streamed")
        checks.that(f"{algorithm} is told", answer.get(f"Checksum{algorithm}"))
    url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "CRC32"})
    with urllib.request.urlopen(url, timeout=30) as answer:
        checks.equal("a signed URL", answer.read(), b"streamed")
    url = s3.generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": "by url"})
    with urllib.request.urlopen(urllib.request.Request(url, data=b"put", method="PUT"), timeout=30) as answer:
        checks.equal("a signed URL to put", answer.status, 200)
    for number in range(25):
        s3.put_object(Bucket=BUCKET, Key=f"many/{number:02}", Body=b"")
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=BUCKET, Prefix="many/", PaginationConfig={"PageSize": 10}
    )
    sizes = [len(page["Contents"]) for page in pages]
    checks.equal("pages of a listing", sizes, [10, 10, 5])
    bucket = boto3.resource("s3").Bucket(BUCKET)
    checks.equal("the resource lists too", sum(1 for _ in bucket.objects.filter(Prefix="many/")), 25)
    bucket.objects.all().delete()
    checks.equal("everything goes at once", objects(""), [])
    bucket.delete()
    checks.equal("no bucket is left", s3.list_buckets()["Buckets"], [])


def main():
    """All parts, in order."""
    checks = Checks()
    for part in (set_up, put_and_read_back, bad_records, changes, raw, hosts, transfers):
        checks.run(part)
    checks.finish()


if __name__ == "__main__":
    main()
