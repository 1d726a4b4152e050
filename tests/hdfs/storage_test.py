#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Data and results in a real HDFS: the contract of every store, whole runs, and dga fs."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))

from hdfs_case import HdfsTest
from program import DIGITS, PROGRAM, SOURCE, rows

def tearDownModule():
    HdfsTest.stop_cluster()


class ContractTest(HdfsTest):
    def test_hdfs_keeps_what_every_store_promises(self):
        program = Path(os.environ.get("DGA_BIN", "build/release/bin")) / "test_storage"
        done = subprocess.run([program, "--gtest_filter=*StoreContract*Named"], text=True, capture_output=True, timeout=250,
                              env={**self.environment(), "DGA_TEST_STORE": self.here}, check=False)
        self.assertEqual(done.returncode, 0, done.stdout[-4000:])
        self.assertRegex(done.stdout, r"PASSED  \] 1\d tests")


class RunTest(HdfsTest):
    def train_in_hdfs(self, uri, *arguments):
        done = self.dga("train", "--data", f"{uri}{self.path}/digits", "--output", f"{uri}{self.path}/run", "--workers", "4",
                        "--epochs", "3", "--quiet", *arguments)
        self.assertEqual(done.returncode, 0, done)
        return json.loads(self.fs("cat", f"{self.here}/run/results.json"))

    def weights_without_hdfs(self, *arguments):
        done = self.dga("train", "--data", DIGITS, "--output", "local", "--workers", "4", "--epochs", "3", "--quiet",
                        *arguments)
        self.assertEqual(done.returncode, 0, done)
        return json.loads((self.folder / "local" / "results.json").read_text(encoding="utf-8"))["weights_sha256"]

    def test_data_and_results_in_hdfs_give_the_weights_of_local_files(self):
        self.fs("cp", "-r", DIGITS, self.here)
        expected = self.weights_without_hdfs()
        for engine in ("threads", "processes"):
            results = self.train_in_hdfs(self.cluster.uri, "--engine", engine, "--trace", "--tensorboard")
            self.assertEqual(results["weights_sha256"], expected)
            names = self.names("/run")
            for name in ("config.json", "manifest.json", "metrics.jsonl", "model.json", "model.safetensors", "report.html",
                         "results.json", "trace.json"):
                self.assertIn(name, names)
            self.assertEqual(len(names), 9, names)  # with one file of events
            self.assertRegex(self.fs("verify", f"{self.here}/run"), r"^OK 7 files, \d+ bytes\n$")
            self.assertEqual(len(self.fs("cat", f"{self.here}/run/metrics.jsonl").splitlines()), 3)
            self.fs("rm", "-r", f"{self.here}/run")

    def test_a_stream_from_hdfs_gives_the_weights_of_one_from_local_files(self):
        self.assertEqual(self.dga("data", "convert", DIGITS, "digits").returncode, 0)
        self.fs("cp", "-r", "digits", self.here)
        stream = ("--stream", "--shard", "contiguous", "--shuffle-window", "100", "--hidden", "12")
        runs = []
        for data, engine in (("digits", "threads"), (f"{self.here}/digits", "threads"), (f"{self.here}/digits", "processes")):
            done = self.dga("train", "--data", data, "--output", f"run{len(runs)}", "--workers", "3", "--epochs", "2",
                            "--engine", engine, "--quiet", *stream)
            self.assertEqual(done.returncode, 0, done)
            runs.append(json.loads((self.folder / f"run{len(runs)}" / "results.json").read_text(encoding="utf-8")))
        self.assertEqual({run["weights_sha256"] for run in runs}, {runs[0]["weights_sha256"]})

    def test_parquet_in_hdfs_is_read_as_on_local_disks(self):
        table = SOURCE / "tests" / "data" / "parquet" / "groups.parquet"
        self.fs("cp", table, f"{self.here}/groups.parquet")
        infos = [self.dga("data", "info", path) for path in (table, f"{self.here}/groups.parquet")]
        if "without Arrow" in infos[0].stderr:
            self.skipTest("built without Parquet")
        for done in infos:
            self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        self.assertIn("10 samples", infos[0].stdout)
        texts = [[line for line in done.stdout.splitlines() if not line.startswith("files ")] for done in infos]
        self.assertEqual(texts[0], texts[1])

    def test_predict_and_report_read_a_run_from_hdfs(self):
        self.fs("cp", "-r", DIGITS, self.here)
        self.train_in_hdfs(self.cluster.uri)
        predicted = self.dga("predict", "--model", f"{self.here}/run", "--data", f"{self.here}/digits/digits.csv",
                             "--output", f"{self.here}/predicted.csv")
        self.assertEqual(predicted.returncode, 0, predicted)
        self.assertRegex(predicted.stderr, r"^error 0\.\d+ over 1797 samples\n$")
        self.assertEqual(len(self.fs("cat", f"{self.here}/predicted.csv").splitlines()), 1798)
        reported = self.dga("report", f"{self.here}/run", "--output", "report.html")
        self.assertEqual(reported.returncode, 0, reported)
        self.assertIn("<html", (self.folder / "report.html").read_text(encoding="utf-8"))

    def test_checkpoints_in_hdfs_are_listed_verified_exported_and_compared(self):
        self.write("data/a.csv", rows())
        run = f"{self.here}/run"
        for output in ("local", run):
            done = self.dga("train", "--data", "data", "--output", output, "--epochs", "2", "--checkpoint-every", "1", "--quiet")
            self.assertEqual(done.returncode, 0, done)
        listed, verified, exported, equal = (
            self.dga("checkpoint", *arguments) for arguments in
            (("ls", run), ("verify", run), ("export", run, f"{self.here}/weights.safetensors"), ("diff", "local", run)))
        self.assertEqual([done.returncode for done in (listed, verified, exported, equal)], [0] * 4, (listed, verified, exported, equal))
        self.assertEqual([line.split()[3] for line in listed.stdout.splitlines()], ["state", "complete", "complete"])
        self.assertEqual([line.split()[0] for line in verified.stdout.splitlines()], ["OK", "OK"])
        self.assertEqual(equal.stdout.splitlines()[-1][:3], "OK ")
        self.fs("cp", f"{self.here}/weights.safetensors", "weights.safetensors")
        self.assertEqual((self.folder / "weights.safetensors").read_bytes(),
                         (self.folder / "local" / "model.safetensors").read_bytes())
        self.expect_error(self.dga("checkpoint", "export", run, f"{self.here}/weights.safetensors"), 1,
                          f"{self.here}/weights.safetensors: expected nothing there, found a file.")
        newest = listed.stdout.split()[-1]
        self.fs("cp", "data/a.csv", f"{newest}/shard-00000.safetensors")
        self.expect_error(self.dga("checkpoint", "verify", newest), 1, f"{newest}/shard-00000.safetensors: expected ")

    def test_a_folder_that_holds_a_run_is_refused_and_a_failed_run_leaves_nothing(self):
        self.write("data/a.csv", rows())
        self.fs("cp", "-r", "data", self.here)
        bad = self.dga("train", "--data", f"{self.here}/data", "--output", f"{self.here}/new/run", "--workers", "99")
        self.expect_error(bad, 2, "expected at least one training sample per worker")
        self.assertEqual(self.names(), ["data/"])
        good = self.dga("train", "--data", f"{self.here}/data", "--output", f"{self.here}/run", "--epochs", "1", "--quiet")
        self.assertEqual(good.returncode, 0, good)
        again = self.dga("train", "--data", f"{self.here}/data", "--output", f"{self.here}/run", "--epochs", "1", "--quiet")
        self.expect_error(again, 1, f"{self.here}/run: expected a folder without a run, found the files of one.")


class FsTest(HdfsTest):
    def test_files_go_there_and_back_byte_for_byte(self):
        content = random.Random(1).randbytes(3_000_000)
        self.write("in.bin", content)
        self.fs("cp", "in.bin", f"{self.here}/a.bin")
        self.fs("mv", f"{self.here}/a.bin", f"{self.here}/b.bin")
        self.fs("mkdir", "-p", f"{self.here}/x/y")
        self.fs("cp", f"{self.here}/b.bin", f"{self.here}/x/y")
        self.fs("cp", f"{self.here}/x/y/b.bin", "out.bin")
        self.assertEqual((self.folder / "out.bin").read_bytes(), content)
        self.assertEqual(self.fs("ls", "-l", f"{self.here}/x/y").split(), ["3000000", "b.bin"])
        self.assertIn("bytes      3000000", self.fs("stat", f"{self.here}/b.bin"))
        self.fs("rm", "-r", f"{self.here}/x")
        self.assertEqual(self.names(), ["b.bin"])

    def test_names_with_characters_that_mean_something_in_urls_are_taken_as_they_are(self):
        names = ["a b", "50%", "50%25", "what?", "a#b", "grün 日本", "a&b=c", "[x]*", "a+b", "'q'", ";", "@", "~x~"]
        for name in names:
            self.write(f"in/{name}", name)
        self.fs("cp", "-r", "in", f"{self.here}/out")
        self.assertEqual(sorted(self.fs("ls", f"{self.here}/out").splitlines()), sorted(names))
        for name in names:
            self.assertEqual(self.fs("cat", f"{self.here}/out/{name}"), name)
            self.fs("mv", f"{self.here}/out/{name}", f"{self.here}/{name} 2")
            self.fs("cp", f"{self.here}/{name} 2", "back")
            self.assertEqual((self.folder / "back").read_text(encoding="utf-8"), name)
            self.fs("rm", f"{self.here}/{name} 2")
        self.assertEqual(self.names("/out"), [])

    def test_a_signal_ends_a_copy_and_leaves_no_part_of_it(self):
        with open(self.folder / "large", "wb") as file:
            file.truncate(4 << 30)
        process = subprocess.Popen([PROGRAM, "fs", "cp", "large", f"{self.here}/copy"], cwd=self.folder,
                                   env=self.environment(), stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        deadline = time.monotonic() + 60
        while not self.names():
            self.assertLess(time.monotonic(), deadline)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(stderr, f"dga: [storage] {self.here}/copy: stopped by a signal before the copy was whole. Copy it again.\n")
        self.assertEqual(self.names(), [])

    def test_a_port_of_another_server_is_one_line_that_says_which_one_is_meant(self):
        rpc = f"127.0.0.1:{self.cluster.rpc_ports[0]}"  # Hadoop's own protocol
        self.expect_error(self.dga("fs", "ls", f"webhdfs://{rpc}/"), 1,
                          f"webhdfs://{rpc}/: expected a readable folder or file, found \"the HTTP status 404\". Check that the "
                          f"HTTP server of a NameNode listens at {rpc}.")

    def test_what_goes_wrong_is_one_line(self):
        self.expect_error(self.dga("fs", "cat", f"{self.here}/none"), 1,
                          f"{self.here}/none: expected a readable file, found nothing there. Check the path.")
        self.expect_error(self.dga("fs", "rm", self.here), 1, "expected a file, found a folder. Remove it with --recursive.")
        self.expect_error(self.dga("fs", "ls", "webhdfs:///x"), 2, "expected a host, found none.")
        self.write("a", "1")
        self.expect_error(self.dga("fs", "cp", "a", f"{self.here}/b/c"), 1,
                          f"{self.here}/b/c: expected room for 1 bytes, found \"Parent directory doesn't exist: ")

    def test_who_may_not_write_is_told_so(self):
        self.cluster.ask("PUT", self.path, "SETPERMISSION", permission="755")
        self.write("a", "1")
        done = self.dga("fs", "cp", "a", f"{self.here}/a", variables={"HADOOP_USER_NAME": "stranger"})
        self.expect_error(done, 1, "Permission denied: user=stranger, access=WRITE")
        self.assertIn("(AccessControlException). Ask for the permission, or set HADOOP_USER_NAME.", done.stderr)
        self.assertEqual(self.names(), [])

    def test_a_folder_of_many_files_is_listed_whole(self):
        count = 100_000  # a NameNode lists a thousand at a time
        self.cluster.tell("folders", self.path, count)
        self.assertEqual(self.names(), [f"f{i:06}/" for i in range(count)])


if __name__ == "__main__":
    unittest.main()
