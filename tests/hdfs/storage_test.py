#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Data and results in a real HDFS: the contract of every store, whole runs, and connections that fail."""

import json
import os
import random
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))

from faulty_gateway import FaultyGateway
from hdfs_cluster import HdfsCluster, superuser
from program import DIGITS, ProgramTest, rows

CLUSTER = None


def setUpModule():
    global CLUSTER
    CLUSTER = HdfsCluster()


def tearDownModule():
    if CLUSTER is not None:
        CLUSTER.stop()


class HdfsTest(ProgramTest):
    """Each test has a folder of its own in the HDFS."""

    def setUp(self):
        super().setUp()
        self.path = f"/{self.id().rsplit('.', 1)[1]}"
        self.here = CLUSTER.uri + self.path
        CLUSTER.ask("PUT", self.path, "MKDIRS")

    def environment(self):
        return {**os.environ, "HADOOP_USER_NAME": superuser()}

    def fs(self, *arguments, **options):
        done = self.dga("fs", *arguments, **options)
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def names(self, path=""):
        return self.fs("ls", self.here + path).split()


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
            results = self.train_in_hdfs(CLUSTER.uri, "--engine", engine, "--trace", "--tensorboard")
            self.assertEqual(results["weights_sha256"], expected)
            names = self.names("/run")
            for name in ("config.json", "metrics.jsonl", "model.json", "model.safetensors", "report.html", "results.json",
                         "trace.json"):
                self.assertIn(name, names)
            self.assertEqual(len(names), 8, names)  # with one file of events
            self.assertEqual(len(self.fs("cat", f"{self.here}/run/metrics.jsonl").splitlines()), 3)
            self.fs("rm", "-r", f"{self.here}/run")

    def test_predict_and_report_read_a_run_from_hdfs(self):
        self.fs("cp", "-r", DIGITS, self.here)
        self.train_in_hdfs(CLUSTER.uri)
        predicted = self.dga("predict", "--model", f"{self.here}/run", "--data", f"{self.here}/digits/digits.csv",
                             "--output", f"{self.here}/predicted.csv")
        self.assertEqual(predicted.returncode, 0, predicted)
        self.assertRegex(predicted.stderr, r"^error 0\.\d+ over 1797 samples\n$")
        self.assertEqual(len(self.fs("cat", f"{self.here}/predicted.csv").splitlines()), 1798)
        reported = self.dga("report", f"{self.here}/run", "--output", "report.html")
        self.assertEqual(reported.returncode, 0, reported)
        self.assertIn("<html", (self.folder / "report.html").read_text(encoding="utf-8"))

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

    def test_what_goes_wrong_is_one_line(self):
        self.expect_error(self.dga("fs", "cat", f"{self.here}/none"), 1,
                          f"{self.here}/none: expected a readable file, found nothing there. Check the path.")
        self.expect_error(self.dga("fs", "rm", self.here), 1, "expected a file, found a folder. Remove it with --recursive.")
        self.expect_error(self.dga("fs", "ls", "webhdfs:///x"), 2, "expected a host, found none.")
        self.write("a", "1")
        self.expect_error(self.dga("fs", "cp", "a", f"{self.here}/b/c"), 1,
                          f"{self.here}/b/c: expected room for 1 bytes, found \"Parent directory doesn't exist: ")

    def test_who_may_not_write_is_told_so(self):
        CLUSTER.ask("PUT", self.path, "SETPERMISSION", permission="755")
        self.write("a", "1")
        done = self.dga("fs", "cp", "a", f"{self.here}/a", variables={"HADOOP_USER_NAME": "stranger"})
        self.expect_error(done, 1, "Permission denied: user=stranger, access=WRITE")
        self.assertIn("(AccessControlException). Ask for the permission, or set HADOOP_USER_NAME.", done.stderr)
        self.assertEqual(self.names(), [])

    def test_a_folder_of_many_files_is_listed_whole(self):
        count = 2500  # a NameNode lists a thousand at a time
        for i in range(count):
            CLUSTER.ask("PUT", f"{self.path}/f{i:05}", "MKDIRS")
        self.assertEqual(self.names(), [f"f{i:05}/" for i in range(count)])


class FaultTest(HdfsTest):
    """Through a gateway that breaks connections; see faulty_gateway.py."""

    def setUp(self):
        super().setUp()
        self.gateway = FaultyGateway(CLUSTER.http)
        self.addCleanup(self.gateway.close)
        self.there = self.gateway.uri + self.path
        self.content = random.Random(7).randbytes(5_000_000)
        self.write("in.bin", self.content)

    def read_back(self):
        self.fs("cp", f"{self.here}/a.bin", "out.bin")
        return (self.folder / "out.bin").read_bytes()

    def test_reads_go_on_where_a_connection_broke(self):
        self.fs("cp", "in.bin", f"{self.here}/a.bin")
        draw = random.Random(11)
        self.gateway.cuts = [draw.randrange(1, 1_500_000) for _ in range(3)]
        self.gateway.refusals = 1
        self.fs("cp", f"{self.there}/a.bin", "out.bin")
        self.assertEqual((self.folder / "out.bin").read_bytes(), self.content)
        self.assertEqual(self.gateway.faults, 4)

    def test_writes_are_sent_again_until_they_are_whole(self):
        draw = random.Random(13)
        self.gateway.cuts = [draw.randrange(1, 5_000_000) for _ in range(3)]
        self.gateway.refusals = 1
        self.fs("cp", "in.bin", f"{self.there}/a.bin")
        self.assertEqual(self.gateway.faults, 4)
        self.assertEqual(self.read_back(), self.content)
        self.assertEqual(self.names(), ["a.bin"])

    def test_answers_of_other_servers_and_a_name_node_that_restarts_are_waited_for(self):
        self.gateway.strange_answers = 2
        self.gateway.name_node_down = True
        timer = threading.Timer(3, lambda: setattr(self.gateway, "name_node_down", False))
        timer.start()
        began = time.monotonic()
        self.fs("cp", "in.bin", f"{self.there}/a.bin")
        self.assertGreater(time.monotonic() - began, 2.5)
        self.assertGreaterEqual(self.gateway.faults, 3)
        self.assertEqual(self.read_back(), self.content)

    def test_a_training_survives_what_breaks_meanwhile(self):
        self.fs("cp", "-r", DIGITS, self.here)
        whole = self.dga("train", "--data", DIGITS, "--output", "whole", "--workers", "3", "--epochs", "5", "--quiet")
        self.assertEqual(whole.returncode, 0, whole)
        draw = random.Random(17)
        # A connection to a DataNode carries one request, and most of them are small.
        self.gateway.cuts = [draw.randrange(1, 1000) for _ in range(12)]
        done = self.dga("train", "--data", f"{self.there}/digits", "--output", f"{self.there}/run", "--workers", "3",
                        "--epochs", "5", "--quiet", timeout=200)
        self.assertEqual(done.returncode, 0, done)
        self.assertGreaterEqual(self.gateway.faults, 5)
        results = json.loads(self.fs("cat", f"{self.here}/run/results.json"))
        expected = json.loads((self.folder / "whole" / "results.json").read_text(encoding="utf-8"))
        self.assertEqual(results["weights_sha256"], expected["weights_sha256"])
        self.assertEqual(len(self.fs("cat", f"{self.here}/run/metrics.jsonl").splitlines()), 5)
        self.assertEqual([name for name in self.names("/run") if name.startswith(".")], [])

    def test_a_quota_that_is_used_up_ends_a_copy_and_leaves_nothing(self):
        CLUSTER.ask("PUT", self.path, "SETQUOTA", namespacequota="1000000", storagespacequota=str(1 << 20))
        done = self.dga("fs", "cp", "in.bin", f"{self.here}/a.bin")
        self.expect_error(done, 1, f"{self.here}/a.bin: expected room for 5000000 bytes, found \"")
        self.assertIn("Quota", done.stderr)
        self.assertEqual(self.names(), [])


if __name__ == "__main__":
    unittest.main()
