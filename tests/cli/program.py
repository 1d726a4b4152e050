# SPDX-License-Identifier: Apache-2.0
"""What the tests of the program share: running it in a folder of its own, and making small datasets."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("DGA_PROGRAM", str(SOURCE / "build" / "release" / "bin" / "dga"))
DIGITS = SOURCE / "data" / "digits"


def rows(count=40):
    """Lines of a small dataset that is easy to learn: two features, two classes."""
    return [f"{i % 7},{i % 5 + 10 * (i % 2)},{i % 2}" for i in range(count)]


class ProgramTest(unittest.TestCase):
    """Each test has an empty folder, which is the current one of the programs it runs."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def environment(self):
        return os.environ.copy()

    def dga(self, *arguments, timeout=120, command=(PROGRAM,), variables=None, **options):
        """Runs the program to its end, with these `variables` in its environment; standard output and error are text."""
        return subprocess.run(
            [*command, *map(str, arguments)], cwd=self.folder, env={**self.environment(), **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout, check=False, **options)

    def train(self, *arguments, **options):
        """A short run on `data` of the test's folder, to `out`."""
        return self.dga("train", "--data", "data", "--output", "out", "--epochs", "2", "--hidden", "4", *arguments,
                        **options)

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else "\n".join(content) + "\n", encoding="utf-8")
        return path

    def edit(self, name, content):
        """Writes over a file of a run, and removes the manifest that would refuse it."""
        path = self.write(name, content)
        (path.parent / "manifest.json").unlink(missing_ok=True)

    def mount_small_disk(self, folder, options):
        """Makes a folder that is a disk of its own, in memory, with these options of tmpfs."""
        folder.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], stderr=subprocess.DEVNULL,
                          check=False).returncode != 0:
            self.skipTest("making a small disk to fill needs root and the right to mount")
        self.addCleanup(subprocess.run, ["umount", "--lazy", str(folder)], check=True)

    def contents(self):
        """All files and folders below the test's folder, by relative path."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*"))

    def expect_error(self, done, code, text):
        """`done` ended with `code` and said `text` in one line on standard error, and nothing else."""
        self.assertEqual(done.returncode, code, done)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("dga: "), done.stderr)
        self.assertIn(text, done.stderr)

    def expect_refused(self, code, text, *arguments, **options):
        """Training ends as expect_error says, and leaves everything as it was."""
        before = self.contents()
        self.expect_error(self.train(*arguments, **options), code, text)
        self.assertEqual(self.contents(), before)
