# SPDX-License-Identifier: Apache-2.0
"""Long messages over a slow link between hosts: the timeout counts from the last progress."""

import os
import subprocess
import time
import unittest
from pathlib import Path

HOSTS = str(Path(__file__).resolve().parents[2] / "scripts" / "hosts")
FAILING = os.path.join(os.environ["DGA_BIN"], "failing")
TIMEOUT_S = 1.5


@unittest.skipUnless(os.environ.get("DGA_MPI") == "ON", "this build has no MPI")
class SlowLink(unittest.TestCase):
    def test_messages_that_move_are_not_given_up(self):
        # 12 MB from host 1 to both others, then 6 MB to host 2, for which host 3 waits in a barrier; 3 MB a second.
        started = time.monotonic()
        done = subprocess.run([HOSTS, "run", "3", "1", "24mbit", "--", FAILING, "mpi", "3", "long", "0", str(TIMEOUT_S)],
                              env={**os.environ, "DGA_HOSTS": f"dgaslow{os.getpid()}"}, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60, check=False)
        if done.returncode == 77:
            self.skipTest(done.stdout.strip())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(time.monotonic() - started, 2 * TIMEOUT_S, "else the timeout was not at stake")


if __name__ == "__main__":
    unittest.main()
