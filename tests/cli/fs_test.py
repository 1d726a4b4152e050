#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dga fs on this machine's disks; tests/hdfs has the same between stores."""

import os
import unittest

from program import ProgramTest


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

    def test_a_pipe_is_no_file_to_copy(self):
        os.mkfifo(self.folder / "pipe")
        self.refuse(1, "pipe: expected a file or a folder, found a pipe. Leave it out.", "cp", "pipe", "copy")


if __name__ == "__main__":
    unittest.main()
