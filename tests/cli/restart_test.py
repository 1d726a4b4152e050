#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--max-restarts: a run whose workers are killed or stopped ends by itself with the weights of one that was left alone."""

import json
import os
import random
import signal
import time
import unittest

import running
from program import ProgramTest, rows

OPTIONS = ("--data", "data", "--hidden", "8", "--batch", "4", "--workers", "5", "--carriers", "4", "--dropout", "0.2", "--engine",
           "processes", "--epochs", "150", "--quiet")
EVERY = ("--checkpoint-every", "50steps")
SEED = 1404


class RestartTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        print(f"seed {SEED}", flush=True)

    def setUp(self):
        super().setUp()
        self.write("data/a.csv", rows(400))
        self.random = random.Random(SEED)

    def start(self, *options):
        process = running.start(self.folder, *OPTIONS, "--output", "out", *options)
        self.addCleanup(running.kill, process)
        return process

    def epochs(self):
        return running.epochs_in(self.folder / "out")

    def wait_for_epochs(self, process, number):
        running.wait_until(lambda: self.epochs() >= number, process)

    def disturb(self, process, after, numbers):
        """Sends each of the signals to another carrier, chosen at random, once the run has `after` epochs."""
        self.wait_for_epochs(process, after)
        time.sleep(self.random.random() * 0.05)
        for pid, number in zip(self.random.sample(running.children(process.pid), len(numbers)), numbers):
            os.kill(pid, number)

    def expect_undisturbed(self, process, restarts):
        _, stderr = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, stderr)
        self.assertEqual(stderr.count("The workers are started again"), restarts, stderr)
        done = self.dga("train", *OPTIONS, "--output", "whole")
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(*(running.results_of(self.folder / output) for output in ("out", "whole")))
        for output, number in (("out", restarts), ("whole", 0)):
            found = json.loads((self.folder / output / "results.json").read_text(encoding="utf-8"))
            self.assertEqual(found["restarts"], number)
        self.assertEqual(self.epochs(), 150)
        self.assertEqual([name for name in os.listdir(self.folder / "out") if name.startswith(".")], [])
        self.assertEqual(self.dga("fs", "verify", "out").returncode, 0)

    def test_killed_carriers(self):
        process = self.start(*EVERY, "--max-restarts", "9")
        for after in (5, 20, 40):
            self.disturb(process, after, [signal.SIGKILL])
        self.disturb(process, 60, [signal.SIGKILL, signal.SIGKILL])  # two at once
        self.expect_undisturbed(process, 4)

    def test_worker_0_is_killed_and_is_back_within_five_seconds(self):
        process = self.start(*EVERY, "--max-restarts", "1")
        self.wait_for_epochs(process, 30)
        os.kill(running.children(process.pid)[0], signal.SIGKILL)
        begin = time.monotonic()
        before = self.epochs()
        self.wait_for_epochs(process, before + 1)
        self.assertLess(time.monotonic() - begin, 5)
        self.expect_undisturbed(process, 1)

    def test_stopped_carriers(self):
        process = self.start(*EVERY, "--max-restarts", "2", "--timeout", "2")
        self.wait_for_epochs(process, 20)
        os.kill(running.children(process.pid)[0], signal.SIGSTOP)
        self.disturb(process, 40, [signal.SIGSTOP])
        self.expect_undisturbed(process, 2)

    def test_without_a_checkpoint_the_run_begins_anew(self):
        process = self.start("--max-restarts", "1")
        self.disturb(process, 20, [signal.SIGKILL])
        self.expect_undisturbed(process, 1)

    def test_the_supervisor_is_killed(self):
        process = self.start(*EVERY, "--max-restarts", "1")
        self.wait_for_epochs(process, 20)
        carriers = running.children(process.pid)
        self.assertEqual(len(carriers), 4)
        time.sleep(self.random.random() * 0.05)
        process.kill()
        process.wait()
        end = time.monotonic() + 10
        while any(os.path.exists(f"/proc/{pid}") for pid in carriers):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)
        process = self.start(*EVERY, "--resume", "auto", "--max-restarts", "1")
        self.disturb(process, 40, [signal.SIGKILL])
        self.expect_undisturbed(process, 1)

    def test_a_run_that_fails_at_the_same_step_ends_with_its_first_error(self):
        done = self.dga("train", *OPTIONS, *EVERY, "--output", "out", "--max-restarts", "50", "--task", "regression",
                        "--optimizer", "sgd", "--lr", "1000")
        self.assertEqual(done.returncode, 1, done)
        self.assertRegex(done.stderr, r"\ndga: .* is not finite at step .* It happened again after a restart, after step \d+, so ")
        self.assertEqual(done.stderr.count("The workers are started again"), 1)

    def test_mpi_refuses_restarts(self):
        if os.environ.get("DGA_MPI") != "ON":
            self.skipTest("dga was built without MPI")
        done = self.dga("train", "--data", "data", "--engine", "mpi", "--max-restarts", "1", "--output", "out")
        self.expect_error(done, 2, "[launch] max_restarts: expected 0 with MPI, which ends all ranks when one dies, found 1.")


if __name__ == "__main__":
    unittest.main()
