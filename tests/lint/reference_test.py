#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""doxygen has nothing to complain about in the public headers, and would say so if it had."""

import subprocess
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]


class ReferenceTest(unittest.TestCase):
    def doxygen(self, headers):
        """Runs doxygen by the project's Doxyfile on the folder `headers`."""
        with tempfile.TemporaryDirectory() as output:
            settings = (SOURCE / "docs" / "Doxyfile").read_text(encoding="utf-8")
            settings += f"\nINPUT = {headers}\nOUTPUT_DIRECTORY = {output}\n"
            return subprocess.run(["doxygen", "-"], input=settings, cwd=SOURCE, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, timeout=200, check=False)

    def test_the_public_headers_have_no_warnings(self):
        done = self.doxygen("dga")
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_a_comment_that_does_not_match_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "wrong.h").write_text(
                "/// @file\n\n/// Adds.\n/// @param third not there\nint add(int first, int second);\n", encoding="utf-8")
            done = self.doxygen(folder)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("argument 'third'", done.stdout)


if __name__ == "__main__":
    unittest.main()
