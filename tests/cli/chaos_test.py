#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Half a minute of `make chaos`, with each of its faults: the weights are those of a run that was left alone."""

import os
import subprocess
import sys
import unittest
from pathlib import Path

CHAOS = Path(__file__).parent / "chaos.py"


class ChaosTest(unittest.TestCase):
    def chaos(self, *options):
        done = subprocess.run([sys.executable, CHAOS, *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False)
        print(done.stdout, flush=True)
        return done

    @unittest.skipUnless(len(os.sched_getaffinity(0)) > 1, "the two runs need a core each")
    def test_a_fault_every_four_seconds(self):
        # Their share of the time is large here: only that the run goes on at all counts.
        done = self.chaos("--minutes", "0.35", "--every", "4", "--checkpoint", "1s", "--progress", "1", "--seed", "1405")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.count("after epoch"), 5)
        for kind in ("kill a carrier", "kill worker 0", "stop a carrier", "kill two carriers", "kill the supervisor"):
            self.assertIn(kind, done.stdout)


if __name__ == "__main__":
    unittest.main()
