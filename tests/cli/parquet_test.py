#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Parquet: tables that pyarrow wrote are read as the same tables in CSV, and commands take them as they take CSV."""

import json
import os
import subprocess
import unittest
from pathlib import Path

from program import DIGITS, PROGRAM, SOURCE, ProgramTest

DUMP = os.environ.get("DGA_DUMP_SAMPLES", str(Path(PROGRAM).parent / "dump_samples"))
PYTHON = SOURCE / ".deps" / "arrow" / "bin" / "python"
SEED = int(os.environ.get("DGA_SEED", "1"))
TABLES = 40


class ParquetTest(ProgramTest):
    def python(self, *arguments):
        done = subprocess.run([PYTHON, *map(str, arguments)], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def write_digits(self, path, rows_of_a_file=None):
        """The digits as Parquet: one file, or a folder as Spark writes it."""
        self.python("-c", "import sys, pyarrow as pa, pyarrow.csv, pyarrow.parquet as pq, pathlib\n"
                          "names = pa.csv.ReadOptions(autogenerate_column_names=True)\n"
                          "files = sorted(pathlib.Path(sys.argv[1]).glob('*.csv'))\n"
                          "table = pa.concat_tables(pa.csv.read_csv(file, names) for file in files)\n"
                          "path, rows = pathlib.Path(sys.argv[2]), int(sys.argv[3])\n"
                          "if not rows:\n"
                          "    pq.write_table(table, path, row_group_size=500)\n"
                          "else:\n"
                          "    path.mkdir()\n"
                          "    for i in range(0, table.num_rows, rows):\n"
                          "        pq.write_table(table.slice(i, rows), path / f'part-{i // rows:05}-c7a1-c000.snappy.parquet')\n"
                          "        (path / f'.part-{i // rows:05}-c7a1-c000.snappy.parquet.crc').write_bytes(b'crc')\n"
                          "    (path / '_SUCCESS').touch()\n",
                    DIGITS, path, rows_of_a_file or 0)

    def weights(self, *arguments, output="out"):
        done = self.dga("train", "--output", output, "--epochs", "2", "--hidden", "4", "--workers", "2", *arguments)
        self.assertEqual(done.returncode, 0, done)
        return json.loads((self.folder / output / "results.json").read_text(encoding="utf-8"))["weights_sha256"]

    def test_random_tables_are_read_as_the_same_tables_in_csv(self):
        self.python(Path(__file__).parent / "write_tables.py", self.folder, SEED, TABLES)
        for number, options in enumerate(json.loads((self.folder / "options.json").read_text(encoding="utf-8"))):
            with self.subTest(seed=SEED, table=number, options=options):
                done = self.dga(*options, f"{number}.parquet", f"{number}.csv", command=(DUMP,))
                parquet, csv = (json.loads(line) for line in done.stdout.splitlines())
                if "error" in csv:  # such as no sample without a missing value
                    self.assertIn("error", parquet)
                    continue
                self.assertNotIn("error", parquet)
                booleans = {name for name, _ in parquet["columns"]} - {name for name, _ in csv["columns"]}
                self.assertEqual(booleans, set())
                self.assertEqual(parquet["columns"], csv["columns"])
                for one, other in zip(parquet["rows"], csv["rows"], strict=True):
                    # NaN is not equal to itself.
                    self.assertEqual((str(one["features"]), one["label"]), (str(other["features"]), other["label"]))

    def test_a_run_from_parquet_has_the_weights_of_a_run_from_csv(self):
        self.write_digits("digits.parquet")
        self.write_digits("spark", 400)
        wanted = self.weights("--data", DIGITS)
        self.assertEqual(self.weights("--data", "digits.parquet", output="a"), wanted)
        self.assertEqual(self.weights("--data", "spark", output="b"), wanted)

    def test_numbers_that_f64_merges_are_named_with_their_column(self):
        self.python("-c", "import decimal, pyarrow as pa, pyarrow.parquet as pq\n"
                          "rows = range(40)\n"
                          "label = pa.array([row % 2 for row in rows])\n"
                          "start = 1_700_000_000_000_000_000\n"
                          "numbers = {\n"
                          "    'integers': pa.array([2**60 + row for row in rows]),\n"
                          "    'naturals': pa.array([2**64 - 1 - row for row in rows], pa.uint64()),\n"
                          "    'times': pa.array([start + row for row in rows], pa.timestamp('ns')),\n"
                          "    'decimals': pa.array([decimal.Decimal(10**25 + row) for row in rows], pa.decimal128(30, 2)),\n"
                          "    'texts': pa.array([str(10**25 + row) for row in rows]),\n"
                          "    'seconds': pa.array([start // 10**9 * 10**9 + row * 10**9 for row in rows], pa.timestamp('ns'))}\n"
                          "for name, column in numbers.items():\n"
                          "    pq.write_table(pa.table({name: column, 'label': label}), name + '.parquet', row_group_size=7)\n"
                          "labels = pa.array([('007', '7')[row % 2] for row in rows])\n"
                          "pq.write_table(pa.table({'a': pa.array(rows), 'label': labels}), 'labels.parquet')\n")
        for name in ("integers", "naturals", "times", "decimals", "texts"):
            done = self.dga("train", "--data", f"{name}.parquet", "--output", name, "--epochs", "1", "--hidden", "4")
            self.assertEqual(done.returncode, 0, done)
            self.assertEqual(done.stderr, f"dga: warning: {name}.parquet: column {name} has different values that are equal "
                                          "in f64, so the model cannot tell them apart. Leave an identifier out with "
                                          "--drop.\n")
        done = self.dga("train", "--data", "seconds.parquet", "--output", "seconds", "--epochs", "1", "--hidden", "4")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        self.expect_error(self.dga("train", "--data", "labels.parquet", "--output", "labels"), 1,
                          "labels.parquet: expected each label in one form, found \"007\" and \"7\"")

    def test_data_commands_and_predict_read_parquet(self):
        self.write_digits("digits.parquet")
        done = self.dga("data", "info", "digits.parquet")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        self.assertRegex(done.stdout, r"Parquet")
        self.assertRegex(done.stdout, r"1797|1,797")
        self.assertEqual(self.dga("data", "convert", "digits.parquet", "digits.csv").returncode, 0)
        self.assertEqual(self.dga("data", "split", "digits.parquet", "parts", "--to", "csv").returncode, 0)
        self.weights("--data", "digits.parquet")
        for name in ("digits.parquet", "digits.csv"):
            done = self.dga("predict", "--model", "out", "--data", name, "--output", f"{name}.txt")
            self.assertEqual(done.returncode, 0, done)
        self.assertEqual((self.folder / "digits.parquet.txt").read_bytes(), (self.folder / "digits.csv.txt").read_bytes())

    def test_hashes_are_those_of_the_systems_openssl(self):
        """libparquet of the wheel has an OpenSSL inside, which must not take the place of the other."""
        self.write_digits("digits.parquet")
        done = self.dga("data", "info", "digits.parquet", variables={"LD_DEBUG": "bindings", "LD_DEBUG_OUTPUT": "bindings"})
        self.assertEqual(done.returncode, 0, done)
        lines = next(self.folder.glob("bindings.*")).read_text(encoding="utf-8", errors="replace").splitlines()
        functions = [line for line in lines if "symbol `EVP_" in line]
        self.assertGreater(len(functions), 10)
        self.assertEqual([line for line in functions if "to /" in line and "libcrypto" not in line.split(" to ")[1]], [])

    def test_streaming_says_to_convert_first(self):
        self.write_digits("data")
        self.expect_refused(1, "data: expected a format that can be streamed (IDX, NPY, safetensors, CIFAR, LIBSVM, CSV), found "
                               "Parquet. Write the data in one with dga data convert, or leave --stream out.", "--stream", "--shard", "contiguous")


if __name__ == "__main__":
    unittest.main()
