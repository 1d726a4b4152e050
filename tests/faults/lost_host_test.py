# SPDX-License-Identifier: Apache-2.0
"""A host of a cluster that is cut off: the workers on the others end with an error that names those that were lost."""

import os
import re
import signal
import subprocess
import time
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
HOSTS = str(SOURCE / "scripts" / "hosts")
FAILING = os.path.join(os.environ["DGA_BIN"], "failing")
TIMEOUT_S = 2


@unittest.skipUnless(os.environ.get("DGA_MPI") == "ON", "this build has no MPI")
class LostHost(unittest.TestCase):
    def setUp(self):
        self.environment = {**os.environ, "DGA_HOSTS": f"dgalost{os.getpid()}"}
        up = self.hosts("up", "2")
        self.addCleanup(self.hosts, "down")
        if up.returncode == 77:
            self.skipTest(up.stdout.strip())
        self.assertEqual(up.returncode, 0, up)

    def hosts(self, *arguments):
        return subprocess.run([HOSTS, *arguments], env=self.environment, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)

    def test_a_cut_cable_ends_the_workers_on_the_other_side_after_the_timeout(self):
        job = subprocess.Popen(
            [HOSTS, "mpirun", "2", "2", "--", FAILING, "mpi", "4", "lose", "0", str(TIMEOUT_S)], env=self.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        self.addCleanup(job.stderr.close)
        self.addCleanup(job.stdout.close)
        self.addCleanup(job.wait)
        self.addCleanup(lambda: job.poll() is not None or os.killpg(job.pid, signal.SIGKILL))
        self.assertEqual(job.stdout.readline().strip(), "meeting")
        time.sleep(0.5)
        self.assertEqual(self.hosts("cut", "2").returncode, 0)
        cut_at = time.time()
        errors = []
        for line in job.stderr:
            found = re.match(r"([0-9]+\.[0-9]+) (\[.*)", line)
            if found:
                errors.append((float(found[1]), found[2]))
            if len(errors) == 2:
                break
        self.assertEqual(len(errors), 2, "the two workers of host 1")
        for at, text in errors:
            self.assertRegex(text, r"\[comm\] barrier 'meet' \(operation \d+\) on worker [01] waited 2 s for workers? "
                                   r"[23](, 3)?\. Raise --timeout")
            self.assertLess(at - cut_at, TIMEOUT_S + 1.5)
        self.assertEqual(len({text for _, text in errors}), 1, "both say the same")


if __name__ == "__main__":
    unittest.main()
