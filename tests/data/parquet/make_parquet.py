#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the Parquet files that tests/data/parquet_test.cpp reads.

    scripts/setup parquet
    .deps/arrow/bin/python tests/data/parquet/make_parquet.py
"""

import base64
import datetime
import decimal
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

HERE = Path(__file__).resolve().parent
DAY = datetime.date(1970, 1, 3)
MOMENT = datetime.datetime(1970, 1, 1, 0, 1, 0, 250_000)


def write(name, columns, metadata=None, **options):
    table = pa.table(columns)
    pq.write_table(table.replace_schema_metadata(metadata), HERE / f"{name}.parquet", **options)


def pandas(*index):
    """What pandas keeps in the file about its index."""
    return {"pandas": json.dumps({"index_columns": list(index), "columns": []})}


class PlainKeys(pe.KmsClient):
    """Hides nothing: keys are wrapped by writing them down."""

    def __init__(self, _):
        super().__init__()

    def wrap_key(self, key, _):
        return base64.b64encode(key)

    def unwrap_key(self, key, _):
        return base64.b64decode(key)


def write_encrypted(name, plaintext_footer):
    factory = pe.CryptoFactory(PlainKeys)
    configuration = pe.EncryptionConfiguration(footer_key="f", column_keys={"c": ["a"]}, plaintext_footer=plaintext_footer)
    table = pa.table({"a": [1.0, 2.0], "y": [0, 1]})
    properties = factory.file_encryption_properties(pe.KmsConnectionConfig(), configuration)
    with pq.ParquetWriter(HERE / f"{name}.parquet", table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)


def main():
    # Every type that is a number: the values of three rows are those that parquet_test.cpp names.
    write("types", {
        "i8": pa.array([-1, 2, 3], pa.int8()), "u8": pa.array([255, 2, 3], pa.uint8()),
        "u16": pa.array([65535, 2, 3], pa.uint16()), "u32": pa.array([4294967295, 4294967294, 4294967293], pa.uint32()),
        "i32": pa.array([-2147483648, -2147483647, -2147483646], pa.int32()), "i64": pa.array([-9007199254740992, -9007199254740990, -9007199254740988], pa.int64()),
        "u64": pa.array([2**64 - 1] * 3, pa.uint64()), "f16": pa.array([0.5, -65504.0, 6e-8], pa.float16()),
        "f32": pa.array([0.1, -3.4028234663852886e38, 1e-45], pa.float32()),
        "f64": pa.array([0.1, 1 + 2**-24, 1e-60], pa.float64()), "bool": pa.array([True, False, True]),
        "d32": pa.array([decimal.Decimal("1.25"), decimal.Decimal("-0.50"), decimal.Decimal("99.99")], pa.decimal128(4, 2)),
        "d256": pa.array([decimal.Decimal("1e-40"), decimal.Decimal(-2), decimal.Decimal(3)], pa.decimal256(60, 40)),
        "date": pa.array([DAY, DAY, None], pa.date32()),
        "ms": pa.array([MOMENT] * 3, pa.timestamp("ms")), "ns": pa.array([MOMENT] * 3, pa.timestamp("ns", tz="UTC")),
        "time": pa.array([datetime.time(0, 0, 1, 500_000)] * 3, pa.time64("us")),
        "y": pa.array([0, 1, 0], pa.int32())}, version="2.6")
    write("int96", {"t": pa.array([MOMENT, MOMENT], pa.timestamp("ns")), "y": [0, 1]}, use_deprecated_int96_timestamps=True)
    # Texts as labels and categories, in every way that Arrow stores them.
    write("texts", {
        "city": pa.array(["Oslo", "Bern", "Oslo"]).dictionary_encode(), "large": pa.array(["1", "2.5", "3"], pa.large_string()),
        "flag": [True, False, True], "kind": pa.array(["x", "y", "x"], pa.string())})
    write("labels", {"a": [1.0, 2.0, 3.0], "label": [True, False, True]})
    write("missing", {"a": pa.array([1.0, None, 3.0, 4.0]), "b": pa.array(["1", "2", "", "4"]), "n": pa.array([None] * 4, pa.null()),
                      "k": pa.array(["p", "q", "p", "only here"]), "label": pa.array([0, 1, 0, None])}, row_group_size=3)
    write("nested", {"list": pa.array([[1.0], [2.0, 3.0]]), "map": pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int32())),
                     "struct": [{"p": 1, "q": 2}, {"p": 3, "q": 4}], "bytes": pa.array([b"a", b"b"]),
                     "a": [0.5, 1.5], "y": [0, 1]})
    write("index", {"a": [1.0, 2.0], "y": [0, 1], "__index_level_0__": [10, 11]}, pandas("__index_level_0__"))
    write("range", {"a": [1.0, 2.0], "y": [0, 1]}, pandas({"kind": "range", "start": 0, "stop": 2, "step": 1}))
    write("names", {"café, au lait": [1.0, 2.0], "": [3.0, 4.0], "y": [0, 1]})
    twice = pa.table([pa.array([1.0, 2.0]), pa.array([3.0, 4.0]), pa.array([0, 1])], names=["a", "a", "y"])
    pq.write_table(twice, HERE / "twice.parquet")
    write("groups", {"a": [float(i) for i in range(10)], "b": [float(-i) for i in range(10)], "y": [i % 2 for i in range(10)]},
          row_group_size=3)
    write("none", {"a": pa.array([], pa.float64()), "y": pa.array([], pa.int32())})
    with pq.ParquetWriter(HERE / "no_groups.parquet", pa.schema({"a": pa.float64(), "y": pa.int32()})):
        pass
    for codec in ("snappy", "gzip", "brotli", "zstd", "lz4", "none"):
        write(f"codec_{codec}", {"a": [1.0, 2.0] * 8, "y": [0, 1] * 8}, compression=codec, write_page_checksum=codec == "none")
    write_encrypted("encrypted", plaintext_footer=False)
    write_encrypted("encrypted_column", plaintext_footer=True)


if __name__ == "__main__":
    main()
