#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real HDFS that believes nobody without a ticket of a real KDC, or a delegation token."""

import base64
import json
import os
import random
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))

from hdfs_cluster import HdfsCluster, write_site
from kdc import Kdc
from program import DIGITS, PROGRAM, ProgramTest

TRAINING = ("--workers", "3", "--engine", "processes", "--epochs", "3", "--quiet", "--trace")


def token_text(stored):
    """The beginning of the only token in a file, with its whole identifier, as it stands in URLs."""
    token = stored[7 + stored[6]:]  # behind "HDTS", version, number of tokens and the token's alias
    return base64.urlsafe_b64encode(token[:60]).decode()


class KerberosTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.kdc = Kdc()
        cls.addClassCleanup(cls.kdc.stop)
        cls.cluster = HdfsCluster(cls.kdc)
        cls.addClassCleanup(cls.cluster.stop)
        cls.host = f"webhdfs://localhost:{cls.cluster.http.split(':')[1]}"

    def setUp(self):
        super().setUp()
        self.there = f"{self.host}/{self.id().rsplit('.', 1)[1]}"
        self.ticket = {**self.kdc.ticket("ann"), "HADOOP_AUTHENTICATION": "kerberos"}

    def environment(self):
        return {**os.environ, **self.kdc.variables, "HADOOP_CONF_DIR": str(self.folder)}

    def good(self, *arguments, **variables):
        done = self.dga(*arguments, variables=variables)
        self.assertEqual(done.returncode, 0, done)
        return done.stdout

    def weights_without_hdfs(self):
        self.good("train", "--data", DIGITS, "--output", "local", *TRAINING)
        return json.loads((self.folder / "local" / "results.json").read_text(encoding="utf-8"))["weights_sha256"]

    def test_a_ticket_is_enough_for_files_and_trainings(self):
        content = random.Random(53).randbytes(2_000_000)
        self.write("in.bin", content)
        self.good("fs", "mkdir", self.there, **self.ticket)
        self.good("fs", "cp", "in.bin", f"{self.there}/a.bin", **self.ticket)
        self.good("fs", "cp", f"{self.there}/a.bin", "out.bin", **self.ticket)
        self.assertEqual((self.folder / "out.bin").read_bytes(), content)
        self.good("fs", "cp", "-r", DIGITS, self.there, **self.ticket)
        self.good("train", "--data", f"{self.there}/digits", "--output", f"{self.there}/run", *TRAINING, **self.ticket)
        results = json.loads(self.good("fs", "cat", f"{self.there}/run/results.json", **self.ticket))
        self.assertEqual(results["weights_sha256"], self.weights_without_hdfs())

    def test_core_site_xml_may_say_that_tickets_are_asked_for(self):
        write_site(self.folder, "core-site.xml", {"hadoop.security.authentication": "kerberos"})
        self.assertEqual(self.good("fs", "ls", "-l", f"{self.host}/", **self.kdc.ticket("ann")).count("none"), 0)

    def test_who_has_no_ticket_is_sent_to_kinit(self):
        self.expect_error(self.dga("fs", "ls", self.there), 1,
                          "found \"the HTTP status 401\". Get a Kerberos ticket with kinit and set HADOOP_AUTHENTICATION=")
        self.expect_error(self.dga("fs", "ls", self.there, variables={"HADOOP_AUTHENTICATION": "kerberos"}), 1,
                          "found \"the HTTP status 401\". Get a Kerberos ticket with kinit.")

    def test_a_token_replaces_the_ticket_and_appears_nowhere(self):
        self.good("fs", "mkdir", self.there, **self.ticket)
        self.good("fs", "cp", "-r", DIGITS, self.there, **self.ticket)
        tokens = self.folder / "tokens"
        self.cluster.tell("tokens", "ann", tokens, "yarn")
        has_token = {"HADOOP_TOKEN_FILE_LOCATION": str(tokens)}
        done = self.dga("train", "--data", f"{self.there}/digits", "--output", f"{self.there}/run", *TRAINING,
                        variables=has_token)
        self.assertEqual(done.returncode, 0, done)
        self.good("fs", "cp", "-r", f"{self.there}/run", "run", **has_token)
        files = [path.read_bytes() for path in (self.folder / "run").rglob("*") if path.is_file()]
        self.assertGreaterEqual(len(files), 7)
        self.assertEqual(json.loads((self.folder / "run" / "results.json").read_text(encoding="utf-8"))["weights_sha256"],
                         self.weights_without_hdfs())
        secret = token_text(tokens.read_bytes())
        for content in [done.stdout, done.stderr, *(content.decode("latin-1") for content in files)]:
            self.assertNotIn(secret, content)

        self.cluster.tell("active", 1)
        self.addCleanup(self.cluster.tell, "active", 0)
        properties = {name: value.replace("127.0.0.1", "localhost") for name, value in self.cluster.site().items()}
        write_site(self.folder, "hdfs-site.xml", properties)
        service = f"hdfs://{self.cluster.SERVICE}/{self.there.rsplit('/', 1)[1]}"
        self.assertEqual(self.good("fs", "ls", service, **has_token), "digits/\nrun/\n")  # the standby knows no tokens
        self.cluster.tell("cancel", tokens)
        lost = self.dga("fs", "ls", service, variables=has_token)
        self.expect_error(lost, 1, f"(InvalidToken). Store a new delegation token in {tokens}.")
        self.assertNotIn(secret, lost.stderr)

    def token_that_lasts(self, milliseconds, renewer):
        """The environment of ann with her ticket, and a token that `renewer` may renew."""
        self.cluster.tell("renew-interval", milliseconds)
        self.addCleanup(self.cluster.tell, "renew-interval", 86_400_000)
        self.tokens = self.folder / "tokens"
        self.cluster.tell("tokens", "ann", self.tokens, renewer)
        return {**self.ticket, "HADOOP_TOKEN_FILE_LOCATION": str(self.tokens)}

    def test_a_token_is_renewed_with_the_ticket_of_its_renewer_before_it_expires(self):
        self.good("fs", "mkdir", self.there, **self.ticket)
        self.good("fs", "cp", "-r", DIGITS, self.there, **self.ticket)
        has_both = self.token_that_lasts(6000, "ann")
        began = time.monotonic()
        done = self.dga("train", "--data", f"{self.there}/digits", "--output", f"{self.there}/run", "--epochs", "1000000",
                        "--hidden", "8", "--workers", "2", "--engine", "processes", "--quiet", variables=has_both,
                        command=("timeout", "--preserve-status", "-s", "INT", "20", PROGRAM))
        self.assertEqual(done.returncode, 3, done)
        self.assertGreater(time.monotonic() - began, 14)  # more than two lives of the token
        self.assertTrue(json.loads(self.good("fs", "cat", f"{self.there}/run/results.json", **has_both))["stopped"])
        self.assertNotIn(token_text(self.tokens.read_bytes()), done.stdout + done.stderr)

    def test_a_token_that_has_just_expired_is_renewed_too(self):
        has_both = self.token_that_lasts(1000, "ann")
        time.sleep(1.5)
        self.good("fs", "ls", f"{self.host}/", **has_both)

    def test_a_token_that_another_user_renews_is_one_line_once_it_has_expired(self):
        has_both = self.token_that_lasts(3000, "yarn")
        self.good("fs", "ls", f"{self.host}/", **has_both)
        time.sleep(3.5)
        for variables, reason in ((has_both, "ann tries to renew a token "),
                                  ({**has_both, "KRB5CCNAME": f"FILE:{self.folder}/none"}, "no Kerberos ticket\"")):
            lost = self.dga("fs", "ls", f"{self.host}/", variables=variables)
            self.expect_error(lost, 1, f"(InvalidToken). Store a new delegation token in {self.tokens}. This one could not be "
                                       f"renewed: \"{reason}")
            self.assertIn("\"; that takes a ticket (kinit) of its renewer.", lost.stderr)
            self.assertNotIn(token_text(self.tokens.read_bytes()), lost.stderr)


if __name__ == "__main__":
    unittest.main()
