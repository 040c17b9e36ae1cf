"""Measures reading: the tutorial's functions, awswrangler, Polars and DuckDB beside s3-parquet-reader.

    cargo build --release -p s3-parquet-reader --features aws --example read_figures --example loopback_s3
    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install -r docs/peers/requirements.txt
    /tmp/peers/bin/python docs/peers/reading.py target/release/examples

DuckDB reads S3 by an extension that the registry has for 1.5.5 alone; give a second interpreter that
has it by DUCKDB_PYTHON (pip install duckdb==1.5.5 duckdb-extension-httpfs==1.5.5 pyarrow), or go
without DuckDB on S3. `compare.py` runs these tables too.

The objects are the tutorial's: user, captain, rating, time; Snappy. They lie in memory, behind
`loopback_s3` on the same cores; the same server for everybody, fresh for each table. Everybody runs in
turns, each in a process of its own; a cell is the median of the rounds. The seconds are those of the read
alone, from the call until the rows are in memory: for the peers behind the interpreter's start and imports, for
ours from the first line of `main`. "process s" is the whole process of each, from its start until it has ended,
with giving the memory back. ROUNDS=5 by default; TABLES picks some: latency, s3, average, local, many.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import typing
import urllib.request

ROUNDS = int(os.environ.get("ROUNDS", "5"))
TABLES = os.environ.get("TABLES", "latency s3 average local many").split()
DUCKDB = os.environ.get("DUCKDB_PYTHON")
HERE = os.path.dirname(os.path.abspath(__file__))
CELL = os.path.join(HERE, "../../tests/wire/tutorial/cell_3.py")
PREFIX = "ratings2022/01/08/06/"
# Further objects repeat the content of these.
DISTINCT = 500
# Minutes for 2,000 objects.
SLOW = ("awswrangler", "the tutorial", "pandas")

PRELUDE = """
import os, sys, time, resource
def measured(work):
    wall, cpu = time.perf_counter(), time.process_time()
    note = work()
    print(repr((time.process_time() - cpu, time.perf_counter() - wall,
                resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, str(note))))
URL = sys.argv[1]
"""

TUTORIAL = PRELUDE + f"""
exec(open({CELL!r}).read())
measured(lambda: len(pd_read_s3_multiple_parquets({PREFIX!r}, 'captains-rating')))
"""

WRANGLER = PRELUDE + f"""
import awswrangler as wr
measured(lambda: len(wr.s3.read_parquet('s3://captains-rating/{PREFIX}', use_threads=True)))
"""

POLARS = PRELUDE + f"""
import polars as pl
rows = pl.scan_parquet('s3://captains-rating/{PREFIX}*.parquet', storage_options=dict(
    aws_access_key_id='k', aws_secret_access_key='s', aws_region='us-east-1', aws_endpoint_url=URL, aws_allow_http='true'))
average = lambda: rows.group_by('favoritecaptain').agg(pl.col('rating').mean(), pl.len()).collect(engine='streaming')['len'].sum()
measured(average if 'average' in sys.argv else lambda: rows.collect().height)
"""

DUCKDB_S3 = PRELUDE + f"""
import duckdb
import duckdb_extension_httpfs as httpfs
c = duckdb.connect()
c.execute(f"LOAD '{{os.path.dirname(httpfs.__file__)}}/extensions/v{{duckdb.__version__}}/httpfs.duckdb_extension'")
c.execute("SET enable_progress_bar=false")
host = URL.split('//')[1]
c.execute(f"CREATE SECRET (TYPE s3, KEY_ID 'k', SECRET 's', ENDPOINT '{{host}}', URL_STYLE 'path', USE_SSL false, REGION 'us-east-1')")
source = "read_parquet('s3://captains-rating/{PREFIX}*.parquet')"
if 'average' in sys.argv:
    measured(lambda: sum(r[2] for r in c.sql(f"SELECT favoritecaptain, avg(rating), count(*) FROM {{source}} GROUP BY 1").fetchall()))
else:
    measured(lambda: c.sql(f"SELECT * FROM {{source}}").arrow().read_all().num_rows)
"""

PANDAS_AVERAGE = PRELUDE + f"""
exec(open({CELL!r}).read())
measured(lambda: pd_read_s3_multiple_parquets({PREFIX!r}, 'captains-rating', columns=['favoritecaptain', 'rating'])
         .groupby('favoritecaptain')['rating'].agg(['mean', 'count'])['count'].sum())
"""

LOCAL_POLARS = PRELUDE + """
import polars as pl
measured(lambda: pl.scan_parquet(URL + '/**/*.parquet').collect().height)
"""

LOCAL_DUCKDB = PRELUDE + """
import duckdb, pyarrow
c = duckdb.connect(); c.execute("SET enable_progress_bar=false")
measured(lambda: c.sql(f"SELECT * FROM '{URL}/**/*.parquet'").to_arrow_table().num_rows)
"""

LOCAL_PANDAS = PRELUDE + """
import glob, pandas as pd
measured(lambda: len(pd.concat([pd.read_parquet(f) for f in sorted(glob.glob(URL + '/**/*.parquet', recursive=True))])))
"""


class Result(typing.NamedTuple):
    """Seconds of the read, of the whole process; the most memory in MB; what it says that it did."""

    cpu: float
    wall: float
    process: float
    peak: float
    note: str


def make(folder, objects, rows):
    """In a process of its own: what it takes would count as the peak of every child of this one."""
    subprocess.run([sys.executable, __file__, "--make", folder, str(objects), str(rows)], check=True)
    return folder


def write(folder, objects, rows):
    """Objects like those that Firehose makes of the tutorial's records."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    captains = ["Jean-Luc Picard", "James T. Kirk", "Han Solo", "Kathryn Janeway", "Malcolm Reynolds", "William Adama",
                "Turanga Leela", "Jacob Keyes", "Wilhuff Tarkin", "Christopher Pike", "David Bowman", "The Doctor",
                "John Robinson", "Khan Noonien Singh", "Neil Armstrong"]
    hour = os.path.join(folder, PREFIX)
    os.makedirs(hour)
    random = np.random.default_rng(7)
    name = lambda n: f"{hour}PUT-S3-qrZbv-1-2022-01-08-06-{n // 60 % 60:02}-{n % 60:02}-{n:08}.parquet"
    for number in range(objects):
        if number >= DISTINCT:
            os.link(name(number % DISTINCT), name(number))
            continue
        odd = random.random(rows) < 0.04
        first, last = random.integers(0, 3007, rows), random.integers(0, 474, rows)
        table = pa.table({
            "user": pa.array([f"First{a} Last{b}" for a, b in zip(first, last)]),
            "favoritecaptain": pa.array(np.array(captains)[np.where(odd, 14, random.integers(0, 14, rows))]),
            "rating": pa.array(np.where(odd, random.integers(7000, 9001, rows), random.integers(1, 1001, rows)), pa.int32()),
            "timestamp": pa.array(1641622882.0 + number * 60 + np.cumsum(random.random(rows)) * 0.006),
        })
        pq.write_table(table, name(number), compression="snappy", use_dictionary=["favoritecaptain"], store_schema=False)


class Server:
    """`loopback_s3` over a folder, for as long as the block lasts."""

    def __init__(self, binaries, folder, latency_ms=0):
        self.command = [f"{binaries}/loopback_s3", folder, str(latency_ms)]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[0]
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def counts(self):
        with urllib.request.urlopen(self.url + "/_counts") as answer:
            return json.load(answer)


def environment(url):
    # aws-cli's own names, so that each finds what it needs; no file in a home of the user's counts.
    fixed = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": "us-east-1",
             "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
    return {**os.environ, **fixed, **({"AWS_ENDPOINT_URL": url} if url.startswith("http") else {})}


def ours(binaries, what):
    def run(url):
        location = "s3://captains-rating/" + PREFIX if url.startswith("http") else url
        begun = time.perf_counter()
        process = subprocess.Popen([f"{binaries}/read_figures", what, location], stdout=subprocess.PIPE, text=True, env=environment(url))
        lines = process.stdout.read().splitlines()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
        if status:
            raise SystemExit(f"read_figures {what} failed")
        cpu, wall = map(float, lines[-1].split())
        return Result(cpu, wall, time.perf_counter() - begun, usage.ru_maxrss / 1024, lines[0])
    return run


def peer(script, *arguments, python=sys.executable):
    def run(url):
        begun = time.perf_counter()
        out = subprocess.run([python, "-c", script, url, *arguments], capture_output=True, text=True, env=environment(url))
        process = time.perf_counter() - begun
        if out.returncode:
            sys.stderr.write(out.stderr[-600:])
            return None
        cpu, wall, peak, note = eval(out.stdout.strip().splitlines()[-1])
        return Result(cpu, wall, process, peak, note)
    return run


def table(title, url, cases, server=None, rounds=ROUNDS, slow_once=False):
    results = {name: [] for name, _ in cases}
    counted = {}
    for turn in range(rounds):
        for name, run in cases:
            if slow_once and turn and name.startswith(SLOW):
                continue
            if server:
                server.counts()
            result = run(url)
            if result:
                results[name].append(result)
                counted[name] = server.counts() if server else None
    once = "; awswrangler and pandas once" if slow_once else ""
    print(f"\n### {title} (median of {rounds}{once})\n")
    requests = "LIST | GET | HEAD | most in flight |" if server else ""
    print(f"| | wall s | to ours | CPU s | process s | peak MB | {requests}\n|---|---:|---:|---:|---:|---:|" + "---:|" * requests.count("|"))
    median = lambda rows, what: statistics.median(getattr(row, what) for row in rows)
    best = median(results[cases[0][0]], "wall")
    for name, _ in cases:
        rows = results[name]
        if not rows:
            print(f"| {name} | could not run |")
            continue
        wall = median(rows, "wall")
        c = counted[name]
        tail = f" {c['lists']} | {c['gets']} | {c['heads']} | {c['most_in_flight']} |" if server else ""
        print(f"| {name} | {wall:.3f} | {wall / best:.2f} | {median(rows, 'cpu'):.2f} | {median(rows, 'process'):.3f}"
              f" | {median(rows, 'peak'):.0f} |{tail}", flush=True)


def all_columns(binaries):
    return [
        ("s3-parquet-reader, captains as a dictionary", ours(binaries, "dictionary")),
        ("s3-parquet-reader, users as views too", ours(binaries, "views")),
        ("s3-parquet-reader, plain strings", ours(binaries, "all")),
    ]


def on_s3(binaries, what="all"):
    if what == "all":
        return [
            *all_columns(binaries),
            ("Polars scan_parquet", peer(POLARS)),
            *([("DuckDB to Arrow", peer(DUCKDB_S3, python=DUCKDB))] if DUCKDB else []),
            ("awswrangler", peer(WRANGLER)),
            ("the tutorial's functions", peer(TUTORIAL)),
        ]
    return [
        ("s3-parquet-reader, streamed", ours(binaries, "average")),
        ("Polars, streaming engine", peer(POLARS, "average")),
        *([("DuckDB", peer(DUCKDB_S3, "average", python=DUCKDB))] if DUCKDB else []),
        ("the tutorial's functions, two columns", peer(PANDAS_AVERAGE)),
    ]


def on_disk(binaries):
    return [
        *all_columns(binaries),
        ("Polars scan_parquet", peer(LOCAL_POLARS)),
        ("DuckDB to Arrow", peer(LOCAL_DUCKDB)),
        ("pandas, as in the tutorial", peer(LOCAL_PANDAS)),
    ]


def tables(binaries):
    base = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=base) as folder:
        if "latency" in TABLES:
            with Server(binaries, make(f"{folder}/300", 300, 1_750), 20) as server:
                table("300 objects of 35 KB, 20 ms later each", server.url, on_s3(binaries), server)
        if "s3" in TABLES:
            with Server(binaries, make(f"{folder}/200", 200, 9_583)) as server:
                table("200 objects of 9,583 rows on S3, all columns", server.url, on_s3(binaries), server)
        if {"s3", "average", "local"} & set(TABLES):
            make(f"{folder}/2000", 2_000, 9_583)
        if "s3" in TABLES:
            with Server(binaries, f"{folder}/2000") as server:
                table("2,000 objects of 9,583 rows on S3, all columns", server.url, on_s3(binaries), server, slow_once=True)
        if "average" in TABLES:
            with Server(binaries, f"{folder}/2000") as server:
                table("Mean rating of each captain, 2,000 objects on S3", server.url, on_s3(binaries, "average"), server, slow_once=True)
        if "local" in TABLES:
            table("2,000 files of 9,583 rows, all columns", f"{folder}/2000", on_disk(binaries), slow_once=True)
        if "many" in TABLES:
            for objects in (1_000, 20_000):
                with Server(binaries, make(f"{folder}/many{objects}", objects, 500)) as server:
                    table(f"{objects:,} objects of 500 rows on S3, streamed", server.url, [
                        ("s3-parquet-reader, all columns", ours(binaries, "stream")),
                        ("s3-parquet-reader, mean rating of each captain", ours(binaries, "average")),
                        ("s3-parquet-reader, count", ours(binaries, "count")),
                    ], server, rounds=3)


if __name__ == "__main__":
    if sys.argv[1] == "--make":
        write(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        tables(sys.argv[1])
