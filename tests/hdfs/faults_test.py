#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real HDFS whose connections fail, and whose servers stop: what was asked for comes about, or one line says why not."""

import json
import random
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))

from faulty_gateway import FaultyGateway
from hdfs_case import HdfsTest
from program import DIGITS


def tearDownModule():
    HdfsTest.stop_cluster()


def later(seconds, call):
    """Calls it then, beside the test."""
    timer = threading.Timer(seconds, call)
    timer.start()
    return timer


class FaultTest(HdfsTest):
    """Through a gateway that breaks connections; see faulty_gateway.py."""

    def setUp(self):
        super().setUp()
        self.gateway = FaultyGateway(self.cluster.http)
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
        checksum = None  # is asked for first
        self.gateway.cuts = [checksum, *(draw.randrange(1, 1_500_000) for _ in range(3))]
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
        self.gateway.answers = [(200, b"<html>log in to the hotel's network</html>"), (502, b"<html>bad gateway</html>")]
        self.gateway.name_node_down = True
        timer = threading.Timer(3, lambda: setattr(self.gateway, "name_node_down", False))
        timer.start()
        began = time.monotonic()
        self.fs("cp", "in.bin", f"{self.there}/a.bin")
        self.assertGreater(time.monotonic() - began, 2.5)
        self.assertGreaterEqual(self.gateway.faults, 3)
        self.assertEqual(self.read_back(), self.content)

    def test_a_server_that_lost_another_one_is_asked_again(self):
        # As a DataNode answers whose NameNode has died: its exceptions come out of Java's own packages.
        def answer(java_class):
            name = java_class.split(".")[-1]
            text = f"End of File Exception between local host is: a; destination host is: b; : {java_class}"
            return 403, json.dumps({"RemoteException": {"exception": name, "javaClassName": java_class, "message": text}}).encode()

        classes = ("java.io.EOFException", "java.net.ConnectException", "java.net.NoRouteToHostException",
                   "java.net.SocketTimeoutException", "java.nio.channels.ClosedChannelException",
                   "org.apache.hadoop.net.ConnectTimeoutException", "java.io.InterruptedIOException")
        self.gateway.answers = [answer(each) for each in classes[:4]]
        self.fs("cp", "in.bin", f"{self.there}/a.bin")
        self.gateway.answers = [answer(each) for each in classes[4:]]
        self.assertEqual(self.fs("ls", self.there), "a.bin\n")
        self.assertEqual(self.gateway.faults, len(classes))
        self.assertEqual(self.read_back(), self.content)

    def test_a_name_node_that_knows_no_data_node_yet_is_asked_again(self):
        text = "Failed to find datanode, suggest to check cluster health. excludeDatanodes=null"
        body = json.dumps({"RemoteException": {"exception": "IOException", "javaClassName": "java.io.IOException",
                                               "message": text}}).encode()
        self.gateway.answers = [(403, body)] * 2
        self.fs("cp", "in.bin", f"{self.there}/a.bin")
        self.assertEqual(self.gateway.faults, 2)
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
        self.cluster.ask("PUT", self.path, "SETQUOTA", namespacequota="1000000", storagespacequota=str(1 << 20))
        done = self.dga("fs", "cp", "in.bin", f"{self.here}/a.bin")
        self.expect_error(done, 1, f"{self.here}/a.bin: expected room for 5000000 bytes, found \"")
        self.assertIn("Quota", done.stderr)
        self.assertEqual(self.names(), [])

    def test_a_connection_that_falls_silent_is_given_up(self):
        self.fs("cp", "in.bin", f"{self.here}/a.bin")
        draw = random.Random(19)
        quick = {"DGA_HDFS_STALL_S": "2"}  # below, a busy machine looks stalled
        self.gateway.stalls = [None, draw.randrange(1, 4_000_000)]
        self.fs("cp", f"{self.there}/a.bin", "out.bin", variables=quick)
        self.assertEqual((self.folder / "out.bin").read_bytes(), self.content)
        self.gateway.stalls = [draw.randrange(1, 4_000_000)]
        self.fs("cp", "in.bin", f"{self.there}/a.bin", variables=quick)
        self.assertEqual(self.gateway.faults, 2)
        self.assertEqual(self.read_back(), self.content)

    def test_a_node_that_is_slow_but_goes_on_is_waited_for(self):
        self.fs("cp", "in.bin", f"{self.here}/a.bin")
        quick = {"DGA_HDFS_STALL_S": "2"}
        self.gateway.slow = 0.1
        self.gateway.asked.clear()
        began = time.monotonic()
        self.fs("cp", f"{self.there}/a.bin", "out.bin", variables=quick)
        self.assertGreater(time.monotonic() - began, 5)  # more than twice what a silent one is given
        self.assertEqual((self.folder / "out.bin").read_bytes(), self.content)
        self.assertEqual(len([path for path in self.gateway.asked if "op=OPEN" in path]), 1)
        self.fs("cp", "in.bin", f"{self.there}/b.bin")  # all bytes lie in buffers at once, and are then waited for
        self.assertEqual(len([path for path in self.gateway.asked if "op=CREATE" in path]), 1)
        self.gateway.slow = 0
        self.fs("cp", f"{self.here}/b.bin", "b.bin")
        self.assertEqual((self.folder / "b.bin").read_bytes(), self.content)

    def test_a_quota_that_a_training_uses_up_ends_it_in_one_line(self):
        self.fs("mkdir", f"{self.here}/small")
        self.cluster.ask("PUT", f"{self.path}/small", "SETQUOTA", namespacequota="8", storagespacequota=str(1 << 40))
        done = self.dga("train", "--data", DIGITS, "--output", f"{self.there}/small/run", "--workers", "2", "--epochs", "2",
                        "--hidden", "8", "--quiet", "--trace", "--tensorboard")
        self.expect_error(done, 1, "Remove files, or ask for a larger quota.")

    def test_a_name_node_that_stays_away_is_told_of_and_given_up(self):
        self.gateway.name_node_down = True
        done = self.dga("fs", "ls", self.there)
        self.assertEqual(done.returncode, 1)
        first, second = done.stderr.splitlines()
        self.assertRegex(first, rf"^dga: warning: \[storage\] {self.there}: no answer yet, but \"NameNode [^\"]+\"\. Asking for "
                                r"up to 60 s\.$")
        self.assertRegex(second, rf"^dga: \[storage\] {self.there}: expected an answer, found \"NameNode .*\" in \d+ attempts "
                                 r"over \d+ s\. Check that the NameNode \(.*\) and the DataNodes run and can be reached\.$")

    def test_a_data_node_that_is_dead_is_left_out_of_the_next_request(self):
        self.fs("cp", "in.bin", f"{self.here}/a.bin")
        for arguments in ((f"{self.there}/a.bin", "out.bin"), ("in.bin", f"{self.there}/b.bin")):
            self.gateway.asked.clear()
            self.gateway.dead = 1
            self.fs("cp", *arguments)
            self.assertTrue(any("excludedatanodes=127.0.0.1" in path for path in self.gateway.asked), self.gateway.asked)
        self.assertEqual((self.folder / "out.bin").read_bytes(), self.content)
        self.assertEqual(self.gateway.faults, 2)

    def test_data_nodes_that_die_cost_nothing_but_time(self):
        self.fs("cp", "in.bin", f"{self.here}/a.bin")
        self.addCleanup(self.cluster.tell, "start-datanodes")
        self.cluster.tell("stop-datanode")
        for i in range(4):  # the NameNode names it for minutes
            self.fs("cp", f"{self.here}/a.bin", "out.bin")
            self.assertEqual((self.folder / "out.bin").read_bytes(), self.content)
            self.fs("cp", "in.bin", f"{self.here}/b{i}.bin")

    def test_answers_that_are_shorter_than_what_was_asked_for_are_completed(self):
        self.fs("cp", "in.bin", f"{self.here}/a.bin")
        draw = random.Random(23)
        self.gateway.lengths = [-draw.randrange(1, 4_000_000), -draw.randrange(1, 500_000)]
        self.fs("cp", f"{self.there}/a.bin", "out.bin")
        self.assertEqual((self.folder / "out.bin").read_bytes(), self.content)
        self.assertEqual(self.gateway.faults, 2)

    def test_answers_that_are_longer_than_what_was_asked_for_are_not_used(self):
        self.fs("cp", "in.bin", f"{self.here}/a.bin")
        draw = random.Random(25)
        self.gateway.longer = [None, draw.randrange(1, 1000), draw.randrange(1, 1_000_000)]
        self.fs("cp", f"{self.there}/a.bin", "out.bin")
        self.assertEqual((self.folder / "out.bin").read_bytes(), self.content)
        self.assertEqual(self.gateway.faults, 2)

    def test_a_changed_byte_is_found_by_the_checksum_of_hdfs(self):
        self.fs("cp", "in.bin", f"{self.here}/a.bin")
        draw = random.Random(29)
        for _ in range(3):
            self.gateway.flips = [None, draw.randrange(1000, 4_900_000)]
            done = self.dga("fs", "cp", f"{self.there}/a.bin", "out.bin")
            self.expect_error(done, 1, f"{self.there}/a.bin: expected bytes with the checksum that HDFS has stored, found "
                                       "others. Read the file again; if this repeats, check it with hdfs fsck.")
            self.assertFalse((self.folder / "out.bin").exists())
        self.assertEqual(self.gateway.faults, 3)

    def test_a_file_of_several_blocks_has_a_checksum_too(self):
        content = random.Random(31).randbytes(3_000_001)
        for name in ("a", "b"):
            self.cluster.create(f"{self.path}/{name}", content, blocksize=1 << 20)
        self.cluster.ask("POST", f"{self.path}/a", "CONCAT", sources=f"{self.path}/b")  # blocks of several sizes
        self.gateway.flips = [None, 4_000_000]
        done = self.dga("fs", "cp", f"{self.there}/a", "out.bin")
        self.expect_error(done, 1, "expected bytes with the checksum that HDFS has stored, found others.")
        self.fs("cp", f"{self.there}/a", "out.bin")
        self.assertEqual((self.folder / "out.bin").read_bytes(), content * 2)

    def test_a_file_that_changes_under_its_reader_is_refused(self):
        changes = {
            "that it has changed since": (lambda: self.cluster.create(f"{self.path}/a.bin", self.content[::-1]),
                                          lambda: self.cluster.ask("POST", f"{self.path}/a.bin", "TRUNCATE", newlength=9)),
            "nothing there": (lambda: self.cluster.ask("DELETE", f"{self.path}/a.bin", "DELETE"),)}
        for found, calls in changes.items():
            for call in calls:
                self.fs("cp", "in.bin", f"{self.here}/a.bin")
                self.gateway.before_data = call
                done = self.dga("fs", "cp", f"{self.there}/a.bin", "out.bin")
                self.expect_error(done, 1, f"{self.there}/a.bin: expected the file that was opened, found {found}. Read it "
                                           "again when nobody writes it.")
                self.assertFalse((self.folder / "out.bin").exists())

    def test_answers_that_are_not_webhdfs_s_are_one_line(self):
        self.fs("cp", "in.bin", f"{self.here}/a.bin")
        for answer in (b"[]", b"null", b"{}", b'{"FileStatus":{"type":"FILE"}}', b'{"FileStatus":{"type":"FILE","length":"7"}}',
                       b'{"FileStatus":{"type":"FILE","length":-1}}'):
            self.gateway.answers = [(200, answer)]
            done = self.dga("fs", "cat", f"{self.there}/a.bin")
            self.expect_error(done, 1, f"{self.there}/a.bin: expected a readable file, found ")
        folder = b'{"FileStatus":{"type":"DIRECTORY","length":0}}'
        for name in (b"../x", b"", b".."):
            self.gateway.answers = [(200, folder), (200, b'{"DirectoryListing":{"partialListing":{"FileStatuses":{"FileStatus":['
                                                         b'{"pathSuffix":"' + name + b'","type":"FILE","length":1}]}},'
                                                         b'"remainingEntries":0}}')]
            done = self.dga("fs", "ls", self.there)
            self.expect_error(done, 1, "expected a readable folder, found \"a list with the name ")

    def test_safe_mode_is_waited_for(self):
        self.addCleanup(self.cluster.tell, "safemode", "leave")
        self.cluster.tell("safemode", "enter")
        later(2, lambda: self.cluster.tell("safemode", "leave"))
        began = time.monotonic()
        self.fs("cp", "in.bin", f"{self.here}/a.bin")
        self.assertGreater(time.monotonic() - began, 1.9)
        self.assertEqual(self.read_back(), self.content)


if __name__ == "__main__":
    unittest.main()
