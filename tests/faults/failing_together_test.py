# SPDX-License-Identifier: Apache-2.0
"""When one worker fails, all end, within a second, with one error that names it; on every engine."""

import os
import re
import shlex
import subprocess
import time
import unittest

BIN = os.environ["DGA_BIN"]
MPIRUN = shlex.split(os.environ.get("DGA_MPIRUN", ""))
HAS_MPI = os.environ.get("DGA_MPI") == "ON"


def children_of(name):
    """Processes that run `name`, by looking at /proc."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if name.encode() in file.read().split(b"\0")[0]:
                    found.append(int(pid))
        except OSError:
            pass  # it ended meanwhile
    return found


class FailingTogether(unittest.TestCase):
    def run_failing(self, engine, how, victim=2, workers=4, timeout=60, per_node=0, **environment):
        command = [os.path.join(BIN, "failing"), engine, str(workers), how, str(victim),
                   str(timeout), str(per_node)]
        if engine == "mpi":
            command = MPIRUN + ["-n", str(workers)] + command
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, **environment})
        failed_at = re.search(r"failing ([0-9.]+)", done.stdout)
        errors = [(float(line.split(" ", 1)[0]), line.split(" ", 1)[1])
                  for line in done.stderr.splitlines() if re.match(r"[0-9]+\.[0-9]+ \[", line)]
        return done.returncode, failed_at and float(failed_at[1]), errors

    def check(self, engine, how, pattern, within=1.0, same=True, **options):
        code, failed_at, errors = self.run_failing(engine, how, **options)
        self.assertNotEqual(code, 0)
        self.assertTrue(errors, f"no error on {engine}, {how}")
        for at, text in errors:
            self.assertRegex(text, pattern)
            self.assertLess(at - failed_at, within, text)
        if same:
            self.assertEqual(len({text for _, text in errors}), 1, "all say the same")

    def test_no_failure_is_no_error(self):
        for engine in ["threads", "processes"] + ["mpi"] * HAS_MPI:
            code, _, errors = self.run_failing(engine, "none")
            self.assertEqual((code, errors), (0, []), engine)

    def test_a_worker_that_throws_is_named_with_what_it_threw(self):
        for engine in ["threads", "processes"] + ["mpi"] * HAS_MPI:
            self.check(engine, "throw", r"\[launch\] worker 2 failed: planted failure; worker \d "
                       r"waited in barrier 'end' \(operation \d+\)")

    def test_a_worker_that_returns_early_is_named(self):
        for engine in ["threads", "processes"] + ["mpi"] * HAS_MPI:
            self.check(engine, "return", r"\[comm\] worker 2 has returned, but worker \d waits for it "
                       r"in barrier 'end'")

    def test_a_worker_that_calls_something_else_is_told_what_the_others_call(self):
        for engine in ["threads", "processes"] + ["mpi"] * HAS_MPI:
            self.check(engine, "mismatch", r"expected barrier '(end|another one)' on every worker.*"
                       r"found barrier '(end|another one)' on worker \d")

    def test_a_worker_that_stalls_is_named_after_the_timeout(self):
        for engine in ["threads", "processes"] + ["mpi"] * HAS_MPI:
            code, _, errors = self.run_failing(engine, "stall", timeout=1)
            self.assertNotEqual(code, 0)
            self.assertRegex(errors[0][1], r"\[comm\] barrier 'end' \(operation \d+\) on worker \d "
                             r"waited 1 s for worker 2\. Raise --timeout")

    @unittest.skipUnless(HAS_MPI, "built without MPI")
    def test_ranks_do_not_wait_for_ever_for_one_that_has_ended(self):
        code, _, errors = self.run_failing("mpi", "absent", timeout=1)
        self.assertNotEqual(code, 0)
        self.assertRegex(errors[0][1], r"\[launch\] rank \d waited 1 s for all 4 ranks to call launch\. Check whether one "
                         r"of them has ended or taken another path through the program, or raise --timeout\.")

    @unittest.skipUnless(HAS_MPI, "built without MPI")
    def test_ranks_do_not_wait_for_ever_for_the_work_of_the_first(self):
        code, _, errors = self.run_failing("mpi", "silent", timeout=3)
        self.assertNotEqual(code, 0)
        self.assertRegex(errors[0][1], r"\[launch\] rank [123]: expected a sign of life within 3 s from rank 0, for which it "
                         r"waits, found none\. Check whether its process is still running, or raise --timeout\.")

    def test_a_killed_process_is_named_with_its_signal(self):
        self.check("processes", "kill", r"\[launch\] worker 2 \(process \d+\) was killed by signal 9 "
                   r"\(Killed\); worker \d waited for it in barrier 'end'")

    def test_a_process_that_exits_is_named_with_its_code(self):
        self.check("processes", "exit", r"\[launch\] worker 2 \(process \d+\) exited with code 7 "
                   r"before its work was done; worker \d waited")

    @unittest.skipUnless(HAS_MPI, "this build has no MPI")
    def test_ranks_watch_each_other_and_speak_before_mpirun(self):
        for how in ["kill", "exit"]:
            self.check("mpi", how, r"\[launch\] worker 2 \(process \d+\) ended before its work was "
                       r"done: it was killed or it exited; worker \d waited for it in barrier 'end'",
                       within=0.5)

    @unittest.skipUnless(HAS_MPI, "this build has no MPI")
    def test_other_nodes_are_told_within_two_seconds(self):
        for how, pattern in [("throw", "worker 2 failed: planted failure"),
                             ("kill", r"worker 2 \(process \d+\) ended before")]:
            self.check("mpi", how, pattern, within=2.0, per_node=2)

    @unittest.skipUnless(HAS_MPI, "this build has no MPI")
    def test_a_rank_that_calls_exit_is_named_at_once(self):
        for per_node in [0, 1]:
            self.check("mpi", "std_exit", r"\[launch\] worker 2 failed: it ended its process \(exit\) before its work "
                       r"was done", per_node=per_node)

    def test_children_of_a_worker_may_exit(self):
        for engine in ["threads", "processes"] + ["mpi"] * HAS_MPI:
            code, _, errors = self.run_failing(engine, "fork")
            self.assertEqual((code, errors), (0, []), engine)

    def test_launch_in_a_worker_is_refused_in_one_line_or_works(self):
        self.assertEqual(self.run_failing("threads", "nested")[0], 0)
        if HAS_MPI:
            code, _, errors = self.run_failing("mpi", "nested", workers=2)
            self.assertNotEqual(code, 0)
            self.assertIn("[launch] engine mpi: expected a call outside of workers, found one inside a worker. Use the "
                          "worker's Environment", errors[0][1])

    @unittest.skipUnless(HAS_MPI, "this build has no MPI")
    def test_nodes_that_call_different_operations_or_return_are_told_within_two_seconds(self):
        for victim in [0, 2]:
            self.check("mpi", "order", r"\[comm\] (operation \d+: )?expected (barrier 'end'|broadcast 'instead')",
                       within=2.0, per_node=1, victim=victim, same=False)  # each node says what it has seen first
            self.check("mpi", "return", rf"\[comm\] worker {victim} has returned, but worker \d waits for it in "
                       r"barrier 'end'", within=2.0, per_node=1, victim=victim, same=False)

    @unittest.skipUnless(HAS_MPI, "this build has no MPI")
    def test_launch_where_mpi_cannot_be_used_is_refused_in_one_line(self):
        done = subprocess.run(MPIRUN + ["-n", "1", os.path.join(BIN, "mpi_misuse")], capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(done.stdout.splitlines(), [
            "[launch] mpi_comm: expected a communicator, found MPI_COMM_NULL. Call launch only on ranks that are in it.",
            "[launch] engine mpi: expected MPI to be usable, found that the program has called MPI_Finalize. Call launch "
            "before it."])

    def test_deaths_are_seen_where_sigchld_is_ignored(self):
        code, _, errors = self.run_failing("processes", "none", IGNORE_SIGCHLD="1")
        self.assertEqual((code, errors), (0, []))
        for how in ["kill", "exit"]:
            self.check("processes", how, r"\[launch\] worker 2 \(process \d+\) ended before its work was done; how is "
                       r"unknown, because this program ignores SIGCHLD or waits for children itself; worker \d waited",
                       IGNORE_SIGCHLD="1")

    def test_nothing_outlives_a_killed_parent(self):
        name = os.path.join(BIN, "failing")
        before = set(os.listdir("/dev/shm"))
        parent = subprocess.Popen([name, "processes", "4", "stall", "2"], stdout=subprocess.PIPE)
        parent.stdout.readline()  # it has come to the failure, so all workers run
        self.assertGreaterEqual(len(children_of(name)), 5)
        parent.kill()
        parent.wait()
        parent.stdout.close()
        for _ in range(100):
            if not children_of(name):
                break
            time.sleep(0.01)
        self.assertEqual(children_of(name), [])
        self.assertEqual(set(os.listdir("/dev/shm")) - before, set())


if __name__ == "__main__":
    unittest.main()
