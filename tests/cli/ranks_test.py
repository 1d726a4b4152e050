#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ranks under mpirun that were started differently are refused in one line, and what needs no ranks runs once."""

import json
import os
import shlex
import shutil
import unittest

from program import PROGRAM, ProgramTest, rows

MPIRUN = shlex.split(os.environ.get("DGA_MPIRUN", "mpirun --allow-run-as-root --oversubscribe"))
TRAIN = ("train", "--output", "out", "--epochs", "2", "--hidden", "4")


@unittest.skipUnless(os.environ.get("DGA_MPI", "OFF") == "ON", "dga was built without MPI")
class RanksTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("data/a.csv", rows(60))

    def ranks(self, *commands, environments=()):
        """Starts a rank for each command; they end together."""
        line = list(MPIRUN)
        for rank, arguments in enumerate(commands):
            line += [":"] * (rank > 0) + ["-n", "1"]
            for setting in environments[rank:rank + 1]:
                line += ["-x", setting] if setting else []
            line += [PROGRAM, *map(str, arguments)]
        return self.dga(command=line)

    def expect_one_line(self, done, text):
        """The ranks of `done` said `text` in the one line of dga's, and left everything as it was."""
        lines = [line for line in done.stderr.splitlines() if line.startswith("dga: ")]
        self.assertEqual((len(lines), done.stdout), (1, ""), done)
        self.assertIn(text, lines[0])
        self.assertNotEqual(done.returncode, 0)
        self.assertFalse((self.folder / "out").exists())

    def test_options_that_differ(self):
        both = (*TRAIN, "--data", "data")
        self.expect_one_line(self.ranks(both, (*both, "--lr", "0.1")),
                             "[launch] lr: expected the same on all ranks, found 0.003 on rank 0 and 0.1 on rank 1. Start "
                             "all ranks with the same options.")
        # These decide how ranks meet.
        self.expect_one_line(self.ranks((*both, "--workers", "3", "--ranks-per-node", "1"), both, (*both, "--trace")),
                             "[launch] ranks-per-node: expected the same on all ranks, found 1 on rank 0 and auto on ranks "
                             "1-2; trace differs too.")

    def test_options_of_which_only_those_of_rank_0_count_may_differ(self):
        shutil.copytree(self.folder / "data", self.folder / "copy")
        done = self.ranks((*TRAIN, "--data", "data", "--lr", "0.003"),
                          ("train", "--output", "other", "--epochs", "2", "--hidden", "4", "--data", "copy", "--quiet"))
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(json.loads((self.folder / "out/results.json").read_text(encoding="utf-8"))["workers"], 2)
        self.assertFalse((self.folder / "other").exists())

    def test_data_that_differs(self):
        self.write("copy/a.csv", [*rows(59), "1,2,1"])
        self.expect_one_line(self.ranks((*TRAIN, "--data", "data"), (*TRAIN, "--data", "copy")),
                             "[launch] training data: expected the same on all ranks, found 60 samples of 2 features, 2 "
                             "classes, checksum ")

    def test_variables_that_differ(self):
        both = (*TRAIN, "--data", "data")
        self.expect_one_line(self.ranks(both, both, environments=("", "MKL_CBWR=COMPATIBLE")),
                             "[launch] MKL_CBWR: expected the same on all ranks, found unset on rank 0 and COMPATIBLE on "
                             "rank 1. ")

    def test_an_error_of_one_rank(self):
        both = (*TRAIN, "--data", "data")
        self.expect_one_line(self.ranks(both, (*both, "--lr", "x")),
                             '[options] --lr: expected a number above 0 to 1000, or auto, found "x". Correct the value. (rank '
                             '1 on ')
        self.expect_one_line(self.ranks((*TRAIN, "--data", "gone"), both), "gone: expected a folder or a file with data")
        self.expect_one_line(self.ranks(both, ("predict", "--model", "out")),
                             "[launch] command: expected the same on all ranks, found train on rank 0 and predict --model "
                             "out on rank 1; ")

    def test_engines_that_ranks_do_not_share(self):
        processes = (*TRAIN, "--data", "data", "--engine", "processes", "--workers", "2")
        self.expect_one_line(self.ranks(processes, processes), "[launch] engine: expected mpi or auto on one of several MPI "
                             "ranks, found processes,")
        done = self.ranks(processes)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)

    def test_what_needs_no_ranks_runs_once(self):
        self.assertEqual(self.train("--quiet").returncode, 0)
        predict = ("predict", "--model", "out", "--data", "data")
        alone = self.dga(*predict)
        done = self.ranks(predict, predict)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, alone.stdout, alone.stderr))
        for arguments in (("report", "out"), ("train", "--help")):
            done = self.ranks(arguments, arguments, arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ""), done)
            self.assertEqual(done.stdout, self.dga(*arguments).stdout)
        shutil.rmtree(self.folder / "out")
        # Each rank reports its exit code through a file.
        script = 'echo "exit $?" >code.$OMPI_COMM_WORLD_RANK'
        for arguments, code, text in ((predict, 2, "[options] model: expected the folder of a run that ended"),
                                      (("report", "gone"), 1, "[report] gone: expected the folder of a run")):
            done = self.dga(command=[*MPIRUN, "-n", "2", "sh", "-c", f"{shlex.join([PROGRAM, *arguments])}; {script}"])
            self.assertEqual(done.stderr.count("dga: "), 1, done)
            self.assertIn(text, done.stderr)
            for rank in range(2):
                self.assertEqual((self.folder / f"code.{rank}").read_text(encoding="utf-8"), f"exit {code}\n")


if __name__ == "__main__":
    unittest.main()
