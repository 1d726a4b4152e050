# SPDX-License-Identifier: Apache-2.0
"""A host of a cluster that is cut off: the workers on the others end with an error that names those that were lost."""

import json
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
HOSTS = str(SOURCE / "scripts" / "hosts")
FAILING = os.path.join(os.environ["DGA_BIN"], "failing")
PROGRAM = os.path.join(os.environ["DGA_BIN"], "dga")
TIMEOUT_S = 2
CLUSTER = {"OMPI_MCA_plm_rsh_agent": f"{HOSTS} agent", "OMPI_MCA_btl": "tcp,self,vader",
           "OMPI_MCA_btl_tcp_if_include": "10.77.0.0/24", "OMPI_MCA_oob_tcp_if_include": "10.77.0.0/24",
           "OMPI_MCA_mpi_yield_when_idle": "1", "OMPI_MCA_btl_vader_single_copy_mechanism": "none"}


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


    def test_dga_launch_goes_on_on_the_host_that_is_left(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = Path(folder.name)
        (path / "data.csv").write_text("".join(f"{i % 7},{i % 5 + 10 * (i % 2)},{i % 2}\n" for i in range(400)), encoding="utf-8")
        (path / "hosts").write_text("10.77.0.1 slots=2\n10.77.0.2 slots=2\n", encoding="utf-8")
        train = [PROGRAM, "train", "--data", str(path / "data.csv"), "--workers", "6", "--hidden", "8", "--batch", "4", "--epochs",
                 "60", "--quiet", "--output"]
        job = subprocess.Popen(
            [HOSTS, "exec", "1", PROGRAM, "launch", "--hostfile", str(path / "hosts"), "--max-restarts", "1", "--mpirun",
             "mpirun --allow-run-as-root --oversubscribe", "--", *train, str(path / "out"), "--timeout", str(TIMEOUT_S),
             "--checkpoint-every", "20steps"],
            env={**self.environment, **CLUSTER}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, start_new_session=True)
        self.addCleanup(job.stderr.close)
        self.addCleanup(job.wait)
        self.addCleanup(lambda: job.poll() is not None or os.killpg(job.pid, signal.SIGKILL))
        metrics = path / "out" / "metrics.jsonl"
        end = time.monotonic() + 60
        while not metrics.exists() or metrics.read_bytes().count(b"\n") < 10:
            self.assertIsNone(job.poll(), "it has ended already")
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)
        self.assertEqual(self.hosts("cut", "2").returncode, 0)
        _, errors = job.communicate(timeout=90)
        self.assertEqual(job.returncode, 0, errors)
        self.assertIn("Host 10.77.0.2 does not answer, and is left out.", errors)
        self.assertIn("The job is started again on 2 carriers (restart 1 of 1).", errors)
        subprocess.run([*train, str(path / "whole"), "--engine", "threads"], check=True, stdout=subprocess.DEVNULL)
        weights = [json.loads((path / name / "results.json").read_text(encoding="utf-8"))["weights_sha256"]
                   for name in ("out", "whole")]
        self.assertEqual(*weights)


if __name__ == "__main__":
    unittest.main()
