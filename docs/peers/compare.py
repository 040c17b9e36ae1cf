"""Measures this workspace beside what people would use instead, in one run.

    cargo build --release -p integration-tests
    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install -r docs/peers/requirements.txt
    /tmp/peers/bin/python docs/peers/compare.py target/release/measure

With the examples that `reading.py` names built beside it, its tables follow: reading from S3.

Ours and the peers run in turns, each in a process of its own on one core (two where the table
says so). A cell is the median of the rounds: CPU seconds (user and system), wall seconds, and the
largest resident memory. The peers' time leaves out the interpreter's start and imports; ours is the
whole process. Reading is counted as `reading.py` says.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import textwrap

ROUNDS = int(os.environ.get("ROUNDS", "5"))
RECORDS = int(os.environ.get("RECORDS", "3000000"))

PRELUDE = """
import sys, time, resource
def measured(work):
    wall, cpu = time.perf_counter(), time.process_time()
    note = work()
    print(repr((time.process_time() - cpu, time.perf_counter() - wall,
                resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, str(note))))
"""

CAPTAINS = """["Jean-Luc Picard","James T. Kirk","Han Solo","Kathryn Janeway","Malcolm Reynolds",
"William Adama","Turanga Leela","Jacob Keyes","Wilhuff Tarkin","Christopher Pike","David Bowman",
"The Doctor","John Robinson","Khan Noonien Singh"]"""

TUTORIAL = PRELUDE + """
import json, random
from faker import Faker
fake, captains = Faker(), """ + CAPTAINS + """
def work(n=int(sys.argv[1])):
    record, size = {}, 0
    for _ in range(n):
        record['user'] = fake.name()
        if random.randint(1, 100) < 5:
            record['favoritecaptain'] = "Neil Armstrong"
            record['rating'] = random.randint(7000, 9000)
        else:
            record['favoritecaptain'] = random.choice(captains)
            record['rating'] = random.randint(1, 1000)
        record['timestamp'] = time.time()
        size += len(json.dumps(record))
    return size
measured(work)
"""

POLARS_GENERATE = PRELUDE + """
import io, numpy as np, polars as pl
captains = np.array(""" + CAPTAINS + """ + ["Neil Armstrong"])
first = np.array(["First%04d" % n for n in range(3007)])
last = np.array(["Last%03d" % n for n in range(474)])
pl.DataFrame({"a": [1]}).write_ndjson(io.BytesIO())
def work(n=int(sys.argv[1])):
    rng, size = np.random.default_rng(1), 0
    while n > 0:
        k = min(n, 500_000); n -= k
        odd = rng.integers(1, 101, k) < 5
        frame = pl.DataFrame({
            "f": pl.Series(first)[rng.integers(0, 3007, k)], "l": pl.Series(last)[rng.integers(0, 474, k)],
            "favoritecaptain": pl.Series(captains)[np.where(odd, 14, rng.integers(0, 14, k))],
            "rating": np.where(odd, rng.integers(7000, 9001, k), rng.integers(1, 1001, k)),
            "timestamp": time.time() + np.arange(k) * 1e-6,
        }).select(pl.format("{} {}", "f", "l").alias("user"), "favoritecaptain", "rating", "timestamp")
        out = io.BytesIO(); frame.write_ndjson(out); size += out.tell()
    return size
measured(work)
"""

DUCKDB_CONVERT = PRELUDE + """
import duckdb
c = duckdb.connect()
c.execute("SET threads=%d; SET preserve_insertion_order=false; SET enable_progress_bar=false" % int(sys.argv[3]))
def work():
    c.execute(f'''COPY (SELECT * FROM read_json('{sys.argv[1]}', format='newline_delimited',
      columns={{'user':'VARCHAR','favoritecaptain':'VARCHAR','rating':'INTEGER','timestamp':'DOUBLE'}}))
      TO '{sys.argv[2]}/duckdb.parquet' (FORMAT parquet, COMPRESSION snappy)''')
    import os; return os.path.getsize(sys.argv[2] + '/duckdb.parquet')
measured(work)
"""

POLARS_CONVERT = PRELUDE + """
import polars as pl
schema = {"user": pl.String, "favoritecaptain": pl.String, "rating": pl.Int32, "timestamp": pl.Float64}
def work():
    pl.scan_ndjson(sys.argv[1], schema=schema).sink_parquet(sys.argv[2] + "/polars.parquet", compression="snappy")
measured(work)
"""

PYARROW_CONVERT = PRELUDE + """
import pyarrow.json as pj, pyarrow.parquet as pq
def work():
    table = pj.read_json(sys.argv[1], read_options=pj.ReadOptions(use_threads=False))
    pq.write_table(table, sys.argv[2] + "/pyarrow.parquet", compression="snappy")
measured(work)
"""


def pinned(command, cores):
    return ["taskset", "-c", "0" if cores == 1 else "0,1", *command]


def ours(measure, *arguments):
    def run(cores):
        process = subprocess.Popen(pinned([measure, *arguments], cores), stdout=subprocess.PIPE, text=True)
        import time
        begun = time.perf_counter()
        note = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"{measure} {arguments} failed")
        wall = time.perf_counter() - begun
        return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, note.strip()
    return run


def peer(script, *arguments):
    def run(cores):
        command = pinned([sys.executable, "-c", script, *arguments], cores)
        out = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "POLARS_MAX_THREADS": str(cores)})
        if out.returncode:
            return None
        return eval(out.stdout.strip().splitlines()[-1])
    return run


def table(title, unit, amount, cores, cases):
    results = {name: [] for name, _, _ in cases}
    for _ in range(ROUNDS):
        for name, run, _ in cases:
            result = run(cores)
            if result:
                results[name].append(result)
    print(f"\n### {title} ({'one core' if cores == 1 else 'two cores'}, median of {ROUNDS})\n")
    print(f"| | CPU s | {unit} per CPU-s | wall s | peak MB |\n|---|---:|---:|---:|---:|")
    for name, _, share in cases:
        rows = results[name]
        if not rows:
            print(f"| {name} | could not run | | | |")
            continue
        cpu, wall, peak = (statistics.median(row[i] for row in rows) for i in range(3))
        print(f"| {name} | {cpu:.2f} | {amount * share / cpu:,.2f} | {wall:.2f} | {peak:.0f} |")


def main():
    measure = sys.argv[1]
    base = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=base) as folder:
        ndjson, out, many = f"{folder}/ratings.ndjson", f"{folder}/out", f"{folder}/many"
        os.makedirs(out)
        records = str(RECORDS)
        table("Generate JSON", "M records", RECORDS / 1e6, 1, [
            ("captain-ratings, a clock reading each", ours(measure, "generate", records), 1),
            ("captain-ratings, a reading for each 500", ours(measure, "generate-shared", records), 1),
            ("Polars, columns and write_ndjson", peer(POLARS_GENERATE, records), 1),
            ("the tutorial's loop (Faker, json.dumps)", peer(TUTORIAL, str(RECORDS // 100)), 0.01),
        ])
        write_ndjson(measure, ndjson)
        megabytes = os.path.getsize(ndjson) / 1e6
        table(f"JSON to Snappy Parquet, {megabytes:.0f} MB of JSON", "MB of JSON", megabytes, 1, [
            ("firehose-delivery", ours(measure, "convert", ndjson, out), 1),
            ("DuckDB COPY", peer(DUCKDB_CONVERT, ndjson, out, "1"), 1),
            ("Polars scan_ndjson, sink_parquet", peer(POLARS_CONVERT, ndjson, out), 1),
            ("pyarrow", peer(PYARROW_CONVERT, ndjson, out), 1),
        ])
        sizes = sum(os.path.getsize(f"{out}/{f}") for f in os.listdir(out) if f[0] == "0")
        print(f"\nSizes: firehose-delivery {sizes / 1e6:.1f} MB, DuckDB {os.path.getsize(out + '/duckdb.parquet') / 1e6:.1f} MB, "
              f"Polars {os.path.getsize(out + '/polars.parquet') / 1e6:.1f} MB, pyarrow {os.path.getsize(out + '/pyarrow.parquet') / 1e6:.1f} MB.")
        table("Generator, producer, delivery stream, files", "M records", RECORDS / 1e6, 2, [
            ("embedded", ours(measure, "embedded", records, f"{folder}/embedded"), 1),
        ])
        examples = os.path.join(os.path.dirname(measure), "examples")
        if os.path.exists(os.path.join(examples, "read_figures")):
            import reading
            subprocess.run([measure, "embedded", records, many], check=True, stdout=subprocess.DEVNULL)
            files = sum(len(names) for _, _, names in os.walk(many))
            reading.table(f"{files} files, {RECORDS:,} rows, all columns", many, reading.on_disk(examples))
            reading.tables(examples)


def write_ndjson(measure, path):
    """Ratings as the tutorial prints them, with a newline each, by our own producer."""
    producer = os.path.join(os.path.dirname(measure), "captains-producer")
    with open(path, "w") as out:
        subprocess.run([producer, "--quiet", "--style", "python", "--seed", "7", "-n", str(RECORDS)], check=True, stdout=out)


if __name__ == "__main__":
    main()
