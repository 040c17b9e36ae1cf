"""Writes the same five rows by other writers, in every codec, encoding and spelling that they have.

    python3 -m venv venv && venv/bin/pip install pyarrow==25.0.1 polars==2.1.0 duckdb==2.0.0
    venv/bin/python make.py

The files are kept beside this script; `foreign.rs` reads them.
"""

import datetime as dt
import os

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS = 5
IDS = list(range(ROWS))
TEXTS = ["Neil Armstrong", "Jean-Luc Picard", None, "", "Kathryn Janeway \u00e4\u6f22"]
REALS = [0.0, -1.5, None, 1e300, 0.1]
TIMES = [dt.datetime(2022, 1, 8, 6, 21, 22, 123456 + n) for n in IDS]
TAGS = [["a", "b"], [], None, ["c", None], ["d"]]


def path(name):
    return os.path.join(HERE, name + ".parquet")


def table(**change):
    columns = {
        "id": pa.array(IDS, pa.int32()),
        "text": pa.array(TEXTS, pa.string()),
        "real": pa.array(REALS, pa.float64()),
        "at": pa.array(TIMES, pa.timestamp("us")),
        "tags": pa.array(TAGS, pa.list_(pa.string())),
    }
    columns.update(change)
    return pa.table(columns)


def by_pyarrow():
    for codec in ["none", "snappy", "gzip", "brotli", "zstd", "lz4"]:
        pq.write_table(table(), path(f"pyarrow-{codec}"), compression=codec)
    for version in ["1.0", "2.4", "2.6"]:
        for page in ["1.0", "2.0"]:
            pq.write_table(table(), path(f"pyarrow-v{version}-page{page}"), version=version, data_page_version=page,
                           coerce_timestamps="us")
    for name, encoding in [
        ("plain", {c: "PLAIN" for c in ["id", "text", "real", "at"]}),
        ("delta", {"id": "DELTA_BINARY_PACKED", "text": "DELTA_BYTE_ARRAY", "at": "DELTA_BINARY_PACKED"}),
        ("delta-length", {"text": "DELTA_LENGTH_BYTE_ARRAY"}),
        ("split", {"real": "BYTE_STREAM_SPLIT", "id": "BYTE_STREAM_SPLIT", "at": "BYTE_STREAM_SPLIT"}),
    ]:
        pq.write_table(table(), path(f"pyarrow-{name}"), use_dictionary=False, column_encoding=encoding)
    flags = pa.array([True, False, None, True, True])
    pq.write_table(table(flag=flags), path("pyarrow-rle-boolean"), use_dictionary=["text"], data_page_version="2.0",
                   column_encoding={"flag": "RLE"})
    pq.write_table(table(), path("pyarrow-int96"), use_deprecated_int96_timestamps=True)
    pq.write_table(table(), path("pyarrow-list-item"), use_compliant_nested_type=False)
    pq.write_table(table(), path("pyarrow-list-element"), use_compliant_nested_type=True)
    pq.write_table(table(), path("pyarrow-checksums"), write_page_checksum=True)
    pq.write_table(table(), path("pyarrow-page-index"), write_page_index=True, row_group_size=2)
    pq.write_table(table(), path("pyarrow-no-arrow-schema"), store_schema=False, write_statistics=False)
    pq.write_table(table(text=pa.array(TEXTS).dictionary_encode()), path("pyarrow-dictionary"))
    pq.write_table(table(text=pa.array(TEXTS, pa.large_string()), tags=pa.array(TAGS, pa.large_list(pa.large_string()))),
                   path("pyarrow-large"))
    pq.write_table(table(at=pa.array(TIMES, pa.timestamp("us", "UTC"))), path("pyarrow-utc"))


def by_polars():
    frame = pl.from_arrow(table())
    for codec in ["uncompressed", "snappy", "gzip", "brotli", "zstd", "lz4"]:
        frame.write_parquet(path(f"polars-{codec}"), compression=codec)
    frame.with_columns(pl.col("text").cast(pl.Categorical)).write_parquet(path("polars-categorical"), row_group_size=2)


def by_duckdb():
    base = duckdb.connect()
    base.register("rows", table())
    for codec in ["uncompressed", "snappy", "gzip", "brotli", "zstd", "lz4", "lz4_raw"]:
        base.execute(f"COPY rows TO '{path('duckdb-' + codec)}' (FORMAT parquet, COMPRESSION {codec})")
    base.execute(f"COPY rows TO '{path('duckdb-v2')}' (FORMAT parquet, PARQUET_VERSION v2)")


def encrypted():
    """What nobody without the key can read, to see it refused."""
    import pyarrow.parquet.encryption as pe

    class Plain(pe.KmsClient):
        def __init__(self, _):
            super().__init__()

        def wrap_key(self, key, _):
            return key.hex()

        def unwrap_key(self, wrapped, _):
            return bytes.fromhex(wrapped)

    factory = pe.CryptoFactory(Plain)
    config = pe.EncryptionConfiguration(footer_key="f", column_keys={"k": ["text"]})
    connection = pe.KmsConnectionConfig()
    properties = factory.file_encryption_properties(connection, config)
    with pq.ParquetWriter(path("refused-encrypted"), table().schema, encryption_properties=properties) as writer:
        writer.write_table(table())


def checksums():
    """A thousand rows with a checksum on every page, for `mutants.rs`."""
    os.makedirs(os.path.join(HERE, "checksums"), exist_ok=True)
    numbers = range(1000)
    rows = pa.table({
        "user": [f"user {n}" for n in numbers],
        "favoritecaptain": [TEXTS[n % 2] for n in numbers],
        "rating": pa.array(numbers, pa.int32()),
        "timestamp": [float(n) for n in numbers],
    })
    pq.write_table(rows, path("checksums/a"), write_page_checksum=True, compression="snappy")


for old in os.listdir(HERE):
    if old.endswith(".parquet"):
        os.remove(os.path.join(HERE, old))
by_pyarrow()
by_polars()
by_duckdb()
encrypted()
checksums()
