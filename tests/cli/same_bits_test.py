#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same seed and number of workers give the same weights, bit for bit: on every engine, on any spread over hosts,
in every repeat."""

import itertools
import json
import os
import shlex
import unittest

from program import DIGITS, PROGRAM, SOURCE, ProgramTest

MPIRUN = shlex.split(os.environ.get("DGA_MPIRUN", ""))
HAS_MPI = os.environ.get("DGA_MPI") == "ON"


class SameBitsTest(ProgramTest):
    runs = 0

    def weights(self, engine, workers, *options, command=None):
        """weights_sha256 of a short run on the digits, and its mean error."""
        self.runs += 1
        output = self.folder / f"run{self.runs}"
        if command is None:
            command = [*MPIRUN, "-n", str(workers), PROGRAM] if engine == "mpi" else [PROGRAM]
        done = self.dga("train", "--data", DIGITS, "--engine", engine, "--workers", workers, "--epochs", "3",
                        "--output", output, "--quiet", *options, command=command)
        if done.returncode == 77:
            self.skipTest(done.stdout.strip())
        self.assertEqual(done.returncode, 0, done)
        results = json.loads((output / "results.json").read_text(encoding="utf-8"))
        self.assertEqual((results["engine"], results["workers"]), (engine, workers))
        return results["weights_sha256"], results["error"]["mean"]

    def check_engines(self, counts, *options):
        different = set()
        for workers in counts:
            expected = self.weights("threads", workers, *options)
            for engine in ["threads", "processes"] + ["mpi"] * HAS_MPI:
                with self.subTest(engine=engine, workers=workers):
                    self.assertEqual(self.weights(engine, workers, *options), expected)
            different.add(expected)
        self.assertEqual(len(different), len(counts), "the number of workers matters")

    def test_on_every_engine_and_twice(self):
        self.check_engines([4, 30])

    def test_with_dropout_too(self):
        self.check_engines([1, 2, 4, 30], "--dropout", "0.2")

    def test_with_all_that_judges_and_averages_epochs(self):
        self.check_engines([1, 4], "--ema", "0.9", "--keep-best", "--patience", "3", "--class-weights", "balanced",
                           "--dropout", "0.2")

    def test_with_every_optimiser_and_micro_steps(self):
        found = set()
        for optimizer, more in itertools.product(
                ["sgd", "adam", "adamw"],
                [["--micro-steps", "2"], ["--clip-norm", "0.5", "--schedule", "cosine"]]):
            options = ["--optimizer", optimizer, "--weight-decay", "0.01", *more]
            expected = self.weights("threads", 3, *options)
            self.assertEqual(self.weights("processes", 3, *options), expected, options)
            found.add(expected)
        self.assertEqual(len(found), 6, "each option does something")

    def test_where_processes_are_the_program_executed_again(self):
        # Forking a program with threads would be unsafe.
        program = os.path.join(os.environ.get("DGA_BIN", os.path.dirname(PROGRAM)), "relaunched_training")
        done = self.dga(DIGITS, self.folder, command=(program,))
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        # The workers of the third run print the results of those before, too: the same.
        lines = list(dict.fromkeys(done.stdout.splitlines()))
        (first, weights), (second, again), (third, _) = (line.split() for line in lines)
        self.assertEqual((first, second, weights), ("processes", "threads", again))
        # What this run does depends on those before, in its workers as well.
        self.assertEqual(third, "processes")
        self.assertEqual(len((self.folder / "again" / "metrics.jsonl").read_text().splitlines()), 4)

    def test_seeds_differ(self):
        self.assertNotEqual(self.weights("threads", 2, "--seed", "1")[0], self.weights("threads", 2, "--seed", "2")[0])

    @unittest.skipUnless(HAS_MPI, "this build has no MPI")
    def test_on_any_number_of_nodes(self):
        expected = self.weights("threads", 6, "--dropout", "0.2")
        for per_node in [1, 2, 3]:
            with self.subTest(per_node=per_node):
                self.assertEqual(self.weights("mpi", 6, "--dropout", "0.2", "--ranks-per-node", per_node), expected)

    @unittest.skipUnless(HAS_MPI, "this build has no MPI")
    def test_on_three_hosts(self):
        hosts = [SOURCE / "scripts" / "hosts", "run", "3", "2", "--", PROGRAM]
        for options in [[], ["--dropout", "0.2"]]:
            self.assertEqual(self.weights("mpi", 6, *options, command=hosts), self.weights("threads", 6, *options))


if __name__ == "__main__":
    unittest.main()
