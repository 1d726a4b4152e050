#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Disks that are full, and limits on files: a run goes on without the checkpoints that do not fit, and the last good one
stays. What happens to the other files of a run is in output_test.py."""

import contextlib
import resource
import shutil
import signal
import unittest
from pathlib import Path

import running
from program import ProgramTest, rows

#: The model has 370 kB, and a checkpoint 1.1 MB in a file for each carrier: the optimiser has two values for each parameter.
OPTIONS = ("--data", "data", "--hidden", "300,300", "--batch", "4", "--workers", "5", "--optimizer", "adamw",
           "--quiet")
#: Bytes: more than the model and the memory that processes share, and less than the file of a single carrier.
BETWEEN = 1_000_000
#: Bytes of a full disk that are free for the lines of metrics.jsonl.
LEFT = 64 << 10
GOES_ON = " The run goes on, and the last good checkpoint stays."


def limited_to(size):
    """Options of a program that may write no file of more bytes than this."""
    return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))}


class FullDiskTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("data/a.csv", rows(400))
        self.run_folder = self.folder / "out"

    def train(self, output, epochs, *options, carriers=2, **limits):
        return self.dga("train", *OPTIONS, "--carriers", carriers, "--epochs", epochs, "--output", output, *options, **limits)

    def expect_whole(self, output, epochs):
        """The run has the results of one in one piece on a disk with room."""
        shutil.rmtree(self.folder / "whole", ignore_errors=True)
        done = self.train("whole", epochs)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(*(running.results_of(self.folder / name) for name in (output, "whole")))

    def expect_warnings(self, stderr, error, number=None):
        """A line for each checkpoint that was refused. Each names a file of it, and says `error`."""
        lines = stderr.splitlines()
        self.assertGreater(len(lines), 0)
        self.assertEqual(len(lines), number or len(lines), stderr)
        for line in lines:
            self.assertRegex(line, rf"^dga: warning: \[storage\] \S*out/checkpoints(/step-\d+(/[a-z0-9.-]+)?)?: expected .* found "
                                   rf"\"{error}\"\. .*{GOES_ON}$")

    def test_a_limit_on_the_size_of_files(self):
        for engine in ("threads", "processes"):
            with self.subTest(engine=engine):
                self.train("out", 2, "--checkpoint-every", "1")
                before = running.checkpoints_in(self.run_folder)
                done = self.train("out", 5, "--resume", "auto", "--checkpoint-every", "1", "--engine", engine,
                                  carriers=1, **limited_to(BETWEEN))
                self.assertEqual(done.returncode, 0, done)
                self.expect_warnings(done.stderr, "File too large", number=3)
                self.assertEqual(running.checkpoints_in(self.run_folder), before)
                self.assertEqual(self.dga("checkpoint", "verify", "out").returncode, 0)
                self.expect_whole("out", 5)
                shutil.rmtree(self.run_folder)

    def test_a_limit_on_the_size_of_files_counts_for_shared_memory(self):
        done = self.train("out", 2, "--engine", "processes", **limited_to(500_000))
        self.expect_error(done, 1, "bytes of shared memory, found \"File too large\". Raise the limit on file sizes (ulimit -f)")

    def test_a_disk_that_is_full_for_a_while(self):
        slow = running.slow_disk(30) if running.SLOW_DISK.exists() else {}
        for engine in ("threads", "processes"):
            with self.subTest(engine=engine), open(self.folder / f"{engine}.stderr", "w+", encoding="utf-8") as said:
                self.disk = self.folder / engine
                self.mount_small_disk(self.disk, "size=8m")
                out = f"{engine}/out"
                self.run_folder = self.folder / out
                # What a checkpoint filled before it is refused would stay full for some epochs.
                process = running.start(self.folder, *OPTIONS, *running.ENDLESS, "--carriers", "2", "--output", out,
                                        "--checkpoint-every", "10steps", "--engine", engine, variables=slow, stderr=said)
                self.addCleanup(running.kill, process)
                running.wait_until(lambda: running.checkpoints_in(self.run_folder)[0], process)
                other = self.fill(leaving=LEFT)
                running.wait_until(lambda: Path(said.name).stat().st_size > 0, process)
                good = running.checkpoints_in(self.run_folder)[0][-1]
                epochs = running.epochs_in(self.run_folder)
                running.wait_until(lambda: running.epochs_in(self.run_folder) > epochs + 20, process)
                self.assertIn(good, running.checkpoints_in(self.run_folder)[0])
                self.assertEqual(self.dga("checkpoint", "verify", self.run_folder / "checkpoints" / good).returncode, 0)
                other.unlink()
                running.wait_until(lambda: running.checkpoints_in(self.run_folder)[0][-1] > good, process)
                process.send_signal(signal.SIGTERM)
                self.assertEqual(process.wait(60), 3)
                said.seek(0)
                *warnings, last = said.read().splitlines(keepends=True)
                self.assertIn("Go on with --resume auto", last)
                self.expect_warnings("".join(warnings), "No space left on device")
                epochs = running.epochs_in(self.run_folder) + 1
                done = self.train(out, epochs, "--resume", "auto")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.expect_whole(out, epochs)

    def test_results_that_do_not_fit_are_an_error(self):
        self.write("small/a.csv", rows(40))
        # Of 600 epochs metrics.jsonl has 65 kB, the state in a checkpoint 78 kB, and results.json 97 kB.
        options = ("train", "--data", "small", "--hidden", "4", "--epochs", "600", "--quiet")
        done = self.dga(*options, "--output", "out", "--checkpoint-every", "600", **limited_to(88_000))
        self.expect_error(done, 1, "[storage] out/results.json: expected room for")
        self.assertIn('found "File too large". Raise the limit on file sizes (ulimit -f)', done.stderr)
        self.assertEqual(running.epochs_in(self.run_folder), 600)
        self.assertEqual([name for name in self.contents() if "dga-tmp" in name], [])
        for output, resume in (("out", ("--resume", "auto")), ("whole", ())):
            done = self.dga(*options, "--output", output, *resume)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(*(running.results_of(self.folder / name) for name in ("out", "whole")))

    def fill(self, leaving):
        """Fills the disk of the run with a file but for so many bytes. Returns its path."""
        path = self.disk / "other"
        with open(path, "wb", buffering=0) as file:
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(4096))
            file.truncate(file.tell() - leaving)
        return path


if __name__ == "__main__":
    unittest.main()
