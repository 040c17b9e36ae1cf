"""Measures what a record costs its sender: ours beside the bare SDK and the Python clients.

    cargo build --release -p firehose-local -p captains-producer -p integration-tests
    python3 -m venv /tmp/clients && /tmp/clients/bin/pip install -r docs/peers/producer-requirements.txt
    /tmp/clients/bin/python docs/peers/producer.py target/release

Each client is a process of its own against a fresh firehose-local in another, over HTTP on loopback,
into a delivery stream without conversion: what counts is the client's processor time (user and
system). All in turns; medians of the rounds. The Rust clients are counted as whole processes, the
Python ones without the interpreter's start and imports. The Rust clients and boto3's batches send the
same kind of prepared records, 500 in a call. The tutorial's loop makes each record with Faker, puts
it alone and prints it, as its listing does; its batches are the same loop with 500 records in a call.
captains-producer makes its records too.
"""

import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROUNDS = int(os.environ.get("ROUNDS", "5"))
RECORDS = int(os.environ.get("RECORDS", "2000000"))
STREAM = "PUT-S3-qrZbv"
CAPTAINS = [
    "Jean-Luc Picard", "James T. Kirk", "Han Solo", "Kathryn Janeway", "Malcolm Reynolds", "William Adama",
    "Turanga Leela", "Jacob Keyes", "Wilhuff Tarkin", "Christopher Pike", "David Bowman", "The Doctor",
    "John Robinson", "Khan Noonien Singh",
]


def client(url):
    """A boto3 client to the server."""
    import boto3

    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client("firehose", endpoint_url=url, region_name="us-east-1", **keys)


def tutorials_record(fake, record):
    """Fills in the tutorial's record, as its listing does."""
    import random

    record["user"] = fake.name()
    if random.randint(1, 100) < 5:
        record["favoritecaptain"] = "Neil Armstrong"
        record["rating"] = random.randint(7000, 9000)
    else:
        record["favoritecaptain"] = random.choice(CAPTAINS)
        record["rating"] = random.randint(1, 1000)
    record["timestamp"] = time.time()


def tutorial(url, records):
    """The tutorial's loop."""
    from faker import Faker

    fake, firehose, record = Faker(), client(url), {}

    def work():
        for _ in range(records):
            tutorials_record(fake, record)
            firehose.put_record(DeliveryStreamName=STREAM, Record={"Data": json.dumps(record)})
            print("Record: " + str(record), file=sys.stderr)

    return work


def tutorial_batches(url, records):
    """The tutorial's loop with 500 records in a call, and nothing printed."""
    from faker import Faker

    fake, firehose, record = Faker(), client(url), {}

    def work():
        for _ in range(records // 500):
            batch = []
            for _ in range(500):
                tutorials_record(fake, record)
                batch.append({"Data": json.dumps(record)})
            answer = firehose.put_record_batch(DeliveryStreamName=STREAM, Records=batch)
            assert answer["FailedPutCount"] == 0, answer

    return work


def pooled_batches(url, records):
    """boto3 with batches of records that it makes, but for the names: those come from a pool."""
    import random

    firehose, pool, record = client(url), [f"First{n} Last{n}" for n in range(500)], {}

    def work():
        for _ in range(records // 500):
            batch = []
            for _ in range(500):
                record["user"] = random.choice(pool)
                record["favoritecaptain"] = random.choice(CAPTAINS)
                record["rating"] = random.randint(1, 1000)
                record["timestamp"] = time.time()
                batch.append({"Data": json.dumps(record)})
            answer = firehose.put_record_batch(DeliveryStreamName=STREAM, Records=batch)
            assert answer["FailedPutCount"] == 0, answer

    return work


def batches(url, records):
    """boto3 with prepared batches."""
    firehose = client(url)
    rating = {"user": "Kathleen Wolfe", "favoritecaptain": "Kathryn Janeway", "rating": 417, "timestamp": 1641621600.123456}
    batch = [{"Data": json.dumps(rating | {"rating": n}).encode()} for n in range(500)]

    def work():
        for _ in range(records // 500):
            answer = firehose.put_record_batch(DeliveryStreamName=STREAM, Records=batch)
            assert answer["FailedPutCount"] == 0, answer

    return work


PYTHON = {"tutorial": tutorial, "tutorial-batches": tutorial_batches, "pooled": pooled_batches,
          "batches": batches}


def as_client(name, url, records):
    """This script as one of the Python clients: prints the processor seconds of its work."""
    work = PYTHON[name](url, records)
    begun = time.process_time()
    work()
    print(time.process_time() - begun)


class Server:
    """A firehose-local with its own data, and the stream in it."""

    def __init__(self, build):
        base = "/dev/shm" if os.path.isdir("/dev/shm") else None
        self.data = tempfile.TemporaryDirectory(dir=base)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [str(build / "firehose-local"), "--port", str(port), "--data-dir", self.data.name]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.url = f"http://127.0.0.1:{port}"
        while True:
            try:
                urllib.request.urlopen(self.url + "/_firehose-local/health", timeout=5).read()
                break
            except OSError:
                time.sleep(0.002)
        import boto3

        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        s3 = boto3.client("s3", endpoint_url=self.url, region_name="us-east-1", **keys)
        s3.create_bucket(Bucket="captains-rating")
        client(self.url).create_delivery_stream(
            DeliveryStreamName=STREAM,
            ExtendedS3DestinationConfiguration={
                "RoleARN": "arn:aws:iam::123456789012:role/firehose",
                "BucketARN": "arn:aws:s3:::captains-rating",
                "BufferingHints": {"SizeInMBs": 128, "IntervalInSeconds": 900},
            },
        )

    def __enter__(self):
        return self.url

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.data.cleanup()


def spent(command):
    """Processor seconds (user, system) of a process."""
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, **keys})
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, status
    return usage.ru_utime, usage.ru_stime


def rust(build, mode):
    """A mode of the `measure` program: microseconds of user and system time a record."""

    def run(url):
        user, system = spent([str(build / "measure"), mode, url, str(RECORDS)])
        return user * 1e6 / RECORDS, system * 1e6 / RECORDS

    return run


def program(build):
    """captains-producer as a person runs it: microseconds of user and system time a record."""

    def run(url):
        command = [str(build / "captains-producer"), "-n", str(RECORDS), "--rate", "max", "--quiet"]
        command += ["--to", f"firehose://{STREAM}", "--endpoint-url", url, "--region", "us-east-1"]
        user, system = spent(command)
        return user * 1e6 / RECORDS, system * 1e6 / RECORDS

    return run


def python(name, records):
    """A Python client: microseconds of processor time a record."""

    def run(url):
        command = [sys.executable, __file__, "--client", name, url, str(records)]
        found = subprocess.run(command, check=True, capture_output=True, text=True)
        return float(found.stdout) * 1e6 / records, None

    return run


def main(build):
    """The table."""
    cases = {
        "the SDK alone, `put_record_batch` of 500, 4 in flight": rust(build, "put"),
        "`AwsFirehoseSink` under the `Producer`": rust(build, "put-producer"),
        "the same, packed 40 documents a record": rust(build, "put-packed"),
        "boto3 `put_record_batch` of 500": python("batches", min(RECORDS // 20, 100_000) // 500 * 500),
        "`captains-producer`, which makes its records": program(build),
        "boto3 `put_record_batch` of 500, which makes its records (names from a pool)": python("pooled", 50_000),
        "the tutorial's loop with `put_record_batch` of 500 (Faker)": python("tutorial-batches", 5_000),
        "the tutorial's loop (Faker, one put each)": python("tutorial", max(RECORDS // 1_000, 100)),
    }
    results = {name: [] for name in cases}
    for number in range(ROUNDS):
        turn = list(cases.items())
        for name, run in turn if number % 2 == 0 else reversed(turn):
            with Server(build) as url:
                results[name].append(run(url))
    total = {name: [user + (system or 0) for user, system in rounds] for name, rounds in results.items()}
    median = {name: statistics.median(rounds) for name, rounds in total.items()}
    bare, _, _, boto, _, _, _, loop = median.values()
    print(f"{RECORDS:,} records, medians of {ROUNDS} rounds; lowest and highest in brackets\n")
    print("| | µs CPU a record | to the bare SDK | boto3's batches cost | the tutorial's loop costs |")
    print("|---|---:|---:|---:|---:|")
    for name, cost in median.items():
        low, high = min(total[name]), max(total[name])
        print(f"| {name} | {cost:.3f} ({low:.3f} to {high:.3f}) | {cost / bare:,.2f} | {boto / cost:,.1f} times | {loop / cost:,.0f} times |")
    names = list(total)
    print(f"\nRecords made on both sides: boto3's batches cost {median[names[5]] / median[names[4]]:.1f} times what captains-producer does")
    pairs = [ours / theirs for ours, theirs in zip(total[names[1]], total[names[0]])]
    print(f"Producer to bare SDK, round by round: {', '.join(f'{pair:.2f}' for pair in pairs)}; median {statistics.median(pairs):.3f}")


if __name__ == "__main__":
    if sys.argv[1] == "--client":
        as_client(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main(pathlib.Path(sys.argv[1]))
