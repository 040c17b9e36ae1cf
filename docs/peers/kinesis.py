"""Measures firehose-local's Kinesis door beside kinesis-local and kinesalite (both from npm).

    cargo build --release -p firehose-local -p integration-tests
    npm install --prefix /tmp/kinesis-peers kinesalite@3.3.3 kinesis-local@0.6.2
    python3 docs/peers/kinesis.py target/release /tmp/kinesis-peers/node_modules/.bin

The same client, the Rust SDK with PutRecords of 500 and four calls in flight, puts the same records to
a stream of four shards of each server in turns; the servers stand one after the other on this machine.
The last table is ours alone: put through the data stream into Parquet on disk, beside put directly.
"""

import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = int(os.environ.get("ROUNDS", "3"))
RECORDS = {"firehose-local": int(os.environ.get("RECORDS", "1000000")), None: int(os.environ.get("PEER_RECORDS", "20000"))}
BUILD = pathlib.Path(sys.argv[1]).resolve()
PEERS = pathlib.Path(sys.argv[2]).resolve()


def free_port():
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def servers(port, folder):
    """Command and environment of each server."""
    return {
        "firehose-local": (
            [BUILD / "firehose-local", "--port", str(port), "--data-dir", folder, "--no-shard-limits",
             "--durability", "memory"], {}),
        "kinesalite": ([PEERS / "kinesalite", "--port", str(port), "--createStreamMs", "5"], {}),
        "kinesis-local": (
            [PEERS / "kinesis-local"],
            {"KINESIS_MOCK_PLAIN_PORT": str(port), "KINESIS_MOCK_TLS_PORT": str(free_port()), "LOG_LEVEL": "ERROR"}),
    }


def wait(port):
    """Waits until somebody listens."""
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"nobody listens on {port}")


def cpu_of(pid):
    """Processor seconds of a process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def put(name):
    """Records a second, and processor time a record of client and server in microseconds."""
    records = RECORDS.get(name, RECORDS[None])
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command, environment = servers(port, folder)[name]
        # kinesis-local looks for its certificate where it is started.
        certificate = PEERS.parent / "kinesis-local" / "server.json"
        if certificate.exists():
            shutil.copy(certificate, folder)
        server = subprocess.Popen(
            list(map(str, command)), env={**os.environ, **environment}, cwd=folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait(port)
            url = f"http://127.0.0.1:{port}"
            time.sleep(1)
            measure = [BUILD / "measure", "put-kinesis", url]
            subprocess.run([*map(str, measure), "5000"], check=True, stdout=subprocess.DEVNULL)
            served, own = cpu_of(server.pid), os.times()
            began = time.perf_counter()
            subprocess.run([*map(str, measure), str(records)], check=True, stdout=subprocess.DEVNULL)
            took = time.perf_counter() - began
            served, after = cpu_of(server.pid) - served, os.times()
            client = after.children_user + after.children_system - own.children_user - own.children_system
            return records / took, client / records * 1e6, served / records * 1e6
        finally:
            server.terminate()
            server.wait()


def to_parquet(kind, records):
    """Records a second, with files written."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        subprocess.run(
            [str(BUILD / "measure"), kind, str(records), folder], check=True, stdout=subprocess.DEVNULL)
        return records / (time.perf_counter() - began)


def main():
    """Both tables."""
    names = list(servers(0, ""))
    runs = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name in names:
            runs[name].append(put(name))
    print(f"PutRecords of 500, medians of {ROUNDS} rounds")
    for name, found in runs.items():
        rate, client, server = (statistics.median(values) for values in zip(*found))
        print(f"{name:15} {rate:12,.0f} records/s   client {client:7.2f} us CPU a record   server {server:8.2f} us")
    pairs = [(to_parquet("endpoint", RECORDS["firehose-local"]), to_parquet("kinesis", RECORDS["firehose-local"]))
             for _ in range(ROUNDS)]
    direct, through = (statistics.median(values) for values in zip(*pairs))
    ratio = statistics.median(b / a for a, b in pairs)
    print(f"into Parquet: {direct:,.0f} records/s put directly, {through:,.0f} through a data stream: {ratio:.2f}")


if __name__ == "__main__":
    main()
