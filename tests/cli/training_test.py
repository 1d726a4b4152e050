#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a run comes to: the main job is good by default, results agree with each other, signals end all workers."""

import json
import os
import shlex
import shutil
import signal
import statistics
import subprocess
import time
import unittest

from program import DIGITS, PROGRAM, SOURCE, ProgramTest

BIN = os.path.dirname(PROGRAM)
MPIRUN = shlex.split(os.environ.get("DGA_MPIRUN", ""))
HAS_MPI = os.environ.get("DGA_MPI") == "ON"


class TrainingTest(ProgramTest):
    def read(self, name):
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def train_digits(self, output, *options):
        done = self.dga("train", "--data", DIGITS, "--output", output, "--quiet", *options)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return self.read(f"{output}/results.json")

    def test_the_defaults_make_the_main_job_good(self):
        for workers, most in [(30, 0.05), (1, 0.04)]:
            for seed in [1, 2, 3, 42]:
                results = self.train_digits(f"w{workers}s{seed}", "--workers", workers, "--seed", seed)
                self.assertLess(results["error"]["mean"], most, (workers, seed))

    def test_results_agree_with_each_other(self):
        results = self.train_digits("out", "--workers", "30", "--epochs", "3")
        self.assertEqual(results["samples"], {"train": 1438, "test": 359})
        self.assertEqual(results["time"]["unit"], "s")
        self.assertAlmostEqual(results["time"]["mean"], statistics.mean(results["time"]["values"]))
        # 359 held-out samples to 30 workers: 12 each, one of them 11; each error is a whole number of samples.
        shares = [12] * 29 + [11]
        wrong = [error * share for error, share in zip(results["error"]["values"], shares)]
        for count in wrong:
            self.assertAlmostEqual(count, round(count), places=6)
        self.assertAlmostEqual(results["error"]["mean"], sum(wrong) / 359)
        self.assertAlmostEqual(results["error"]["mean"], results["epochs"][-1]["test_error"])
        self.assertEqual([epoch["epoch"] for epoch in results["epochs"]], [1, 2, 3])
        self.assertEqual(results["steps"], 9)  # shards of 48 samples, batches of 16
        self.assertLess(results["time"]["mean"], results["wall_seconds"])

    def test_the_configuration_is_written_as_resolved(self):
        self.train_digits("out", "--workers", "2", "--epochs", "1")
        config = self.read("out/config.json")
        self.assertEqual((config["engine"], config["task"], config["workers"]), ("threads", "classification", 2))
        self.assertGreater(config["lr"], 0)

    def test_a_run_can_be_repeated_from_its_configuration(self):
        first = self.train_digits("first", "--workers", "3", "--epochs", "2", "--batch", "7", "--dropout", "0.1")
        config = self.read("first/config.json")
        options = []
        for name in ["workers", "epochs", "batch", "dropout", "lr", "seed", "optimizer"]:
            options += [f"--{name}", config[name]]
        self.assertEqual(self.train_digits("second", *options)["weights_sha256"], first["weights_sha256"])

    def test_regression(self):
        self.write("data/line.csv", [f"{i % 13},{i % 7},{2.5 * (i % 13) - (i % 7) + 0.25}" for i in range(200)])
        done = self.dga("train", "--data", "data", "--task", "regression", "--workers", "3", "--output", "out",
                        "--epochs", "100", "--quiet")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertLess(self.read("out/results.json")["error"]["mean"], 1.0)  # guessing the mean: about 90
        self.assertEqual(self.read("out/model.json")["task"], "regression")

    @unittest.skipUnless(HAS_MPI, "this build has no MPI")
    def test_data_that_one_rank_cannot_read_is_told_by_rank_0(self):
        run = [PROGRAM, "train", "--engine", "mpi", "--output", "out", "--data"]
        done = self.dga(command=[*MPIRUN, "-n", "2", *run, str(DIGITS), ":", "-n", "1", *run, "nowhere"])
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stderr.count("dga: nowhere: expected a folder or a file with data"), 1, done.stderr)
        self.assertEqual(self.contents(), [])

    def test_the_quickstart_prints_two_numbers(self):
        done = subprocess.run([os.path.join(BIN, "quickstart"), DIGITS], cwd=self.folder, capture_output=True,
                              text=True, timeout=120, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        seconds, error = map(float, done.stdout.split())
        self.assertGreater(seconds, 0)
        self.assertLess(error, 0.05)


class StoppingTest(ProgramTest):
    def start(self, engine, *options, ignored=None):
        """A run that would take hours, once it has finished two epochs; in a process group of its own."""
        command = [PROGRAM, "train", "--data", str(DIGITS), "--output", "out", "--epochs", "1000000", "--quiet",
                   "--engine", engine, *options]
        if engine == "mpi":
            command = [*MPIRUN, "-n", "4", *command]
        else:
            command += ["--workers", "4", "--carriers", "4"]
        process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                   start_new_session=True,
                                   preexec_fn=lambda: ignored and signal.signal(ignored, signal.SIG_IGN))
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        metrics = self.folder / "out" / "metrics.jsonl"
        for _ in range(3000):
            if metrics.exists() and metrics.read_bytes().count(b"\n") >= 2:
                return process
            time.sleep(0.01)
        self.fail("it does not come to its second epoch")

    def expect_whole_files(self, stopped=True):
        saved = ["manifest.json", "model.json", "model.safetensors", "report.html", "results.json", "checkpoints"] if stopped else []
        self.assertEqual(sorted(os.listdir(self.folder / "out")), sorted(["config.json", "metrics.jsonl", *saved]))
        metrics = (self.folder / "out" / "metrics.jsonl").read_text(encoding="utf-8")
        self.assertTrue(metrics.endswith("\n"))
        for number, line in enumerate(metrics.splitlines(), 1):
            self.assertEqual(json.loads(line)["epoch"], number)
        if stopped:
            results = json.loads((self.folder / "out" / "results.json").read_text(encoding="utf-8"))
            self.assertEqual((results["stopped"], results["stopped_early"]), (True, False))
            self.assertEqual(len(results["epochs"]), metrics.count("\n"))
            done = self.dga("predict", "--model", "out", "--data", DIGITS, "--output", "p.csv")
            self.assertEqual(done.returncode, 0, done)
            self.assertRegex(self.dga("fs", "verify", "out").stdout, r"^OK 5 files, \d+ bytes\n$")

    def test_each_signal_that_asks_for_an_end_saves_the_finished_epochs(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            with self.subTest(number):
                process = self.start("threads")
                process.send_signal(number)
                self.assertEqual(process.wait(30), 3)
                self.assertRegex(process.stderr.read(), rf"^dga: \[train\] run: .*found signal {int(number)} \(.*\n$")
                self.expect_whole_files()
                shutil.rmtree(self.folder / "out")

    def test_under_nohup_a_hangup_changes_nothing(self):
        process = self.start("threads", ignored=signal.SIGHUP)
        process.send_signal(signal.SIGHUP)
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(1)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(30), 3)
        self.assertIn("found signal 15", process.stderr.read())

    def test_what_a_kill_left_is_removed_by_the_next_run_though_it_is_refused(self):
        process = self.start("threads")
        going_on = self.dga("train", "--data", DIGITS, "--output", "out")  # leaves the files of the one that goes on
        self.assertEqual(going_on.returncode, 1)
        self.assertEqual(len([name for name in os.listdir(self.folder / "out") if name.startswith(".")]), 1)
        process.kill()
        process.wait(30)
        refused = self.dga("train", "--data", DIGITS, "--output", "out")
        self.assertIn("expected a folder without a run", refused.stderr)
        self.expect_whole_files(stopped=False)

    def test_ctrl_c_reaches_the_whole_group_and_ends_it_together(self):
        for engine in ["threads", "processes"]:
            with self.subTest(engine=engine):
                process = self.start(engine)
                begin = time.monotonic()
                os.killpg(process.pid, signal.SIGINT)
                self.assertEqual(process.wait(30), 3)
                self.assertLess(time.monotonic() - begin, 3)
                self.assertRegex(process.stderr.read(),
                                 r"^dga: \[train\] run: expected 23000000 steps, found signal 2 \(Interrupt\) after "
                                 r"step \d+\. The model and the results after epoch \d+ are in out\. Go on with "
                                 r"--resume auto: there is a checkpoint in out/checkpoints/step-\d+\.\n$")
                self.expect_whole_files()
                shutil.rmtree(self.folder / "out")

    def test_a_signal_to_one_child_ends_all(self):
        process = self.start("processes")
        with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as file:
            children = [int(pid) for pid in file.read().split()]
        self.assertEqual(len(children), 4)
        os.kill(children[2], signal.SIGTERM)
        self.assertEqual(process.wait(30), 3)
        self.assertIn("found signal 15 (Terminated)", process.stderr.read())
        self.expect_whole_files()

    @unittest.skipUnless(HAS_MPI, "this build has no MPI")
    def test_ctrl_c_to_mpirun_lets_the_ranks_end_together(self):
        process = self.start("mpi")
        process.send_signal(signal.SIGINT)
        self.assertNotEqual(process.wait(30), 0)  # mpirun has a code of its own
        self.assertEqual(process.stderr.read().count("dga: [train] run: expected "), 1)
        self.expect_whole_files()

    def test_a_killed_worker_process_ends_the_run_within_a_second(self):
        process = self.start("processes")
        with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as file:
            children = [int(pid) for pid in file.read().split()]
        begin = time.monotonic()
        os.kill(children[2], signal.SIGKILL)
        self.assertEqual(process.wait(30), 1)
        self.assertLess(time.monotonic() - begin, 1.0)
        self.assertRegex(process.stderr.read(),
                         rf"^dga: \[launch\] worker 2 \(process {children[2]}\) was killed by signal 9 \(Killed\)")
        self.expect_whole_files(stopped=False)

    def test_worker_0_killed_leaves_nothing_hidden(self):
        process = self.start("processes")
        with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as file:
            os.kill(int(file.read().split()[0]), signal.SIGKILL)
        self.assertEqual(process.wait(30), 1)
        self.expect_whole_files(stopped=False)


if __name__ == "__main__":
    unittest.main()
