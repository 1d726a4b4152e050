# SPDX-License-Identifier: Apache-2.0
"""Writes random tables as Parquet and as CSV, for parquet_test.py:

    write_tables.py FOLDER SEED COUNT

FOLDER/i.parquet and FOLDER/i.csv hold the same table, and FOLDER/options.json the options that either needs. Runs with the
Python of .deps/arrow, which has pyarrow and nothing else.
"""

import csv
import json
import random
import struct
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

WORDS = ["red", "green", "blue", "a, b", 'say "hi"', "naïve", "x y"]


def single(value):
    """The nearest f32."""
    return struct.unpack("f", struct.pack("f", value))[0]


def shortest(value):
    """The shortest decimal that reads back as this f32, as NumPy and pandas print it."""
    return next(text for digits in range(1, 10) if single(float(text := f"{value:.{digits}g}")) == value)


def column(draw, rows):
    """(Arrow's array, the texts of its cells in CSV, whether it is a text)"""
    kind = draw.choice(["f64", "f32", "i64", "i32", "u8", "bool", "text", "category", "numerals"])
    if kind == "f64":
        scale = draw.choice([1, 1e-3, 1e6])
        values = [draw.gauss(0, scale) for _ in range(rows)]
        return pa.array(values), [repr(x) for x in values], False
    if kind == "f32":
        values = [single(draw.gauss(0, 100)) for _ in range(rows)]
        return pa.array(values, pa.float32()), [shortest(x) for x in values], False
    if kind in ("i64", "i32", "u8"):
        low, high, arrow = {"i64": (-2**40, 2**40, pa.int64()), "i32": (-1000, 1000, pa.int32()), "u8": (0, 255, pa.uint8())}[kind]
        values = [draw.randint(low, high) for _ in range(rows)]
        return pa.array(values, arrow), [str(x) for x in values], False
    if kind == "bool":
        values = [draw.random() < 0.5 for _ in range(rows)]
        return pa.array(values), [str(x) for x in values], True
    if kind == "numerals":
        values = [str(draw.randint(0, 99)) for _ in range(rows)]
        return pa.array(values), values, False
    values = [draw.choice(WORDS) for _ in range(rows)]
    array = pa.array(values, draw.choice([pa.string(), pa.large_string()]))
    return array.dictionary_encode() if kind == "category" else array, values, True


def holes(draw, array, texts):
    """The same with some values missing."""
    mask = [draw.random() < 0.05 for _ in texts]
    values = [None if hole else value for hole, value in zip(mask, array.to_pylist())]
    kept = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    return pa.array(values, kept), ["" if hole else text for hole, text in zip(mask, texts)]


def table(draw, folder, number):
    rows, width = draw.randint(5, 300), draw.randint(1, 8)
    missing = draw.choice(["error", "error", "drop", "mean"])
    names, arrays, cells, one_hot = [], [], [], []
    for c in range(width):
        array, texts, is_text = column(draw, rows)
        name = f"c{c}" if draw.random() < 0.8 else f"name, {c}"
        if missing == "drop" or (missing == "mean" and not is_text):
            array, texts = holes(draw, array, texts)
        if is_text:
            one_hot.append(name)
        names.append(name)
        arrays.append(array)
        cells.append(texts)
    labels = [draw.randint(0, 3) for _ in range(rows)]
    kind = draw.choice(["integer", "text", "bool"])
    label = {"integer": labels, "text": [WORDS[x] for x in labels], "bool": [x > 1 for x in labels]}[kind]
    at = draw.randint(0, width)
    names.insert(at, "label")
    arrays.insert(at, pa.array(label))
    cells.insert(at, [str(x) for x in label])
    pq.write_table(pa.table(arrays, names=names), folder / f"{number}.parquet", row_group_size=draw.choice([7, 100, 10**6]),
                   compression=draw.choice(["snappy", "zstd", "none"]), use_dictionary=draw.random() < 0.7,
                   data_page_version=draw.choice(["1.0", "2.0"]), data_page_size=draw.choice([64, 2**20]))
    with open(folder / f"{number}.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(zip(*cells))
    quoted = ",".join('"' + name + '"' for name in one_hot)
    return ["--header", "yes", "--missing", missing] + (["--one-hot", quoted] if one_hot else [])


def main():
    folder, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    draw = random.Random(seed)
    options = [table(draw, folder, number) for number in range(count)]
    (folder / "options.json").write_text(json.dumps(options), encoding="utf-8")


if __name__ == "__main__":
    main()
