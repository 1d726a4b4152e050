# SPDX-License-Identifier: Apache-2.0
"""Workers of a program with threads are the program executed again."""

import os
import subprocess
import unittest

PROGRAM = os.path.join(os.environ["DGA_BIN"], "relaunched")


class Relaunch(unittest.TestCase):
    def test_each_worker_runs_the_launch_it_was_made_for(self):
        done = subprocess.run([PROGRAM], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.stdout.splitlines(),
                         ["round 1 sum 3 again 1", "round 2 sum 6 again 1", "done"])
        self.assertEqual(done.returncode, 0)

    def test_a_worker_that_comes_to_another_launch_is_refused(self):
        done = subprocess.run([PROGRAM, "astray"], capture_output=True, text=True, timeout=60)
        self.assertRegex(done.stderr, r"^\[launch\] worker [01] failed: expected its program to come to call 1 of launch with the "
                                      r"engine processes, found call 2\. Make the same calls of launch in the workers\.\n$")
        self.assertEqual(done.returncode, 1)

    def test_a_seat_that_makes_no_sense_is_explained(self):
        done = subprocess.run([PROGRAM], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "DGA_WORKER": "nonsense"})
        self.assertIn("[launch] DGA_WORKER: expected the value that dga sets for a worker process, found "
                      "'nonsense'. Unset the variable.", done.stderr)


if __name__ == "__main__":
    unittest.main()
