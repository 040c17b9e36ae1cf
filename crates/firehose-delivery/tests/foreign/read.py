"""Reads what the delivery stream wrote with readers of other people's making.

    read.py FOLDER

FOLDER holds `expected.json` (rows, in plain words), Parquet files that all hold these rows, and
raw objects that all hold `raw.bin`. Every Parquet file is read by pyarrow, DuckDB and Polars and
compared value by value; every raw object is undone by its own decoder.
"""

import datetime
import decimal
import gzip
import json
import math
import pathlib
import sys
import zipfile

import duckdb
import kafka.codec
import polars
import pyarrow.parquet
import snappy

EPOCH = datetime.datetime(1970, 1, 1)


def plain(value, kind):
    """The value in the words of `expected.json`, by its Glue type."""
    if value is None:
        return None
    if isinstance(kind, list):
        return [plain(item, kind[0]) for item in value]
    if isinstance(kind, dict) and "key" in kind:
        pairs = value.items() if isinstance(value, dict) else [pair(entry) for entry in value]
        return sorted([str(plain(key, kind["key"])), plain(item, kind["value"])] for key, item in pairs)
    if isinstance(kind, dict):
        return {name: plain(value[name], member) for name, member in kind.items()}
    if kind == "decimal":
        return str(decimal.Decimal(value))
    if kind == "timestamp":
        value = value.replace(tzinfo=None) if value.tzinfo is None else value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        return (value - EPOCH) // datetime.timedelta(microseconds=1)
    if kind == "date":
        return value.isoformat()
    if kind == "binary":
        return bytes(value).hex()
    if kind == "double" and math.isnan(value):
        return "NaN"
    if kind == "double" and math.isinf(value):
        return str(value)
    return value


def pair(entry):
    """Key and value of an entry of a map."""
    return (entry["key"], entry["value"]) if isinstance(entry, dict) else entry


def by_pyarrow(path):
    """Rows as pyarrow reads them: timestamps as microseconds, for Python has no more."""
    table = pyarrow.parquet.read_table(path, coerce_int96_timestamp_unit="us", partitioning=None)
    return table.to_pylist()


def by_duckdb(path):
    """Rows as DuckDB reads them."""
    relation = duckdb.sql(f"SELECT * FROM read_parquet('{path}')")
    return [dict(zip(relation.columns, row)) for row in relation.fetchall()]


def by_polars(path):
    """Rows as Polars reads them."""
    return polars.read_parquet(path, hive_partitioning=False).to_dicts()


RAW = {
    ".bin": lambda path: path.read_bytes(),
    ".gz": lambda path: gzip.decompress(path.read_bytes()),
    ".zip": lambda path: only_entry(path),
    ".xerial": lambda path: kafka.codec.snappy_decode(path.read_bytes()),
    ".hadoop": lambda path: snappy.HadoopStreamDecompressor().decompress(path.read_bytes()),
}


def only_entry(path):
    """The bytes of the only entry of a ZIP, its checksum verified."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        (name,) = archive.namelist()
        return archive.read(name)


def main():
    """Everything in the folder."""
    folder = pathlib.Path(sys.argv[1])
    expected = json.loads((folder / "expected.json").read_text())
    columns, rows = expected["columns"], expected["rows"]
    checked = 0
    files = sorted(folder.glob("*.parquet"))
    for path in files:
        for reader in (by_pyarrow, by_duckdb, by_polars):
            found = reader(path)
            assert len(found) == len(rows), (path.name, reader.__name__, len(found))
            for number, (row, wanted) in enumerate(zip(found, rows)):
                assert sorted(row) == sorted(columns), (path.name, reader.__name__, list(row))
                for name, kind in columns.items():
                    got = plain(row[name], kind)
                    where = (path.name, reader.__name__, number, name)
                    assert got == wanted[name], (*where, got, wanted[name])
                    checked += 1
    raw = (folder / "raw.bin").read_bytes()
    objects = sorted(folder.glob("raw.*"))
    for path in objects:
        assert RAW[path.suffix](path) == raw, path.name
        checked += 1
    assert len(files) == expected["files"] and len(objects) == len(RAW), (files, objects)
    print(f"checks passed: {checked}")


if __name__ == "__main__":
    main()
