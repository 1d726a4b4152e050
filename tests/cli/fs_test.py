#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dga fs on this machine's disks; tests/hdfs has the same between stores."""

import os
import signal
import subprocess
import time
import unittest

from program import PROGRAM, ProgramTest


class FsTest(ProgramTest):
    def fs(self, *arguments):
        done = self.dga("fs", *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        return done.stdout

    def refuse(self, code, text, *arguments):
        before = self.contents()
        self.expect_error(self.dga("fs", *arguments), code, text)
        self.assertEqual(self.contents(), before)

    def test_files_are_listed_printed_and_described(self):
        self.write("f/b.txt", "two\n")
        self.write("f/a.txt", "one\n")
        (self.folder / "f" / "c").mkdir()
        self.assertEqual(self.fs("ls", "f"), "a.txt\nb.txt\nc/\n")
        self.assertEqual(self.fs("ls", "-l", "f/a.txt").split(), ["4", "f/a.txt"])
        self.assertEqual(self.fs("cat", "f/a.txt", f"file://{self.folder}/f/b.txt"), "one\ntwo\n")
        self.assertEqual(self.fs("stat", "f/a.txt"), "path       f/a.txt\nkind       file\nbytes      4\n")
        self.assertIn("kind       folder", self.fs("stat", "f"))

    def test_copies_go_to_a_new_name_a_file_or_a_folder(self):
        self.write("a", "one")
        self.write("b", "two")
        self.fs("cp", "a", "c")
        self.fs("cp", "b", "c")
        self.assertEqual((self.folder / "c").read_text(encoding="utf-8"), "two")
        self.fs("mkdir", "f")
        self.fs("cp", "a", "b", "f")
        self.fs("cp", "-r", "f", "g")
        self.fs("cp", "-r", "f", "g")
        self.assertEqual(self.contents(), ["a", "b", "c", "f", "f/a", "f/b", "g", "g/a", "g/b", "g/f", "g/f/a", "g/f/b"])

    def test_files_and_folders_are_moved_and_removed(self):
        self.write("f/a", "one")
        self.fs("mv", "f/a", "f/b")
        self.fs("mv", "f", "g")
        self.assertEqual(self.contents(), ["g", "g/b"])
        self.fs("mkdir", "-p", "x/y")
        self.fs("mkdir", "-p", "x/y")
        self.fs("mv", "g/b", "x/y")
        self.fs("rm", "x/y/b")
        self.fs("rm", "-r", "x", "g")
        self.assertEqual(self.contents(), [])

    def test_what_cannot_be_done_changes_nothing_and_says_what_to_do(self):
        self.write("a", "one")
        self.write("f/b", "two")
        self.refuse(1, "none: expected a readable file, found \"No such file or directory\". Check the path.", "cat", "none")
        self.refuse(1, "none: expected a file or a folder, found nothing there. Check the path.", "ls", "none")
        self.refuse(1, "none: expected a file or a folder, found nothing there. Check the path.", "rm", "none")
        self.refuse(1, "f: expected a file, found a folder. Remove it with --recursive.", "rm", "f")
        self.refuse(1, "f: expected a file, found a folder. Copy it with --recursive.", "cp", "f", "g")
        self.refuse(1, "g: expected a folder for several files, found nothing there.", "cp", "a", "f/b", "g")
        self.refuse(1, "a: expected another file than the source, found the same.", "cp", "a", "a")
        self.refuse(1, "f/g: expected a folder outside the one that is copied", "cp", "-r", "f", "f/g")
        self.refuse(1, "x: expected a folder, found none. Make it too, with --parents.", "mkdir", "x/y")
        self.refuse(1, "f: expected nothing, found something of that name.", "mkdir", "f")
        self.refuse(2, "found the scheme \"s3\".", "ls", "s3://bucket")
        self.refuse(2, "PATH", "cp", "a")

    def test_a_link_is_removed_without_what_it_leads_to(self):
        self.write("other/precious", "keep")
        for arguments in (("-r", "t"), ("-r", "t/link"), ("t/link",), ("-r", "t/link/")):
            self.write("t/a", "one")
            os.symlink("../other", self.folder / "t/link")
            os.symlink("..", self.folder / "t/up")
            self.fs("rm", *arguments)
            self.assertFalse(os.path.lexists(self.folder / "t/link"))
            if os.path.lexists(self.folder / "t"):
                self.fs("rm", "-r", "t")
            self.assertEqual(self.contents(), ["other", "other/precious"])

    def test_a_link_to_a_folder_above_is_not_copied_for_ever(self):
        self.write("t/a", "one")
        for target in ("..", ".", "../t", "/"):
            os.symlink(target, self.folder / "t/up")
            self.expect_error(self.dga("fs", "cp", "-r", "t", "copy"), 1,
                              "t/up: expected a folder or a link to another one, found a link to a folder that contains it. "
                              "Leave it out.")
            os.unlink(self.folder / "t/up")

    def test_what_is_meant_by_nobody_is_refused(self):
        self.write("a", "one")
        os.makedirs(self.folder / "x/y")
        self.refuse(1, "/: expected a file or folder in a store, found the root of all. Name what is to go.", "rm", "-r", "/")
        self.refuse(1, "x/y/z: expected a place outside the folder that is moved, found one in it.", "mv", "x", "x/y/z")
        self.refuse(1, "a: expected a folder, found a file. Choose another name.", "mkdir", "a/b")
        self.refuse(1, "a: expected a folder or nothing, found another kind of file. Choose another folder.", "cp", "-r", "x", "a")
        for scheme, form in (("hdfs", "hdfs://HOST:PORT/PATH"), ("webhdfs", "webhdfs://HOST:PORT/PATH"), ("file", "file:///PATH")):
            self.refuse(2, f"{scheme}:/a: expected two slashes after {scheme}:, found one. Write {form}.", "ls", f"{scheme}:/a")

    def test_a_port_that_is_none_is_refused_at_once(self):
        if "a build of dga with HDFS" in self.dga("fs", "ls", "hdfs://h:abc/x").stderr:
            self.skipTest("built without HDFS")
        for port in ("abc", "0", "99999", "-1", ""):
            self.refuse(2, f"hdfs://h:{port}: expected a port from 1 to 65535, found \"{port}\". Correct it, or leave it out.",
                        "ls", f"hdfs://h:{port}/x")

    def test_a_signal_ends_a_copy_and_leaves_no_part_of_it(self):
        with open(self.folder / "large", "wb") as file:
            file.truncate(20 << 30)  # takes no room; the copy would take some
        os.mkdir(self.folder / "to")
        for number in (signal.SIGINT, signal.SIGTERM):
            process = subprocess.Popen([PROGRAM, "fs", "cp", "large", "to/copy"], cwd=self.folder, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)
            self.addCleanup(process.kill)
            deadline = time.monotonic() + 60
            while not os.listdir(self.folder / "to"):
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            process.send_signal(number)
            stdout, stderr = process.communicate(timeout=60)
            self.assertEqual((process.returncode, stdout), (130, ""))
            self.assertEqual(stderr, "dga: [storage] to/copy: stopped by a signal before the copy was whole. Copy it again.\n")
            self.assertEqual(os.listdir(self.folder / "to"), [])

    def test_names_with_characters_that_mean_something_in_urls_are_taken_as_they_are(self):
        names = ["a b", "50%", "50%25", "what?", "a#b", "grün 日本", "a&b=c", "[x]*", "a+b", "'q'", ";", "@", "~x~"]
        for name in names:
            self.write(f"in/{name}", name)
            self.fs("cp", f"in/{name}", f"{name}.copy")
            self.assertEqual(self.fs("cat", f"{name}.copy"), name)
        self.fs("cp", "-r", "in", "out")
        self.assertEqual(sorted(self.fs("ls", "out").splitlines()), sorted(names))

    def test_a_pipe_is_no_file_to_copy(self):
        os.mkfifo(self.folder / "pipe")
        self.refuse(1, "pipe: expected a file or a folder, found a pipe. Leave it out.", "cp", "pipe", "copy")


if __name__ == "__main__":
    unittest.main()
