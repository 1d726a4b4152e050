#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a run shows while it goes, and how it ends when it is told to stop."""

import fcntl
import json
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import termios
import time
import unittest

from program import PROGRAM, ProgramTest, rows

MANY = ("--epochs", "1000000")  # far more than a test waits for


class ProgressTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("data/a.csv", rows(2000))

    def start(self, *arguments, **options):
        process = subprocess.Popen([PROGRAM, "train", "--data", "data", "--output", "out", "--hidden", "4", *arguments],
                                   cwd=self.folder, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                   **options)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def wait_for_lines(self, count, seconds=60):
        """Until metrics.jsonl has that many whole lines."""
        path = self.folder / "out" / "metrics.jsonl"
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if path.exists() and path.read_bytes().count(b"\n") >= count:
                return
            time.sleep(0.02)
        self.fail(f"no {count} epochs within {seconds} s")

    def test_elsewhere_each_epoch_is_a_line(self):
        done = self.train()
        lines = done.stdout.splitlines()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        first = next(i for i, line in enumerate(lines) if line.startswith("1 worker"))
        self.assertIn("files       train: data/a.csv", lines[:first])
        self.assertIn("features    2", lines[:first])
        self.assertIn("classes     2: 0 (1000), 1 (1000)", lines[:first])
        lines = lines[first:]
        self.assertRegex(lines[0], r"^1 worker, engine threads; 1600 samples to train on, 400 held out; \d+ parameters")
        self.assertRegex(lines[1], r"^epoch 1/2  loss \S+  train error (\S+ %|-)  test error (\S+ %|-)  \S+ s$")
        self.assertRegex(lines[2], r"^epoch 2/2  ")
        self.assertEqual(lines[3], "label       column 3 (2 classes)")
        self.assertRegex(lines[4], r"^mean time   \S+ s a worker$")
        self.assertRegex(lines[5], r"^mean error  \S+ on 400 held-out samples$")
        self.assertEqual(lines[6:], ["results     out/results.json", "model       out/model.safetensors"])
        self.assertNotIn("\r", done.stdout)

    def test_a_validation_set_has_a_column_and_a_line(self):
        self.write("data/val.csv", rows(30))
        done = self.train()
        lines = done.stdout.splitlines()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(lines[0], "files       train: data/a.csv; validation: data/val.csv")
        self.assertIn("; 1600 samples to train on, 30 to validate on, 400 held out; ", done.stdout)
        self.assertRegex(done.stdout, r"\nepoch 1/2  loss \S+  train error \S+ %  val error \S+ %  test error \S+ %  \S+ s\n")
        self.assertRegex(done.stdout, r"\nval error   \S+ on 30 samples\nmean error  ")

    def test_quiet_prints_nothing(self):
        done = self.train("--quiet")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def on_a_terminal(self, until, **variables):
        """What a terminal of 100 columns sees of a run, which is stopped once `until` has come five times."""
        terminal, program_end = pty.openpty()
        fcntl.ioctl(program_end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        process = self.start(*MANY, stdout=program_end, env={**os.environ, "TERM": "xterm", **variables})
        os.close(program_end)
        shown = b""
        end = time.monotonic() + 60
        while time.monotonic() < end and shown.count(until) < 5:
            if select.select([terminal], [], [], 0.1)[0]:
                shown += os.read(terminal, 4096)
        process.send_signal(signal.SIGINT)
        while process.poll() is None or select.select([terminal], [], [], 0)[0]:
            try:
                shown += os.read(terminal, 4096)
            except OSError:  # the other end is closed
                break
        self.assertEqual(process.wait(60), 3)
        os.close(terminal)
        return shown.decode()

    def test_on_a_terminal_a_bar_is_redrawn_within_its_width(self):
        for variables in ({}, {"NO_COLOR": "1"}):
            shown = self.on_a_terminal(b" left", **variables)
            self.assertNotIn("\x1b", shown)
            bars = [part for part in shown.split("\r") if part.startswith("[")]
            self.assertGreaterEqual(len(bars), 5, shown)
            for bar in bars[:-1]:
                self.assertRegex(bar, r"^\[[#.]{20}\] \d+ %  \d+ samples/s  .* left")
                self.assertLess(len(bar), 100)
            self.assertRegex(shown, r"\r {99}\r$")  # erased
            shutil.rmtree(self.folder / "out")

    def test_a_dumb_terminal_gets_lines(self):
        for terminal in ("dumb", ""):
            shown = self.on_a_terminal(b"epoch ", TERM=terminal)
            self.assertNotIn("\x1b", shown)
            epochs = [line for line in shown.splitlines() if line.startswith("epoch ")]
            self.assertGreaterEqual(len(epochs), 1)
            for line in epochs[:-1]:
                self.assertRegex(line, r"^epoch \d+/1000000  loss ")
            shutil.rmtree(self.folder / "out")

    def stop_with(self, number, *arguments):
        process = self.start(*MANY, *arguments, stdout=subprocess.DEVNULL)
        self.wait_for_lines(2)
        begin = time.monotonic()
        process.send_signal(number)
        self.assertEqual(process.wait(30), 3)
        self.assertLess(time.monotonic() - begin, 5)
        error = process.stderr.read()
        self.assertEqual(error.count("\n"), 1, error)
        self.assertTrue(error.startswith("dga: "), error)
        self.assertEqual([n for n in os.listdir(self.folder / "out") if n.startswith(".")], [])
        for line in (self.folder / "out" / "metrics.jsonl").read_text(encoding="utf-8").splitlines():
            json.loads(line)
        results = json.loads((self.folder / "out" / "results.json").read_text(encoding="utf-8"))
        self.assertTrue(results["stopped"])

    def test_ctrl_c_stops_after_the_current_step(self):
        self.stop_with(signal.SIGINT)

    def test_sigterm_stops_after_the_current_step(self):
        self.stop_with(signal.SIGTERM)

    def test_ctrl_c_stops_several_threads(self):
        self.stop_with(signal.SIGINT, "--workers", "3", "--engine", "threads")

    def test_sigterm_to_the_parent_stops_its_processes(self):
        self.stop_with(signal.SIGTERM, "--workers", "3", "--engine", "processes")


if __name__ == "__main__":
    unittest.main()
