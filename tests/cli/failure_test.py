#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Workers that are killed, and runs under mpirun: one line says what happened, and nothing is left running."""

import os
import signal
import subprocess
import time
import unittest
from pathlib import Path

from program import PROGRAM, ProgramTest, rows

MPIRUN = os.environ.get("DGA_MPIRUN", "mpirun --allow-run-as-root --oversubscribe").split()


def children_of(pid):
    """Processes whose parent is `pid`."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def state_of(pid):
    """The letter that /proc has for a process; none once it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return None


def wait_for_epochs(test, process):
    """Until the run that `process` does in the folder of `test` has finished two."""
    metrics = test.folder / "out" / "metrics.jsonl"
    end = time.monotonic() + 60
    while not (metrics.exists() and metrics.read_bytes().count(b"\n") >= 2):
        test.assertLess(time.monotonic(), end, "no epoch within 60 s")
        test.assertIsNone(process.poll())
        time.sleep(0.02)


class FailureTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("data/a.csv", rows(2000))

    def start_processes(self, count, *arguments, workers=None):
        """`count` processes, which carry `workers` workers: by default, one each."""
        process = subprocess.Popen(
            [PROGRAM, "train", "--data", "data", "--output", "out", "--hidden", "4", "--epochs", "1000000", "--workers",
             str(workers or count), "--carriers", str(count), "--engine", "processes", *arguments],
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        wait_for_epochs(self, process)
        return process, children_of(process.pid)

    def test_the_next_run_removes_what_quit_leaves(self):
        process = subprocess.Popen(
            ["sh", "-c", "ulimit -c 0; exec \"$@\"", "sh", PROGRAM, "train", "--data", "data", "--output", "out", "--hidden", "4",
             "--epochs", "1000000", "--workers", "2"],
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        wait_for_epochs(self, process)
        process.send_signal(signal.SIGQUIT)
        self.assertEqual(process.wait(timeout=60), -signal.SIGQUIT)
        (self.folder / "out" / ".model.safetensors.1-1.dga-tmp").touch()  # as a run leaves it that was writing
        self.expect_error(self.dga("train", "--data", "data", "--output", "out"), 1, "expected a folder without a run")
        self.assertEqual(sorted(os.listdir(self.folder / "out")), ["config.json", "metrics.jsonl"])

    def test_a_killed_worker_ends_the_run_within_a_second(self):
        process, children = self.start_processes(4)
        self.assertEqual(len(children), 4)
        begin = time.monotonic()
        os.kill(children[2], signal.SIGKILL)
        self.assertEqual(process.wait(30), 1)
        self.assertLess(time.monotonic() - begin, 1.5)
        error = process.stderr.read()
        self.assertEqual(error.count("\n"), 1, error)
        self.assertRegex(error, rf"^dga: .*worker \d \(process {children[2]}\) was killed by signal 9")
        self.assertEqual([pid for pid in children if state_of(pid) not in (None, "Z")], [])

    def test_a_killed_process_is_named_with_the_workers_that_it_carried(self):
        process, children = self.start_processes(2, workers=7)
        self.assertEqual(len(children), 2)
        os.kill(max(children), signal.SIGKILL)
        self.assertEqual(process.wait(30), 1)
        error = process.stderr.read()
        self.assertEqual(error.count("\n"), 1, error)
        self.assertRegex(error, rf"^dga: .*carrier 1 \(workers 4 to 6\) \(process {max(children)}\) was killed by signal 9")

    def test_a_stalled_worker_ends_the_run_after_the_timeout(self):
        process, children = self.start_processes(3, "--timeout", "2")
        begin = time.monotonic()
        os.kill(min(children), signal.SIGSTOP)
        self.assertEqual(process.wait(30), 1)
        self.assertLess(time.monotonic() - begin, 8)
        error = process.stderr.read()
        self.assertEqual(error.count("\n"), 1, error)
        self.assertRegex(error, r"^dga: .* waited 2 s for worker 0\.")
        self.assertEqual([pid for pid in children if state_of(pid) not in (None, "Z")], [])

    def test_nothing_outlives_a_killed_parent(self):
        process, children = self.start_processes(3)
        process.kill()
        process.wait(30)
        end = time.monotonic() + 5
        while any(state_of(pid) not in (None, "Z") for pid in children) and time.monotonic() < end:
            time.sleep(0.05)
        self.assertEqual([pid for pid in children if state_of(pid) not in (None, "Z")], [])


@unittest.skipUnless(os.environ.get("DGA_MPI", "OFF") == "ON", "dga was built without MPI")
class MpiTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("data/a.csv", rows(200))

    def test_only_rank_0_prints(self):
        done = self.train("--engine", "mpi", command=(*MPIRUN, "-n", "3", PROGRAM))
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(done.stdout.count("epoch 2/2"), 1, done.stdout)
        self.assertNotIn("\r", done.stdout)  # though mpirun gives rank 0 a terminal
        self.assertEqual(done.stdout.count("mean time"), 1, done.stdout)
        self.assertIn("3 workers, engine mpi", done.stdout)

    def test_an_error_is_said_once(self):
        done = self.train("--engine", "mpi", "--epochz", "3", command=(*MPIRUN, "-n", "3", PROGRAM))
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stderr.count("dga: "), 1, done.stderr)
        self.assertEqual(self.contents(), ["data", "data/a.csv"])

    def test_bad_data_is_said_once(self):
        self.write("data/a.csv", [*rows(200), "1,x,0"])
        done = self.train("--engine", "mpi", command=(*MPIRUN, "-n", "3", PROGRAM))
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stderr.count("dga: "), 1, done.stderr)
        self.assertIn("data/a.csv:201: expected a number in field 2", done.stderr)
        self.assertEqual(self.contents(), ["data", "data/a.csv"])

    def lose_rank_0(self, number, *arguments):
        """Sends rank 0 a signal in the middle of a run; answers what the others say of it."""
        process = subprocess.Popen(
            [*MPIRUN, "-n", "3", PROGRAM, "train", "--data", "data", "--output", "out", "--hidden", "4", "--epochs",
             "1000000", "--engine", "mpi", *arguments],
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        wait_for_epochs(self, process)
        (rank_0,) = [pid for pid in children_of(process.pid)
                     if b"OMPI_COMM_WORLD_RANK=0" in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")]
        os.kill(rank_0, number)
        self.addCleanup(lambda: state_of(rank_0) in (None, "Z") or os.kill(rank_0, signal.SIGKILL))
        self.assertNotEqual(process.wait(60), 0)
        lines = [line for line in process.stderr.read().splitlines() if line.startswith("dga: ")]
        self.assertEqual(len(lines), 1, lines)
        return lines[0]

    def test_when_rank_0_is_killed_another_one_says_so(self):
        self.assertRegex(self.lose_rank_0(signal.SIGKILL), r"worker 0 \(process \d+\) ended before its work was done")

    def test_when_rank_0_stalls_another_one_says_so(self):
        self.assertRegex(self.lose_rank_0(signal.SIGSTOP, "--timeout", "2"), r"waited 2 s for worker 0\.")


if __name__ == "__main__":
    unittest.main()
