#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Programs that once went wrong, built against an installed dga: each now works, or is told what to do."""

import os
import re
import shlex
import subprocess
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("DGA_BIN", SOURCE / "build" / "release" / "bin")).parent
CASES = SOURCE.parent / "shared" / "cases" / "library"
MPIRUN = shlex.split(os.environ.get("DGA_MPIRUN", ""))
HAS_MPI = os.environ.get("DGA_MPI") == "ON"
JOBS = os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL") or str(os.cpu_count() or 1)


@unittest.skipUnless(CASES.is_dir(), f"the programs are not at {CASES}")
class LibraryCases(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        torch = re.search(r"^DGA_TORCH_DIR:[^=]*=(.*)$", (BUILD / "CMakeCache.txt").read_text(encoding="utf-8"), re.M)
        prefix = cls.folder / "installed"
        for command in [["cmake", "--install", BUILD, "--prefix", prefix],
                        ["cmake", "-S", CASES, "-B", cls.folder / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}"]
                        + ([f"-DDGA_TORCH_DIR={torch[1]}"] if torch and torch[1] else []),
                        ["cmake", "--build", cls.folder / "build", "-j", JOBS]]:
            done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, timeout=400, check=False)
            if done.returncode != 0:
                raise AssertionError(done.stdout)

    def run_case(self, name, *arguments, ranks=0):
        """What the program prints, and the text of what it did not catch."""
        start = [*MPIRUN, "-n", str(ranks)] if ranks else []
        done = subprocess.run([*start, str(self.folder / "build" / name), *arguments], cwd=self.folder, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                              check=False)
        uncaught = re.search(r"what\(\): +(.*)", done.stderr)
        return done.stdout, uncaught[1] if uncaught else "", done

    def test_a_refused_backward_changes_nothing(self):
        out, _, _ = self.run_case("backward_rejected")
        self.assertIn("expected a scalar loss", out)
        self.assertGreater(float(re.search(r"moved (\S+)", out)[1]), 0.001)  # below 0.0002 if the samples counted
        self.assertIn("retry fine", out)

    def test_loading_in_place_is_told_where_it_works(self):
        _, uncaught, _ = self.run_case("disconnected_parameters")
        self.assertIn("[parallel] parameter 'a.weight': expected it as step() left it, found it changed in place. The "
                      "workers of a node share it, so change or load it in accumulator.update_parameters.", uncaught)

    def test_gans_joint_losses_and_gradients_of_inputs_work(self):
        self.assertEqual(self.run_case("gan")[0], "0 fine\n1 fine\n2 fine\n")

    def test_changes_in_place_are_named(self):
        self.assertIn("[parallel] parameter 'b.weight': expected it as step() left it, found it changed in place.",
                      self.run_case("inplace_every_worker")[2].stderr)

    def test_a_step_with_nan_is_the_same_error_on_all_and_the_next_one_works(self):
        out, uncaught, _ = self.run_case("nan_step")
        self.assertEqual(uncaught, "")
        self.assertEqual(sorted(line.split(" ", 3)[1] for line in out.splitlines()), ["0", "1"])
        self.assertEqual({line.split(": ", 1)[1] for line in out.splitlines()}, {
            "[parallel] gradient of 'b.bias' is not finite at step 1: expected numbers, found nan in element 0 of 1, from "
            "worker 1. Lower the learning rate, set clip_norm, or look at that step's samples."})

    def test_zero_grad_of_the_optimizer_is_harmless(self):
        moved = re.findall(r"(\w+) step (\d) moved (\S+)", self.run_case("optimizer_zero_grad")[0])
        plain, cleared = moved[:6], moved[6:]
        self.assertEqual([step[1:] for step in plain], [step[1:] for step in cleared])
        self.assertTrue(all(float(step[2]) > 0 for step in plain))

    def test_replaced_gradients_are_refused(self):
        self.assertIn("[parallel] gradient of 'a.weight': expected it as backward left it, found it edited or replaced.",
                      self.run_case("replaced_gradient")[1])

    def test_what_is_unfrozen_later_is_refused(self):
        self.assertIn("[parallel] parameter 'a.weight': expected it frozen as when the accumulator was made",
                      self.run_case("unfreeze")[1])

    def test_collectives_in_place_are_right(self):
        self.assertEqual(self.run_case("core_alias_collectives")[0], "done\n")
        if HAS_MPI:
            self.assertEqual(self.run_case("core_alias_collectives", "mpi", "1", ranks=3)[0], "done\n" * 3)

    def test_negative_counts_are_refused(self):
        out, uncaught, _ = self.run_case("core_bad_arguments")
        self.assertNotIn("no error", out)
        self.assertIn("[comm] all_reduce: expected 0 to", uncaught)

    def test_deaths_are_seen_where_sigchld_is_ignored(self):
        out, _, _ = self.run_case("core_sigchld_ignored")
        self.assertEqual(len(re.findall(r"\[launch\] worker 1 \(process \d+\) ended before its work was done", out)), 2)
        for seconds in re.findall(r"after (\S+) s", out):
            self.assertLess(float(seconds), 2)

    @unittest.skipUnless(HAS_MPI, "this build has no MPI")
    def test_edited_gradients_are_refused_between_nodes(self):
        self.assertIn("[parallel] gradient of 'a.weight': expected it as backward left it, found it edited or replaced.",
                      self.run_case("gradient_edited", ranks=3)[1])

    @unittest.skipUnless(HAS_MPI, "this build has no MPI")
    def test_exit_in_a_rank_is_seen_at_once(self):
        out, _, _ = self.run_case("core_mpi_exit_in_worker", ranks=3)
        found = re.findall(r"\[launch\] worker 1 failed: it ended its process \(exit\) before its work was done"
                           r"(?:\.|; worker \d waited in barrier 'meet' \(operation \d+\)) +after (\S+) s", out)
        self.assertTrue(found, out)
        self.assertTrue(all(float(seconds) < 3 for seconds in found), found)


if __name__ == "__main__":
    unittest.main()
