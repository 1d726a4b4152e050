#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Delegation tokens, which nobody gets to see, refusals of those who show nothing, and TLS with a CA of one's own. A
gateway stands before a real HDFS."""

import json
import random
import ssl
import subprocess
import sys
import threading
import time
import unittest
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))

from faulty_gateway import FaultyGateway
from hdfs_case import HdfsTest
from program import DIGITS, PROGRAM

TOKEN = "AARyb290" + "T0p-S3cret_T0ken" * 4


def tearDownModule():
    HdfsTest.stop_cluster()


def refusal(status, exception, message):
    return status, json.dumps({"RemoteException": {"exception": exception, "javaClassName": f"org.x.{exception}",
                                                   "message": message}}).encode()


class TokenTest(HdfsTest):
    def setUp(self):
        super().setUp()
        self.gateway = FaultyGateway(self.cluster.http)
        self.addCleanup(self.gateway.close)
        self.there = self.gateway.uri + self.path
        self.cluster.ask("PUT", self.path, "SETPERMISSION", permission="777")
        self.token_file = self.write("token", TOKEN + "\n")

    def environment(self):
        return {**super().environment(), "DGA_HDFS_TOKEN_FILE": str(self.folder / "token")}

    def tokens(self):
        """Those of the requests since the last call."""
        asked = [urllib.parse.parse_qs(urllib.parse.urlsplit(path).query) for path in self.gateway.asked]
        self.gateway.asked.clear()
        self.assertTrue(asked)
        self.assertEqual([query for query in asked if "user.name" in query], [])
        return {query.get("delegation", [""])[0] for query in asked}

    def test_a_token_is_shown_to_the_name_node_and_to_nobody_else(self):
        plain = {"DGA_HDFS_TOKEN_FILE": ""}
        self.fs("cp", "-r", DIGITS, self.there, variables=plain)
        self.gateway.asked.clear()
        arguments = ["train", "--data", f"{self.there}/digits", "--output", f"{self.there}/run", "--workers", "3", "--engine",
                     "processes", "--epochs", "3", "--trace", "--tensorboard"]
        lines = set()
        over = threading.Event()

        def watch():  # what ps shows of all processes
            while not over.wait(0.05):
                lines.add(subprocess.run(["ps", "axww", "-o", "args"], stdout=subprocess.PIPE, text=True, check=True).stdout)

        watcher = threading.Thread(target=watch)
        watcher.start()
        done = self.dga(*arguments)
        over.set()
        watcher.join()
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(self.tokens(), {TOKEN})
        self.assertTrue(any(f"{self.there}/run" in line for line in lines))
        self.fs("cp", "-r", f"{self.here}/run", "run", variables=plain)
        files = [path.read_bytes() for path in (self.folder / "run").rglob("*") if path.is_file()]
        self.assertGreaterEqual(len(files), 8)
        for text in [done.stdout, done.stderr, *lines]:
            self.assertNotIn(TOKEN, text)
        for content in files:
            self.assertNotIn(TOKEN.encode(), content)

    def test_errors_hide_the_token_that_a_server_repeats(self):
        for name in ("delegation=", "Invalid value for parameter: "):
            self.gateway.answers = [refusal(400, "IllegalArgumentException", f"op=OPEN&{name}{TOKEN}&length=7")]
            done = self.dga("fs", "ls", self.there)
            self.expect_error(done, 1, "(hidden)&length=7\" (IllegalArgumentException).")
            self.assertNotIn(TOKEN, done.stderr)

    def test_a_token_that_has_expired_is_read_again(self):
        expired = refusal(403, "InvalidToken", "token (HDFS_DELEGATION_TOKEN owner=root, sequenceNumber=7) is expired")
        self.gateway.answers = [expired]
        done = self.dga("fs", "ls", self.there)
        self.expect_error(done, 1, "is expired\" (InvalidToken). Store a new delegation token in ")
        self.assertIn(str(self.token_file), done.stderr)
        self.gateway.asked.clear()
        self.write("in.bin", random.Random(43).randbytes(300_000))

        def expire():
            self.token_file.write_text("new" + TOKEN, encoding="utf-8")
            self.gateway.answers = [expired]

        self.gateway.before_data = expire
        self.fs("cp", "in.bin", f"{self.there}/a.bin")
        self.assertEqual(self.tokens(), {TOKEN, "new" + TOKEN})
        self.assertEqual(self.names(), ["a.bin"])

    def renewals(self):
        """The tokens that the NameNode was asked to renew since the last call."""
        asked = [urllib.parse.parse_qs(urllib.parse.urlsplit(path).query) for path in self.gateway.asked]
        self.gateway.asked.clear()
        self.assertTrue(asked)
        renewals = [query for query in asked if query["op"] == ["RENEWDELEGATIONTOKEN"]]
        for query in renewals:  # which does not renew itself
            self.assertEqual(set(query), {"op", "token"})
        return [query["token"][0] for query in renewals]

    def test_who_has_a_ticket_renews_the_token_with_the_first_operation_and_when_it_nears_its_end(self):
        ticket = {"HADOOP_AUTHENTICATION": "kerberos"}
        self.gateway.lasts = 86400
        self.fs("ls", self.there, variables=ticket)
        self.assertEqual(self.renewals(), [TOKEN])
        self.fs("ls", self.there)  # without a ticket nobody renews
        self.assertEqual(self.renewals(), [])
        self.fs("cp", "-r", DIGITS, self.there, variables=ticket)
        self.gateway.asked.clear()
        for lasts, least, most in ((4, 3, 6), (86400, 1, 1)):  # every 3 s of 12, and once
            self.gateway.lasts = lasts
            done = self.dga("train", "--data", f"{self.there}/digits", "--output", f"{self.there}/run{lasts}", "--epochs", "1000000",
                            "--hidden", "8", "--quiet", variables=ticket,
                            command=("timeout", "--preserve-status", "-s", "INT", "12", PROGRAM))
            self.assertEqual(done.returncode, 3, done)
            renewals = self.renewals()
            self.assertEqual(set(renewals), {TOKEN})
            self.assertTrue(least <= len(renewals) <= most, renewals)

    def test_a_renewal_that_fails_does_not_stop_what_the_token_still_allows(self):
        ticket = {"HADOOP_AUTHENTICATION": "kerberos"}
        for answer in ((401, b"<html>Authentication required</html>"), (200, b"[]"), (200, b"{}"), (200, b"<html>"),
                       (502, b"<html>"), refusal(403, "AccessControlException", f"not the renewer of token={TOKEN}")):
            self.gateway.answers = [answer]
            self.fs("ls", self.there, variables=ticket)
            self.assertEqual(self.renewals(), [TOKEN])

    def test_a_token_that_cannot_be_renewed_is_one_line_without_it(self):
        expired = refusal(403, "InvalidToken", "token (owner=root) is expired")
        refused = refusal(403, "AccessControlException", f"root tries to renew {TOKEN} of yarn")
        self.gateway.answers = [refused, expired, refused]
        done = self.dga("fs", "ls", self.there, variables={"HADOOP_AUTHENTICATION": "kerberos"})
        self.expect_error(done, 1, f"is expired\" (InvalidToken). Store a new delegation token in {self.token_file}. This one "
                                   "could not be renewed: \"root tries to renew (hidden) of yarn\"; that takes a ticket (kinit) "
                                   "of its renewer.")
        self.assertNotIn(TOKEN, done.stderr)

    def test_a_token_that_stays_refused_after_its_renewal_ends_in_one_line(self):
        expired = refusal(403, "InvalidToken", "token (owner=root) is expired")
        renewed = (200, b'{"long": 1}')
        self.gateway.answers = [renewed, expired, renewed, expired]
        done = self.dga("fs", "ls", self.there, variables={"HADOOP_AUTHENTICATION": "kerberos"})
        self.expect_error(done, 1, f"is expired\" (InvalidToken). Store a new delegation token in {self.token_file}.")

    def test_yarn_s_file_of_tokens_is_used_where_it_has_one_for_the_file_system(self):
        # {identifier "id", password "pw", HDFS_DELEGATION_TOKEN, service 127.0.0.1:8020}, as Hadoop's Writables.
        token = b"\x02id\x02pw\x15HDFS_DELEGATION_TOKEN\x0e127.0.0.1:8020"
        stored = self.write("tokens", b"HDTS\x00\x01\x02nn" + token + b"\x00")
        variables = {"DGA_HDFS_TOKEN_FILE": "", "HADOOP_TOKEN_FILE_LOCATION": str(stored)}
        self.fs("ls", self.there, variables=variables)
        self.assertEqual(self.tokens(), {"AmlkAnB3FUhERlNfREVMRUdBVElPTl9UT0tFTg4xMjcuMC4wLjE6ODAyMA"})
        stored.write_bytes(b"HDTS\x00\x01\x02nn" + token[:-5])
        self.expect_error(self.dga("fs", "ls", self.there, variables=variables), 1,
                          f"{stored}: expected tokens as Hadoop stores them, found a file that is damaged")

    def test_files_of_tokens_that_cannot_be_one_are_one_line_without_what_they_hold(self):
        for content in ("", "\n", f"{TOKEN} {TOKEN}", f'{{"urlString":"{TOKEN}"}}'):
            self.token_file.write_text(content, encoding="utf-8")
            done = self.dga("fs", "ls", self.there)
            self.expect_error(done, 1, f"{self.token_file}: expected a delegation token in one line of letters")
            self.assertNotIn(TOKEN, done.stderr)

    def test_who_shows_nothing_where_kerberos_is_asked_for_is_sent_to_kinit(self):
        for variables, advice in (({}, "Get a Kerberos ticket with kinit and set HADOOP_AUTHENTICATION=kerberos, or name"),
                                  ({"HADOOP_AUTHENTICATION": "kerberos"}, "Get a Kerberos ticket with kinit.")):
            self.gateway.answers = [(401, b"<html>Authentication required</html>")]
            done = self.dga("fs", "ls", self.there, variables={"DGA_HDFS_TOKEN_FILE": "", **variables})
            self.expect_error(done, 1, f"found \"the HTTP status 401\". {advice}")
        self.expect_error(self.dga("fs", "ls", self.there, variables={"HADOOP_AUTHENTICATION": "magic"}), 1,
                          "HADOOP_AUTHENTICATION: expected simple or kerberos, found \"magic\". Correct it.")


class TlsTest(HdfsTest):
    def setUp(self):
        super().setUp()
        run = lambda *words: subprocess.run(["openssl", *words], cwd=self.folder, check=True, stdout=subprocess.DEVNULL,
                                            stderr=subprocess.DEVNULL)
        for name in ("ca", "other"):
            run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                "-out", f"{name}.pem")
        self.write("san", "subjectAltName=IP:127.0.0.1")
        run("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=node", "-keyout", "node.key", "-out", "node.csr")
        run("x509", "-req", "-in", "node.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile",
            "san", "-out", "node.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "node.pem", self.folder / "node.key")
        self.gateway = FaultyGateway(self.cluster.http, tls=context)
        self.addCleanup(self.gateway.close)
        self.there = self.gateway.uri + self.path
        self.content = random.Random(47).randbytes(3_000_000)
        self.write("in.bin", self.content)

    def test_a_ca_of_one_s_own_is_named_by_a_variable(self):
        trusted = {"DGA_HDFS_CA": str(self.folder / "ca.pem")}
        self.fs("cp", "in.bin", f"{self.there}/a.bin", variables=trusted)
        self.fs("cp", f"{self.there}/a.bin", "out.bin", variables=trusted)
        self.assertEqual((self.folder / "out.bin").read_bytes(), self.content)

    def test_a_server_that_is_not_trusted_is_refused_at_once(self):
        for variables in ({}, {"DGA_HDFS_CA": str(self.folder / "other.pem")}):
            began = time.monotonic()
            done = self.dga("fs", "ls", self.there, variables=variables)
            self.expect_error(done, 1, f"{self.there}: expected a server with a certificate that is trusted, found \"SSL "
                                       "certificate problem: unable to get local issuer certificate\". Name the file of "
                                       "your CA's certificate in DGA_HDFS_CA.")
            self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(self.gateway.asked, [])

    def test_a_ca_file_that_is_none_is_one_line(self):
        self.expect_error(self.dga("fs", "ls", self.there, variables={"DGA_HDFS_CA": "/none"}), 1,
                          "DGA_HDFS_CA: expected a file of certificates, found nothing at /none. Correct the variable.")
        self.write("empty.pem", "no certificate\n")
        done = self.dga("fs", "ls", self.there, variables={"DGA_HDFS_CA": str(self.folder / "empty.pem")})
        self.expect_error(done, 1, "expected a server with a certificate that is trusted, found \"error setting certificate file: ")

    def test_a_data_node_without_tls_behind_a_name_node_with_tls_is_not_asked(self):
        self.fs("cp", "in.bin", f"{self.here}/a.bin")
        self.gateway.plain = 2
        self.fs("cp", f"{self.there}/a.bin", "out.bin", variables={"DGA_HDFS_CA": str(self.folder / "ca.pem")})
        self.assertEqual((self.folder / "out.bin").read_bytes(), self.content)
        self.assertEqual(self.gateway.faults, 2)


if __name__ == "__main__":
    unittest.main()
