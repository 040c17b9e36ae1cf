"""What boto3 makes of the faults that the endpoint was started with (see `wire/faults.rs`)."""

import boto3
from botocore.exceptions import BotoCoreError

from checks import Checks

STREAM = "PUT-S3-qrZbv"
RECORD = {"Data": b"{}"}

firehose, glue, s3 = boto3.client("firehose"), boto3.client("glue"), boto3.client("s3")


def attempts(answer):
    """How often a call was retried."""
    return answer["ResponseMetadata"]["RetryAttempts"]


def main():
    """The first calls meet the faults, in this order."""
    checks = Checks()
    answer = firehose.put_record(DeliveryStreamName=STREAM, Record=RECORD)
    checks.equal("throttled twice, then taken", attempts(answer), 2)
    answer = firehose.put_record(DeliveryStreamName=STREAM, Record=RECORD)
    checks.equal("and then no more", attempts(answer), 0)
    for _ in range(2):
        answer = firehose.put_record_batch(DeliveryStreamName=STREAM, Records=[RECORD] * 10)
        checks.equal("3 of 10 refused", answer["FailedPutCount"], 3)
        codes = [entry.get("ErrorCode") for entry in answer["RequestResponses"]]
        checks.equal("by name", codes.count("ServiceUnavailableException"), 3)
        texts = {entry.get("ErrorMessage") for entry in answer["RequestResponses"]}
        checks.equal("in words", texts, {None, "Slow down."})
        ids = sum("RecordId" in entry for entry in answer["RequestResponses"])
        checks.equal("the others taken", ids, 7)
    answer = glue.get_databases()
    checks.equal("a 500 is retried", attempts(answer), 1)
    answer = s3.put_object(Bucket="captains-rating", Key="slow", Body=b"slow")
    checks.equal("SlowDown is retried", attempts(answer), 1)
    try:
        s3.get_object(Bucket="captains-rating", Key="slow")["Body"].read()
        checks.that("an object that is cut off", False, "was read")
    except BotoCoreError as error:
        checks.that("an object that is cut off", True, error)
    answer = s3.get_object(Bucket="captains-rating", Key="slow")
    checks.equal("and whole the next time", answer["Body"].read(), b"slow")
    checks.finish()


if __name__ == "__main__":
    main()
