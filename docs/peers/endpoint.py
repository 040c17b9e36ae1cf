"""Measures firehose-local beside moto's server: start, idle memory, and puts by boto3.

    cargo build --release -p firehose-local -p integration-tests
    python3 -m venv /tmp/emulators && /tmp/emulators/bin/pip install -r docs/peers/endpoint-requirements.txt
    /tmp/emulators/bin/python docs/peers/endpoint.py target/release

The same boto3 client, single-threaded, puts the same tutorial records to both servers in turns,
into a delivery stream with conversion to Parquet. firehose-local converts; moto's server accepts the
conversion and writes the records as they came. The last table is ours alone: the Rust SDK with four
calls in flight and the endpoint in one process with real HTTP between them, into Parquet on disk.
"""

import json
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

import boto3
from botocore.config import Config

ROUNDS = int(os.environ.get("ROUNDS", "3"))
SECONDS = float(os.environ.get("SECONDS", "5"))
RECORDS = [int(n) for n in os.environ.get("RECORDS", "2000000,10000000").split(",")]
BUILD = pathlib.Path(sys.argv[1])
ROLE = "arn:aws:iam::123456789012:role/firehose"
RATING = json.dumps(
    {"user": "Kathleen Wolfe", "favoritecaptain": "Kathryn Janeway", "rating": 417, "timestamp": 1641621600.123456}
)


def free_port():
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process that is ready as soon as it answers."""

    def __init__(self, command, health):
        self.port = free_port()
        begun = time.perf_counter()
        words = [word.replace("{port}", str(self.port)) for word in command]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.url = f"http://127.0.0.1:{self.port}"
        while True:
            try:
                urllib.request.urlopen(self.url + health, timeout=5).read()
                break
            except OSError:
                time.sleep(0.002)
        self.ready = time.perf_counter() - begun

    def resident(self):
        """Resident memory in MB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1000

    def client(self, service):
        """A boto3 client to it."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def stop(self):
        """Ends it."""
        self.process.terminate()
        self.process.wait()


def prepare(server):
    """Bucket, table, and a delivery stream with conversion."""
    server.client("s3").create_bucket(Bucket="captains-rating")
    glue, firehose = server.client("glue"), server.client("firehose")
    glue.create_database(DatabaseInput={"Name": "captains"})
    columns = [("user", "string"), ("favoritecaptain", "string"), ("rating", "int"), ("timestamp", "double")]
    table = {"Name": "ratings", "StorageDescriptor": {"Columns": [{"Name": n, "Type": t} for n, t in columns]}}
    glue.create_table(DatabaseName="captains", TableInput=table)
    firehose.create_delivery_stream(
        DeliveryStreamName="ratings",
        ExtendedS3DestinationConfiguration={
            "RoleARN": ROLE,
            "BucketARN": "arn:aws:s3:::captains-rating",
            "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
            "DataFormatConversionConfiguration": {
                "SchemaConfiguration": {"RoleARN": ROLE, "DatabaseName": "captains", "TableName": "ratings"},
                "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
                "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
            },
        },
    )
    return firehose


def per_second(put, records):
    """Records a second over some seconds, after a few calls to warm up."""
    for _ in range(5):
        put()
    begun, count = time.perf_counter(), 0
    while time.perf_counter() - begun < SECONDS:
        put()
        count += records
    return count / (time.perf_counter() - begun)


def measured(command, health):
    """Start, idle memory, single puts and batches of 500, each a second."""
    server = Server(command, health)
    try:
        time.sleep(0.5)
        idle = server.resident()
        firehose = prepare(server)
        record = {"Data": RATING}
        single = per_second(lambda: firehose.put_record(DeliveryStreamName="ratings", Record=record), 1)
        batch = [record] * 500
        batches = per_second(
            lambda: firehose.put_record_batch(DeliveryStreamName="ratings", Records=batch), 500
        )
        return server.ready, idle, single, batches, server.resident()
    finally:
        server.stop()


def beside():
    """Both servers in turns; medians."""
    found = {"firehose-local": [], "moto_server": []}
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as data:
            ours = [str(BUILD / "firehose-local"), "--port", "{port}", "--data-dir", data]
            found["firehose-local"].append(measured(ours, "/_firehose-local/health"))
        moto = [str(pathlib.Path(sys.executable).parent / "moto_server"), "-p", "{port}"]
        found["moto_server"].append(measured(moto, "/moto-api/"))
    print("| | ready s | idle MB | put_record/s | put_record_batch records/s | MB after |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, rounds in found.items():
        ready, idle, single, batches, after = map(statistics.median, zip(*rounds))
        print(f"| {name} | {ready:.3f} | {idle:.0f} | {single:,.0f} | {batches:,.0f} | {after:.0f} |")


def end_to_end():
    """The Rust SDK and the endpoint in one process."""
    print("\n| records | wall s | M records/s | CPU s | peak MB |")
    print("|---:|---:|---:|---:|---:|")
    for records in RECORDS:
        rounds = []
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as data:
                program = [str(BUILD / "measure"), "endpoint", str(records), data]
                begun = time.perf_counter()
                process = subprocess.Popen(program, stdout=subprocess.DEVNULL)
                _, status, usage = os.wait4(process.pid, 0)
                assert status == 0, status
                wall = time.perf_counter() - begun
            rounds.append((wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000))
        wall, cpu, peak = map(statistics.median, zip(*rounds))
        print(f"| {records:,} | {wall:.2f} | {records / wall / 1e6:.2f} | {cpu:.2f} | {peak:.0f} |")


if __name__ == "__main__":
    beside()
    end_to_end()
