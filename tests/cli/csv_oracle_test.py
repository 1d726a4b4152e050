#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CSV in every usual dress is read as Python's csv module reads it: separators, quoting, line ends, headers, encodings."""

import codecs
import csv
import io
import itertools
import json
import math
import os
import random
import struct
import unittest
from pathlib import Path

from program import PROGRAM, ProgramTest

DUMP = os.environ.get("DGA_DUMP_SAMPLES", str(Path(PROGRAM).parent / "dump_samples"))
NAMES = {
    "plain": ["length", "width", "label"],
    "odd": ["size, cm", 'the "w;h"', "class\nof it"],
    "numbers": ["0", "1", "2"],
    None: None,
}
LABELS = {"integers": ["0", "7", "-3"], "texts": ["Iris-setosa", 'say "a, b"', "grün;blau"]}
QUOTING = {"minimal": csv.QUOTE_MINIMAL, "all": csv.QUOTE_ALL, "nonnumeric": csv.QUOTE_NONNUMERIC}
ENCODINGS = {"utf-8": b"", "utf-8-sig": b"", "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}


def table(labels):
    """Rows as they are meant: two numbers as text, and a label."""
    draw = random.Random(7)
    rows = [[f"{draw.uniform(-9, 9):.4g}", str(draw.randint(-99, 99)), labels[i % len(labels)]] for i in range(12)]
    rows[3][0] = "1e-3"
    return rows


def f32(text):
    return struct.unpack("f", struct.pack("f", float(text)))[0]


class CsvOracleTest(ProgramTest):
    def dump(self, files, *options):
        """What dga reads from each of the files."""
        done = self.dga(*options, *files, command=(DUMP,))
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_every_dress_is_read_as_the_csv_module_reads_it(self):
        files, wanted = [], []
        dresses = itertools.product(",;\t", QUOTING, ["\n", "\r\n", "\r"], NAMES, ENCODINGS, LABELS,
                                    ["", "\n", "\n \n", "sep"])
        for number, dress in enumerate(dresses):
            separator, quoting, line_end, header, encoding, kind, before = dress
            if line_end == "\r" and header == "odd":
                continue  # the names of the columns have a line end of their own
            names, rows = NAMES[header], table(LABELS[kind])
            text = io.StringIO()
            writer = csv.writer(text, delimiter=separator, quoting=QUOTING[quoting], lineterminator=line_end)
            if names:
                writer.writerow(names)
            writer.writerows([[float(a) if quoting == "nonnumeric" else a, b, c] for a, b, c in rows])
            lead = f"sep={separator}{line_end}" if before == "sep" else before.replace("\n", line_end)
            path = self.folder / f"{number}.csv"
            path.write_bytes(ENCODINGS[encoding] + (lead + text.getvalue()).encode(encoding))
            # The oracle reads the bytes again.
            body = io.StringIO(text.getvalue(), newline="")
            records = list(csv.reader(body, delimiter=separator))
            head, records = (records[0], records[1:]) if names else (None, records)
            files.append(path.name)
            wanted.append((dress, head, [([f32(a), f32(b)], int(c) if kind == "integers" else c)
                                         for a, b, c in records]))
        self.assertGreater(len(files), 1500)
        for read, (dress, head, rows) in zip(self.dump(files), wanted, strict=True):
            with self.subTest(dress=dress):
                self.assertNotIn("error", read)
                self.assertEqual([(row["features"], row["label"]) for row in read["rows"]], rows)
                if head:
                    self.assertEqual([name for name, _ in read["columns"]], head)

    def test_places_count_the_line_ends_within_quotes(self):
        self.write("a.csv", 'note,x,label\n"one\ntwo",1,a\n\n'.replace("\n\n", "\n") + 'plain,2,b\n"three\n\n",3,a\n')
        read, = self.dump(["a.csv"], "--drop", "note")
        self.assertEqual([row["place"] for row in read["rows"]], ["a.csv:2", "a.csv:4", "a.csv:5"])

    def test_decimal_commas_are_numbers_when_asked_for(self):
        draw = random.Random(3)
        values = [(draw.uniform(-1e4, 1e4), draw.uniform(-1, 1), i % 2) for i in range(50)]
        files = []
        for separator, quote in itertools.product(";\t", (True, False)):
            lines = ["a{0}b{0}label".format(separator)]
            for a, b, label in values:
                cells = [f"{x:.6g}".replace(".", ",") for x in (a, b)]
                lines.append(separator.join([*(f'"{c}"' if quote else c for c in cells), str(label)]))
            files.append(self.write(f"{len(files)}.csv", lines).name)
        for read in self.dump(files, "--decimal", ","):
            self.assertEqual([(row["features"], row["label"]) for row in read["rows"]],
                             [([f32(f"{a:.6g}"), f32(f"{b:.6g}")], label) for a, b, label in values])

    def test_missing_values_are_dropped_or_left_for_the_mean(self):
        draw = random.Random(5)
        words = ["", "NA", "nan", "?", "NaN", "null", "None", "N/A", "#N/A", "<NA>", " "]
        rows = [[str(draw.randint(0, 9)), str(draw.randint(0, 9)), str(i % 2)] for i in range(60)]
        whole = [list(row) for row in rows]
        for i in range(0, 60, 4):
            rows[i][draw.randint(0, 1)] = draw.choice(words)
        self.write("a.csv", ["a,b,label", *(",".join(row) for row in rows)])
        complete = [i for i in range(60) if i % 4]
        read, = self.dump(["a.csv"], "--missing", "drop")
        self.assertEqual([(row["features"], row["place"]) for row in read["rows"]],
                         [([f32(x) for x in whole[i][:2]], f"a.csv:{i + 2}") for i in complete])
        read, = self.dump(["a.csv"], "--missing", "mean")
        self.assertEqual(len(read["rows"]), 60)
        for i, row in enumerate(read["rows"]):
            for x, text in zip(row["features"], rows[i]):
                # JSON has no NaN: it is written as null.
                self.assertEqual(x, None if text.strip() in words else f32(text))
        read, = self.dump(["a.csv"])
        self.assertRegex(read["error"], r"^a\.csv:2: expected a value in field [12] of 3 \([ab]\), found .*"
                                        r"Fill it in, or use --missing drop, or mean for numbers\.$")

    def test_unix_times_keep_their_differences(self):
        times = [1.7e9 + 7 * i + 0.25 * (i % 4) for i in range(200)]
        self.write("a.csv", ["t,label", *(f"{t},{i % 2}" for i, t in enumerate(times))])
        read, = self.dump(["a.csv"])
        for row, time in zip(read["rows"], times, strict=True):
            self.assertTrue(math.isclose(row["features"][0], time, abs_tol=1e-3), (row, time))

    def test_categories_become_one_feature_each(self):
        cities = ["Rome", "Oslo", "Lima, Peru", "Rome", "Oslo"]
        self.write("a.csv", ["x,city,label", *(f'{i},"{city}",{i % 2}' for i, city in enumerate(cities))])
        read, = self.dump(["a.csv"], "--one-hot", "city")
        order = sorted(set(cities))
        self.assertEqual([row["features"] for row in read["rows"]],
                         [[i, *(float(city == each) for each in order)] for i, city in enumerate(cities)])


if __name__ == "__main__":
    unittest.main()
