#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Data that cannot be trained on: each ends with one line that names the place, and nothing is written."""

import os
import unittest

from program import PROGRAM, ProgramTest, rows


class BadDataTest(ProgramTest):
    def refuse_row(self, row, text, line=3):
        lines = rows()
        lines[line - 1] = row
        self.write("data/a.csv", lines)
        self.expect_refused(1, f"data/a.csv:{line}: expected {text}")

    def test_a_missing_folder(self):
        self.expect_refused(1, "data: expected a folder or a file with data, found nothing there. Check the path.")

    def test_an_empty_folder(self):
        (self.folder / "data").mkdir()
        self.expect_refused(1, "data: expected a folder with data files, found none in it")

    def test_an_unreadable_folder(self):
        self.write("data/a.csv", rows())
        command = ()
        if os.geteuid() == 0:
            # root reads everything, unless it gives the right to do so away
            command = ("setpriv", "--bounding-set=-dac_override,-dac_read_search",
                       "--inh-caps=-dac_override,-dac_read_search")
        os.chmod(self.folder / "data", 0)
        try:
            done = self.train(command=(*command, PROGRAM))
        finally:
            os.chmod(self.folder / "data", 0o755)
        self.expect_error(done, 1, "data: expected a readable folder, found \"Permission denied\"")
        self.assertEqual(self.contents(), ["data", "data/a.csv"])

    def test_binary_junk(self):
        self.write("data/a.bin", bytes((i * 37 + 11) % 256 for i in range(5000)))
        self.expect_refused(1, "data/a.bin: expected one of the formats IDX, PNG/JPEG, Parquet, NPY, NPZ, safetensors, CIFAR, LIBSVM, CSV, found \"\\x0b0Uz\\x9f")

    def test_an_empty_file(self):
        self.write("data/a.csv", b"")
        self.expect_refused(1, "data/a.csv: expected data (")

    def test_a_ragged_row(self):
        self.refuse_row("1,2,3,4,5", "3 fields")

    def test_a_short_row(self):
        self.refuse_row("1,0", "3 fields")

    def test_a_long_row(self):
        self.refuse_row("1,2,0,0", "3 fields")

    def test_an_empty_field(self):
        self.refuse_row("1,,0", "a value in field 2 of 3, found an empty field")

    def test_a_field_that_is_no_number(self):
        self.refuse_row("1,abc,0", "a number in column 2, found the text \"abc\"")

    def test_not_a_number(self):
        self.refuse_row("1,nan,0", "a value in field 2 of 3, found \"nan\"")

    def test_a_number_that_overflows(self):
        self.refuse_row("1,1e999,0", "a number of at most 3.4e38 in size in field 2 of 3, found \"1e999\"")

    def test_a_label_that_is_no_integer(self):
        self.refuse_row("1,2,0.5", "an integer label in field 3 of 3, found \"0.5\". To train on real-valued labels use "
                                   "--task regression.")

    def test_a_file_cut_in_its_last_row(self):
        lines = rows()
        self.write("data/a.csv", "\n".join(lines) + "\n3,1")
        self.expect_refused(1, f"data/a.csv:{len(lines) + 1}: expected 3 fields")

    def test_fewer_samples_than_workers(self):
        self.write("data/a.csv", rows(10))
        self.expect_refused(2, "expected at least one training sample per worker, found 8 training samples for 30 "
                            "workers", "--workers", "30")

    def test_one_class_only(self):
        self.write("data/a.csv", [f"{i},{i * i},1" for i in range(20)])
        self.expect_refused(1, "data: expected labels of at least 2 classes, found only 1 in all 20 samples")

    def test_another_scheme(self):
        done = self.dga("train", "--data", "http://host/x", "--output", "out")
        self.expect_error(done, 2, "swebhdfs, found the scheme \"http\"")
        self.assertEqual(self.contents(), [])

    def test_a_name_with_a_newline_stays_one_line(self):
        done = self.dga("train", "--data", "no\nsuch", "--output", "out")
        self.expect_error(done, 1, "no\\x0asuch: expected a folder or a file with data")
        self.assertEqual(self.contents(), [])


if __name__ == "__main__":
    unittest.main()
