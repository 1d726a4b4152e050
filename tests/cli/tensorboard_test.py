#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dga train --tensorboard, read back by the package tensorboard itself."""

import json
import os
import struct
import subprocess
import unittest
from pathlib import Path

from program import DIGITS, PROGRAM, SOURCE, ProgramTest, rows

PYTHON = SOURCE / ".deps" / "tests" / "bin" / "python"
PHASES = ("compute", "reduce", "wait", "data")
MPIRUN = os.environ.get("DGA_MPIRUN", "").split()


def as_f32(value):
    """TensorBoard's scalars are f32."""
    return struct.unpack("f", struct.pack("f", value))[0]


class TensorBoardTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.assertTrue(PYTHON.exists(), f"expected the Python {PYTHON}, found none. Run scripts/setup test.")
        self.write("data/a.csv", rows())

    def events(self, folder="out"):
        done = subprocess.run([PYTHON, Path(__file__).parent / "read_events.py", self.folder / folder],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def event_files(self, folder="out"):
        return [name for name in os.listdir(self.folder / folder) if "tfevents" in name]

    def metrics(self):
        return [json.loads(line) for line in (self.folder / "out" / "metrics.jsonl").read_text().splitlines()]

    def expect_metrics(self, events):
        """The events' scalars are what metrics.jsonl says, nothing missing and nothing else."""
        metrics = self.metrics()
        for name in ("loss", "train_error", "val_error", "test_error", "seconds"):
            expected = [[epoch["epoch"], as_f32(epoch[name])] for epoch in metrics if epoch.get(name) is not None]
            self.assertEqual(events["scalars"].pop(name, []), expected, name)
        rates = events["scalars"].pop("learning_rate")
        self.assertEqual([step for step, _ in rates], [epoch["epoch"] for epoch in metrics])
        self.assertEqual(events["scalars"], {})
        return [rate for _, rate in rates]

    def expect_histograms(self, events, workers):
        """One value a worker; over all epochs they add up to what results.json says."""
        time = json.loads((self.folder / "out" / "results.json").read_text())["time"]
        self.assertEqual(set(events["histograms"]), {f"worker_seconds/{phase}" for phase in PHASES})
        for phase in PHASES:
            histograms = events["histograms"][f"worker_seconds/{phase}"]
            self.assertEqual([each["step"] for each in histograms], [epoch["epoch"] for epoch in self.metrics()])
            for each in histograms:
                self.assertEqual((each["num"], sum(each["counts"])), (workers, workers))
                self.assertEqual(each["limits"], sorted(each["limits"]))
                self.assertEqual(each["limits"][-1], each["max"])
                self.assertLessEqual(each["min"], each["max"])
            total = sum(each["sum"] for each in histograms)
            self.assertAlmostEqual(total, sum(time[phase]), delta=1e-6 * (1 + total), msg=phase)

    def test_a_run_of_thirty_workers(self):
        done = self.dga("train", "--data", DIGITS, "--output", "out", "--workers", "30", "--epochs", "3",
                        "--schedule", "cosine", "--tensorboard")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        self.assertEqual(len(self.event_files()), 1)
        events = self.events()
        self.assertEqual(events["version"], 2.0)
        rates = self.expect_metrics(events)
        self.assertTrue(0.01 > rates[0] > rates[1] > rates[2] > 0, rates)
        self.expect_histograms(events, 30)
        options = json.loads((self.folder / "out" / "config.json").read_text())
        (table,) = events["texts"]["options"]
        self.assertEqual(table.splitlines()[:2], ["| option | value |", "|---|---|"])
        self.assertEqual([line.split(" | ")[0][2:] for line in table.splitlines()[2:]],
                         [name for name in options if name != "dataset"])
        self.assertIn("\n| workers | 30 |\n", table)
        self.assertIn("\n| tensorboard | true |\n", table)

    def test_engines_that_write_from_another_process(self):
        launchers = {"processes": ()}
        if os.environ.get("DGA_MPI") == "ON":
            launchers["mpi"] = (*MPIRUN, "-n", "3")
        for engine, launcher in launchers.items():
            with self.subTest(engine):
                done = self.train("--tensorboard", "--engine", engine, "--workers", "3", command=(*launcher, PROGRAM))
                self.assertEqual(done.returncode, 0, done)
                events = self.events()
                self.expect_metrics(events)
                self.expect_histograms(events, 3)
                (self.folder / "out").rename(self.folder / engine)

    def test_without_a_held_out_set(self):
        self.assertEqual(self.train("--tensorboard", "--test-fraction", "0").returncode, 0)
        self.assertEqual(self.metrics()[0]["test_error"], None)
        self.expect_metrics(self.events())

    def test_with_a_validation_set(self):
        self.write("data/val.csv", rows(10))
        self.assertEqual(self.train("--tensorboard").returncode, 0)
        self.assertIsNotNone(self.metrics()[0]["val_error"])
        self.expect_metrics(self.events())

    def test_a_record_that_was_cut_is_passed_over(self):
        self.assertEqual(self.train("--tensorboard").returncode, 0)
        (name,) = self.event_files()
        path = self.folder / "out" / name
        whole = self.events()
        path.write_bytes(path.read_bytes()[:-5])
        cut = self.events()
        self.assertEqual(len(cut["histograms"]["worker_seconds/data"]), 1)
        self.assertEqual(cut["scalars"], whole["scalars"])

    def test_only_when_asked(self):
        self.assertEqual(self.train().returncode, 0)
        self.assertEqual(self.event_files(), [])

    def test_a_run_that_fails_takes_it_back(self):
        # Such steps overflow within the first epoch, after the options were written.
        self.write("data/a.csv", rows(400))
        for engine in ("threads", "processes"):
            self.expect_refused(1, "is not finite at step", "--tensorboard", "--trace", "--task", "regression",
                                "--batch", "1", "--optimizer", "sgd", "--lr", "1000", "--workers", "2", "--quiet",
                                "--engine", engine)


if __name__ == "__main__":
    unittest.main()
