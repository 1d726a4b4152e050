#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where a run's files go: what lies there afterwards, and folders that cannot take them."""

import itertools
import json
import os
import shlex
import subprocess
import time
import unittest

from program import PROGRAM, ProgramTest, rows

FILES = ["config.json", "manifest.json", "metrics.jsonl", "model.json", "model.safetensors", "results.json"]


class OutputTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("data/a.csv", rows())

    def read(self, name):
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def test_a_run_writes_its_files(self):
        done = self.train()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(set(FILES) <= set(os.listdir(self.folder / "out")), os.listdir(self.folder / "out"))
        self.assertEqual([n for n in os.listdir(self.folder / "out") if n.startswith(".")], [])
        results = self.read("out/results.json")
        self.assertEqual(results["schema"], 1)
        self.assertEqual(results["samples"], {"train": 32, "test": 8})
        self.assertEqual(len(results["time"]["values"]), results["workers"])
        metrics = (self.folder / "out" / "metrics.jsonl").read_text(encoding="utf-8")
        self.assertEqual([json.loads(line) for line in metrics.splitlines()], results["epochs"])
        self.assertEqual(metrics.count("\n"), 2)

    def test_the_default_folder_is_named_by_the_time(self):
        done = self.dga("train", "--data", "data", "--epochs", "1")
        self.assertEqual(done.returncode, 0, done)
        (run,) = os.listdir(self.folder / "runs")
        self.assertRegex(run, r"^\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d$")
        self.assertIn(f"runs/{run}/results.json", done.stdout)

    def test_a_folder_with_a_run_is_refused(self):
        self.assertEqual(self.train().returncode, 0)
        self.expect_refused(1, "[storage] out: expected a folder without a run, found the files of one.")

    def test_a_folder_with_other_files_is_fine(self):
        self.write("out/notes.txt", "mine\n")
        self.assertEqual(self.train().returncode, 0)
        self.assertTrue((self.folder / "out" / "results.json").exists())
        self.assertTrue((self.folder / "out" / "notes.txt").exists())

    def test_a_file_in_the_place_of_the_folder(self):
        self.write("out", "text\n")
        self.expect_refused(1, "[storage] out: expected a folder or nothing, found another kind of file.")

    def test_a_folder_that_cannot_be_made(self):
        done = self.dga("train", "--data", "data", "--output", "/proc/nowhere/out")
        self.expect_error(done, 1, "[storage] /proc/nowhere: expected to create the folder")

    @unittest.skipIf(os.geteuid() == 0 and not os.path.exists("/usr/bin/setpriv"),
                     "as root, needs setpriv to give rights away")
    def test_an_unwritable_folder(self):
        (self.folder / "out").mkdir()
        os.chmod(self.folder / "out", 0o555)
        command = ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override") if os.geteuid() == 0 else ()
        self.expect_refused(1, "expected to write the file, found \"Permission denied\"",
                            command=(*command, PROGRAM))

    def test_a_full_disk(self):
        self.mount_small_disk(self.folder / "out", "size=16k")
        self.expect_refused(1, "found \"No space left on device\". Free some disk space")

    def test_a_disk_too_small_for_the_model(self):
        # Room for the first files, not for the model: it is found out before the first step.
        self.mount_small_disk(self.folder / "out", "size=128k")
        for engine in ("threads", "processes"):
            done = self.dga("train", "--data", "data", "--output", "out", "--epochs", "1000000", "--hidden", "2000,200",
                            "--workers", "2", "--engine", engine, "--quiet")
            self.expect_error(done, 1, "[storage] out/model.safetensors: expected room for")
            self.assertIn("found \"No space left on device\"", done.stderr)
            self.assertEqual(os.listdir(self.folder / "out"), [])

    def test_a_disk_that_fills_up_during_the_run_keeps_the_finished_epochs(self):
        self.mount_small_disk(self.folder / "out", "size=512k")
        process = subprocess.Popen(
            [PROGRAM, "train", "--data", "data", "--output", "out", "--epochs", "1000000", "--hidden", "4"],
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        while not process.stdout.readline().startswith("epoch 2/"):
            self.assertIsNone(process.poll())
        other = os.open(self.folder / "out" / "other", os.O_WRONLY | os.O_CREAT)
        self.addCleanup(os.close, other)
        with self.assertRaises(OSError):
            while True:
                os.write(other, b"x" * 4096)
        _, error = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 1)
        self.assertEqual(error.count("\n"), 1, error)
        self.assertIn("[storage] out/metrics.jsonl: expected room for", error)
        self.assertEqual(sorted(os.listdir(self.folder / "out")), ["config.json", "metrics.jsonl", "other"])
        for line in (self.folder / "out" / "metrics.jsonl").read_text(encoding="utf-8").splitlines():
            json.loads(line)

    def test_a_limit_on_the_size_of_files_is_an_error_of_writing(self):
        done = self.dga(command=("sh", "-c", f"ulimit -f 10; exec {shlex.quote(PROGRAM)} train --data data --output out "
                                             "--epochs 2 --quiet"))
        self.expect_error(done, 1, "[storage] out/")
        self.assertIn("found \"File too large\"", done.stderr)
        self.assertEqual([name for name in self.contents() if "dga-tmp" in name], [])

    def run_without(self, closed, *arguments):
        """The program with these descriptors closed; its exit code."""
        command = " ".join([f"exec {shlex.join([PROGRAM, *arguments])}", *(f"{number}>&-" for number in closed)])
        return subprocess.run(["sh", "-c", command], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=120, check=False).returncode

    def test_closed_standard_descriptors_change_nothing(self):
        cases = [closed for count in (1, 2, 3) for closed in itertools.combinations(range(3), count)]
        for number, closed in enumerate(cases):
            with self.subTest(closed):
                out = f"out{number}"
                self.assertEqual(self.run_without(closed, "train", "--data", "data", "--output", out, "--epochs", "2",
                                                  "--hidden", "4", "--workers", "2", "--engine",
                                                  ("threads", "processes")[number % 2]), 0)
                self.assertTrue(set(FILES) <= set(os.listdir(self.folder / out)))
                self.assertEqual(len(self.read(f"{out}/results.json")["epochs"]), 2)
        self.assertEqual(len({(self.folder / f"out{number}/model.safetensors").read_bytes()
                              for number in range(len(cases))}), 1)

    def test_no_file_of_a_run_is_on_a_standard_descriptor(self):
        command = shlex.join([PROGRAM, "train", "--data", "data", "--output", "out", "--epochs", "1000000", "--hidden", "4",
                              "--workers", "2", "--engine", "processes"])
        with subprocess.Popen(["sh", "-c", f"exec {command} <&- >&- 2>&-"], cwd=self.folder) as process:
            self.addCleanup(process.kill)
            end = time.monotonic() + 60
            while not (self.folder / "out/metrics.jsonl").exists() and time.monotonic() < end:
                time.sleep(0.02)
            with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as file:
                processes = [process.pid, *map(int, file.read().split())]
            self.assertEqual(len(processes), 3)
            for pid in processes:
                for number in range(3):
                    self.assertEqual(os.readlink(f"/proc/{pid}/fd/{number}"), "/dev/null")
            process.terminate()
            self.assertEqual(process.wait(30), 3)

    def test_standard_output_that_is_full_is_an_error(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([PROGRAM, "version"], stdout=full, stderr=subprocess.PIPE, text=True,
                                  check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard output: expected to be able to print, found that it is full or closed.", done.stderr)

    def test_standard_output_that_is_full_or_left_does_not_end_a_run(self):
        reader, left = os.pipe()
        os.close(reader)
        full = os.open("/dev/full", os.O_WRONLY)
        for number, output in enumerate((full, left)):
            for engine in ("threads", "processes"):
                with self.subTest(output=output, engine=engine):
                    out = f"out-{engine}-{number}"
                    done = subprocess.run(
                        [PROGRAM, "train", "--data", "data", "--output", out, "--epochs", "2", "--hidden", "4", "--engine",
                         engine], cwd=self.folder, stdout=output, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
                    self.assertEqual(done.returncode, 1)
                    self.assertEqual(done.stderr, "dga: [cli] standard output: expected to be able to print, found that it "
                                                  "is full or closed. The run has ended well, and its files are in "
                                                  f"{out}. Redirect it elsewhere.\n")
                    self.assertTrue(set(FILES) <= set(os.listdir(self.folder / out)))
            os.close(output)


if __name__ == "__main__":
    unittest.main()
