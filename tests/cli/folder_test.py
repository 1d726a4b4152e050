#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Folders with files of several uses: a run says what it used each file as, or refuses the folder."""

import json
import os
import socket
import unittest

from program import PROGRAM, ProgramTest, rows


def others(count):
    """Samples that rows() does not have."""
    return [f"{i % 7},{i % 5},{i % 2}" for i in range(count)]


class FolderTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("data/train.csv", rows())

    def read(self, name):
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def uses(self, run="out"):
        return {file["path"]: file["use"] for file in self.read(f"{run}/config.json")["dataset"]["files"]}

    def run_quietly(self, *arguments, **options):
        done = self.train("--quiet", *arguments, **options)
        self.assertEqual(done.returncode, 0, done)
        return done

    def weights(self, folder, *arguments):
        done = self.dga("train", "--data", "data", "--output", folder, "--epochs", "3", "--hidden", "4", "--quiet",
                        *arguments)
        self.assertEqual(done.returncode, 0, done)
        return self.read(f"{folder}/results.json")["weights_sha256"]

    def test_a_validation_file_changes_no_weights_and_nothing_that_is_held_out(self):
        plain = self.weights("plain")
        for name in ("val.csv", "X Dev2.csv"):
            path = self.write(f"data/{name}", others(20))
            self.assertEqual(self.weights(name), plain)
            path.unlink()
            results = self.read(f"{name}/results.json")
            self.assertEqual(results["samples"]["validation"], 20)
            self.assertEqual(results["samples"]["test"], self.read("plain/results.json")["samples"]["test"])
            self.assertEqual(results["val_error"], results["epochs"][-1]["val_error"])
            lines = (self.folder / name / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
            self.assertEqual([json.loads(line)["val_error"] for line in lines],
                             [epoch["val_error"] for epoch in results["epochs"]])
            self.assertEqual(self.uses(name), {"data/train.csv": "train", f"data/{name}": "validation"})
            self.assertIn("Validation error", (self.folder / name / "report.html").read_text(encoding="utf-8"))
        self.assertNotIn("val_error", (self.folder / "plain" / "results.json").read_text(encoding="utf-8"))

    def test_val_data_names_the_validation_set_on_each_engine(self):
        self.write("more/a.csv", others(20))
        errors = set()
        for engine in ("threads", "processes"):
            self.weights(engine, "--val-data", "more", "--engine", engine, "--workers", "3")
            errors.add(self.read(f"{engine}/results.json")["val_error"])
            self.assertEqual(self.uses(engine), {"data/train.csv": "train", "more/a.csv": "validation"})
        self.assertEqual(len(errors), 1)

    def test_notices_are_told_once_on_each_engine(self):
        self.write("data/train.csv~", "rubbish")
        self.write("data/test.csv", rows())
        launchers = {"threads": (), "processes": ()}
        if os.environ.get("DGA_MPI") == "ON":
            launchers["mpi"] = (*os.environ.get("DGA_MPIRUN", "").split(), "-n", "3")
        for engine, launcher in launchers.items():
            with self.subTest(engine):
                done = self.run_quietly("--engine", engine, "--workers", "3", command=(*launcher, PROGRAM))
                self.assertEqual(sorted(done.stderr.splitlines()),
                                 ["dga: warning: data/test.csv: the same bytes as data/train.csv. Use each sample once, unless "
                                  "that is meant.",
                                  "dga: warning: data/train.csv~: ignored, because it is an editor's backup."])
                self.assertEqual(self.uses(), {"data/train.csv": "train", "data/test.csv": "test",
                                               "data/train.csv~": "ignored"})
                (self.folder / "out").rename(self.folder / engine)
        done = self.dga("predict", "--model", "threads", "--data", "data", "--output", "predictions.csv")
        self.assertEqual(done.stderr.count("warning"), 1, done.stderr)

    def test_what_cannot_be_read_is_refused_by_its_name(self):
        path = self.folder / "data" / "b.csv"
        path.symlink_to("../not-fetched/b.csv")
        self.expect_refused(1, "data/b.csv: expected a file with data, found a link to ../not-fetched/b.csv, where "
                            "nothing can be read. Put the file there, or remove this from the folder.")
        path.unlink()
        os.mkfifo(path)
        self.expect_refused(1, "data/b.csv: expected a file with data, found a pipe.")
        path.unlink()
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
            self.expect_refused(1, "data/b.csv: expected a file with data, found a socket.")

    def test_thousands_of_files_are_counted(self):
        for i in range(1200):
            self.write(f"data/{i:04}.csv", f"{i},{i * i % 11},{i % 2}\n")
        done = self.train()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.splitlines()[0],
                         "files       train: 1201 files, data/0000.csv, data/0001.csv, data/0002.csv, data/0003.csv, …")
        self.assertEqual(len(self.uses()), 1201)


if __name__ == "__main__":
    unittest.main()
