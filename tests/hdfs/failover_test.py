#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A nameservice of two real NameNodes, of which the active one becomes the standby, or dies."""

import json
import random
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))

from hdfs_case import HdfsTest
from program import DIGITS


def tearDownModule():
    HdfsTest.stop_cluster()


class FailoverTest(HdfsTest):
    """Each test begins and ends with nn1 as the active NameNode."""

    def setUp(self):
        super().setUp()
        self.service = f"hdfs://{self.cluster.SERVICE}{self.path}"
        self.content = random.Random(37).randbytes(1_000_000)
        self.write("in.bin", self.content)
        self.addCleanup(self.cluster.tell, "active", 0)

    def expect_content(self, name):
        self.fs("cp", f"{self.service}/{name}", "out.bin")
        self.assertEqual((self.folder / "out.bin").read_bytes(), self.content)

    def test_a_nameservice_is_asked_where_it_is_active_without_waiting(self):
        self.fs("cp", "in.bin", f"{self.service}/a.bin")
        self.cluster.tell("active", 1)
        began = time.monotonic()
        self.expect_content("a.bin")
        self.fs("mv", f"{self.service}/a.bin", f"{self.service}/b.bin")
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(self.fs("ls", f"webhdfs://{self.cluster.SERVICE}{self.path}"), "b.bin\n")

    def test_an_rpc_address_leads_to_the_http_server_of_its_name_node(self):
        self.fs("cp", "in.bin", f"{self.service}/a.bin")
        there = f"hdfs://127.0.0.1:{self.cluster.rpc_ports[0]}{self.path}"
        self.assertEqual(self.fs("ls", there), "a.bin\n")

    def test_calls_in_progress_survive_the_death_of_the_active_name_node(self):
        self.fs("cp", "in.bin", f"{self.service}/a.bin")
        self.cluster.tell("kill", 0)
        self.addCleanup(self.cluster.tell, "start", 0)
        timer = threading.Timer(2, lambda: self.cluster.tell("active", 1))
        timer.start()
        began = time.monotonic()
        self.fs("cp", f"{self.service}/a.bin", f"{self.service}/b.bin")
        self.assertGreater(time.monotonic() - began, 1.9)
        self.expect_content("b.bin")

    def test_a_training_survives_failovers_and_restarts_of_name_nodes(self):
        self.fs("cp", "-r", DIGITS, self.service)
        arguments = ("--workers", "3", "--epochs", "100", "--quiet")
        whole = self.dga("train", "--data", DIGITS, "--output", "whole", *arguments)
        self.assertEqual(whole.returncode, 0, whole)
        draw = random.Random(41)

        def trouble():
            time.sleep(0.3 + draw.random() / 2)
            self.cluster.tell("active", 1)
            time.sleep(draw.random() / 2)
            self.cluster.tell("kill", 1)
            self.cluster.tell("active", 0)
            self.cluster.tell("start", 1)

        thread = threading.Thread(target=trouble)
        thread.start()
        try:
            done = self.dga("train", "--data", f"{self.service}/digits", "--output", f"{self.service}/run", *arguments,
                            timeout=200)
            self.assertFalse(thread.is_alive(), "the training was over before the trouble")
        finally:
            thread.join()
        self.assertEqual(done.returncode, 0, done)
        results = json.loads(self.fs("cat", f"{self.service}/run/results.json"))
        expected = json.loads((self.folder / "whole" / "results.json").read_text(encoding="utf-8"))
        self.assertEqual(results["weights_sha256"], expected["weights_sha256"])
        self.assertEqual(len(self.fs("cat", f"{self.service}/run/metrics.jsonl").splitlines()), 100)


if __name__ == "__main__":
    unittest.main()
