#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The inputs and situations of ../shared/cases that once went wrong: each case's command, and what must come of it.

A case is a folder with its input and the file `cmd`. Where ../shared is absent, these tests are skipped. The case
python_frames is run by python/tests/test_cases.py.
"""

import inspect
import json
import os
import re
import shutil
import subprocess
import unittest

from program import PROGRAM, SOURCE, ProgramTest

CASES = SOURCE.parent / "shared" / "cases"
WITHOUT_MPI = os.environ.get("DGA_MPI", "OFF") != "ON"


@unittest.skipUnless(CASES.is_dir(), "no ../shared/cases beside this checkout")
class CasesTest(ProgramTest):
    def case(self, prepare=lambda folder: None):
        """Runs the command of the case that the calling test is named after; what it printed, as one text."""
        name = inspect.stack()[1].function.removeprefix("test_")
        shutil.copytree(CASES / name, self.folder, dirs_exist_ok=True)
        for path in [self.folder, *self.folder.rglob("*")]:
            path.chmod(path.stat().st_mode | 0o200)  # the original may be read-only
        prepare(self.folder)
        self.done = subprocess.run(
            ["bash", "cmd"], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, "DGA": PROGRAM, "OMPI_MCA_btl_vader_single_copy_mechanism": "none"}, text=True, timeout=100,
            check=False)
        return self.done.stdout

    def messages(self, printed):
        return [line for line in printed.splitlines() if line.startswith("dga: ")]

    def results(self):
        return json.loads((self.folder / "out/results.json").read_text(encoding="utf-8"))

    def expect_trained(self, printed, *lines):
        """The run of five epochs ended well, said nothing but progress, and printed these lines."""
        self.assertEqual((self.done.returncode, self.messages(printed)), (0, []), printed)
        self.assertIn("epoch 5/5", printed)
        self.assertIn("mean", self.results()["error"])
        for line in lines:
            self.assertIn(line, printed.splitlines())

    def dataset(self):
        return json.loads((self.folder / "out/config.json").read_text(encoding="utf-8"))["dataset"]

    def expect_nothing_hidden(self):
        self.assertEqual([path.name for path in (self.folder / "out").iterdir()
                          if path.name.startswith(".") or "tmp" in path.name], [])

    def test_every_case_has_a_test(self):
        for case in CASES.iterdir():
            if (case / "cmd").exists() and case.name != "python_frames":
                self.assertTrue(hasattr(self, f"test_{case.name}"), case.name)

    # --- CSV ----------------------------------------------------------------------------------------------------------

    def expect_two_plain_columns(self, printed):
        self.expect_trained(printed, "label       label", "features    2", "classes     2: 0 (20), 1 (20)")

    def test_quoted_numbers(self):
        self.expect_two_plain_columns(self.case())

    def test_utf16(self):
        self.expect_two_plain_columns(self.case())

    def test_excel_sep_line(self):
        self.expect_two_plain_columns(self.case())

    def test_leading_blank_line(self):
        self.expect_two_plain_columns(self.case())

    def test_string_labels(self):
        self.expect_trained(self.case(), "label       species", "classes     2: setosa (20), virginica (20)")

    def test_numeric_header(self):
        printed = self.case()
        self.assertEqual(len(self.messages(printed)), 1, printed)
        self.assertIn("data.csv:1: the first line counts from 0 and is taken for a header", printed)
        card = json.loads((self.folder / "out/model.json").read_text(encoding="utf-8"))
        self.assertEqual(card["class_names"], ["0", "1"])
        self.assertEqual([each["samples"] for each in self.dataset()["classes"]], [20, 20])

    def test_label_first_named_label(self):
        self.assertIn("label       label (10 classes)", self.case().splitlines())

    def test_timestamp_feature(self):
        self.assertRegex(self.case(), r"(?m)^mean error  0 on 8 held-out samples$")

    # --- Columns of the model -----------------------------------------------------------------------------------------

    def predictions(self, data):
        done = self.dga("predict", "--model", "out", "--data", data)
        self.assertEqual((done.returncode, done.stderr), (0, "error 0.175 over 40 samples\n"), done)
        return done.stdout

    def test_predict_swapped_columns(self):
        self.case()
        self.assertEqual(self.predictions("new.csv"), self.predictions("train.csv"))

    def test_test_swapped_columns(self):
        self.case()
        swapped = self.results()
        shutil.rmtree(self.folder / "out")
        done = self.dga("train", "--epochs", "5", "--output", "out", "--data", "train.csv", "--test-data", "train.csv")
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(swapped["error"], self.results()["error"])

    def test_predict_forgets_label(self):
        lines = [line for line in self.case().splitlines() if "," in line]
        self.assertEqual(len(lines), 2)
        self.assertEqual(lines[0], lines[1])

    def test_predict_nan(self):
        printed = self.case()
        self.assertEqual(len(self.messages(printed)), 1, printed)
        self.assertIn("dga: new.csv:2: expected a finite prediction, found nan.", printed)
        self.assertTrue(printed.endswith("rc=1\n"), printed)

    # --- Folders ------------------------------------------------------------------------------------------------------

    def test_dangling_symlink(self):
        def make_link(folder):  # whatever became of it on the way here
            (folder / "data/b.csv").unlink()
            (folder / "data/b.csv").symlink_to("../not-fetched/b.csv")

        printed = self.case(make_link)
        self.assertEqual(len(printed.splitlines()), 1, printed)
        self.assertRegex(printed, r"^dga: data/b\.csv: .*link")
        self.assertFalse((self.folder / "out").exists())

    def test_val_file_trained_on(self):
        self.assertIn("files       train: data/train.csv; validation: data/val.csv", self.case())
        self.assertEqual(self.results()["samples"]["train"] + self.results()["samples"]["test"], 40)
        self.assertEqual(self.results()["samples"]["validation"], 40)

    def test_emnist_mapping_file(self):
        printed = self.case()
        self.expect_trained(printed, "classes     2: 0 (20), 1 (20)")
        self.assertIn("class names: data/emnist-mini-mapping.txt", printed)

    # --- Ranks --------------------------------------------------------------------------------------------------------

    @unittest.skipIf(WITHOUT_MPI, "dga was built without MPI")
    def test_mpi_ranks_differ_lr(self):
        printed = self.case()
        self.assertEqual(self.messages(printed),
                         ["dga: [launch] lr: expected the same on all ranks, found 0.003 on rank 0 and 0.1 on rank 1. Start "
                          "all ranks with the same options."])
        self.assertFalse((self.folder / "out").exists())

    @unittest.skipIf(WITHOUT_MPI, "dga was built without MPI")
    def test_mpi_rank1_usage_error_silent(self):
        self.assertEqual(self.case(), "1\n")

    @unittest.skipIf(WITHOUT_MPI, "dga was built without MPI")
    def test_mpi_predict_twice(self):
        samples = len((CASES / "mpi_predict_twice/a.csv").read_text(encoding="utf-8").splitlines()) - 1
        self.assertEqual(self.case().splitlines()[-1], str(samples + 1))

    # --- The run and its surroundings ---------------------------------------------------------------------------------

    def test_closed_stdout_processes(self):
        self.assertEqual((self.case(), self.done.returncode), ("", 0))
        self.assertIn("mean", self.results()["error"])
        for name in ("config.json", "metrics.jsonl", "model.json", "model.safetensors", "report.html"):
            self.assertNotIn(b"epoch 1/5", (self.folder / "out" / name).read_bytes(), name)

    def test_dumb_terminal(self):
        printed = self.case()
        self.assertIn("files       train: data.csv", printed)
        self.assertNotIn("^[", printed)

    def test_huge_hidden_text(self):
        lines, words, characters = map(int, self.case().split())
        self.assertEqual(lines, 1)
        self.assertLess(words, 40)
        self.assertLess(characters, 240)
        done = self.dga("train", "--data", "data.csv", "--hidden", "1000000,1000000", "--output", "out")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^dga: .*expected room for [\d.]+ TiB .*, found [\d.]+ [GM]iB available\..*--hidden")

    def expect_stopped(self, printed, signal):
        saved = re.search(r"dga: \[train\] run: expected \d+ steps, found signal (.+) after step \d+\. The model and "
                          r"the results after epoch (\d+) are in out\.", printed)
        self.assertTrue(saved, printed)
        self.assertEqual(saved[1], signal)
        results = self.results()
        self.assertEqual((results["stopped"], len(results["epochs"])), (True, int(saved[2])))
        self.assertTrue((self.folder / "out/model.safetensors").exists())
        self.expect_nothing_hidden()

    def test_hangup_leaves_file(self):
        self.expect_stopped(self.case(), "1 (Hangup)")

    def test_term_saves_no_model(self):
        printed = self.case()
        self.assertIn("rc=3", printed.splitlines())
        self.expect_stopped(printed, "15 (Terminated)")


if __name__ == "__main__":
    unittest.main()
