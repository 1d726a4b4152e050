#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Green must mean ran: how scripts/test counts what the programs print."""

import importlib.machinery
import importlib.util
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "test"
loader = importlib.machinery.SourceFileLoader("runner", str(SCRIPT))
runner = importlib.util.module_from_spec(importlib.util.spec_from_loader("runner", loader))
loader.exec_module(runner)

GTEST = """\
[ RUN      ] A.Works
[       OK ] A.Works (0 ms)
[ RUN      ] A.NeedsMore
a_test.cpp:3: Skipped
[  SKIPPED ] A.NeedsMore (0 ms)
[ RUN      ] A.Breaks/2
[  FAILED  ] A.Breaks/2, where GetParam() = 7 (0 ms)
[==========] 3 tests from 1 test suite ran. (0 ms total)
[  PASSED  ] 1 test.
[  SKIPPED ] 1 test, listed below:
[  SKIPPED ] A.NeedsMore
[  FAILED  ] 1 test, listed below:
[  FAILED  ] A.Breaks/2, where GetParam() = 7
"""
UNITTEST = """\
test_a (__main__.X.test_a) ... ok
test_b (__main__.X.test_b) ... skipped 'no such folder'
test_c (__main__.X.test_c) ... FAIL

======================================================================
FAIL: test_c (__main__.X.test_c)
----------------------------------------------------------------------
Ran 3 tests in 0.010s

FAILED (failures=1, skipped=1)
"""


class SummaryTest(unittest.TestCase):
    def setUp(self):
        self.tally = runner.Tally()

    def expect(self, code, *lines):
        self.assertEqual(self.tally.summary().splitlines(), list(lines))
        self.assertEqual(self.tally.exit_code(), code)

    def test_nothing_that_ran_is_a_failure(self):
        self.expect(1, "0 passed, 0 failed, 0 skipped")

    def test_googletest_counts_by_test(self):
        self.tally.add("release", "core.a", "fail", GTEST)
        self.expect(1, "skipped: release core.a: A.NeedsMore", "FAILED: release core.a: A.Breaks/2",
                    "1 passed, 1 failed, 1 skipped")

    def test_unittest_counts_by_test(self):
        self.tally.add("release", "cli.x", "fail", UNITTEST)
        self.expect(1, "skipped: release cli.x: test_b (__main__.X.test_b) skipped 'no such folder'",
                    "FAILED: release cli.x: test_c (__main__.X.test_c)", "1 passed, 1 failed, 1 skipped")

    def test_a_crash_is_a_failure_though_no_test_failed(self):
        self.tally.add("asan", "core.a", "fail", "[ RUN      ] A.Works\nSegmentation fault\n")
        self.expect(1, "FAILED: asan core.a", "0 passed, 1 failed, 0 skipped")

    def test_an_entry_that_skips_itself_says_why(self):
        self.tally.add("release", "hosts.engines", "notrun", "SKIPPED: hosts need root\n")
        self.tally.add("release", "other", "run", "fine\n")
        self.expect(0, "skipped: release hosts.engines: SKIPPED: hosts need root", "1 passed, 0 failed, 1 skipped")

    def test_a_program_in_which_all_was_skipped_passed_nothing(self):
        self.tally.add("release", "core.a", "run",
                       "[  PASSED  ] 0 tests.\n[  SKIPPED ] 1 test, listed below:\n[  SKIPPED ] A.B\n")
        self.expect(1, "skipped: release core.a: A.B", "0 passed, 0 failed, 1 skipped")

    def test_ranks_that_all_print_count_once(self):
        self.tally.add("release", "engines.mpi.np2", "run", "[  PASSED  ] 5 tests.\n[  PASSED  ] 5 tests.\n")
        self.expect(0, "5 passed, 0 failed, 0 skipped")

    def test_colours_do_not_hide_results(self):
        self.tally.add("release", "engines.mpi.np2", "run", "\x1b[0;32m[  PASSED  ] \x1b[m4 tests.\n"
                       "[NON-XML-CHAR-0x1B][0;32m[  SKIPPED ] [NON-XML-CHAR-0x1B][mA.B\r\n")
        self.expect(0, "skipped: release engines.mpi.np2: A.B", "4 passed, 0 failed, 1 skipped")

    def test_each_stage_has_a_budget_and_all_fit_in_24_minutes(self):
        self.assertEqual(set(runner.BUDGETS), set(runner.STAGES))
        self.assertLessEqual(sum(runner.BUDGETS.values()), 1640)

    def test_a_stage_within_its_budget_goes_unmentioned(self):
        self.tally.check("tidy", True)
        self.tally.took("tidy", runner.BUDGETS["tidy"])
        self.expect(0, "1 passed, 0 failed, 0 skipped")

    def test_a_stage_over_its_budget_is_named_and_one_far_over_it_has_failed(self):
        budget = runner.BUDGETS["tidy"]
        self.tally.check("tidy", True)
        self.tally.took("tidy", 3 * budget)
        line = f"over budget: tidy took {3 * budget} s, its budget is {budget} s"
        self.expect(0, line, "1 passed, 0 failed, 0 skipped")
        self.tally.took("tidy", 3 * budget + 1)
        self.expect(1, line, f"FAILED: tidy: it took {3 * budget + 1} s, more than three times its budget of {budget} s",
                    "1 passed, 1 failed, 0 skipped")

    def test_the_ten_slowest_tests_are_listed_slowest_first(self):
        for number in range(12):
            self.tally.add("release", f"core.t{number}", "run", "fine\n", number)
        lines = self.tally.slowest().splitlines()
        self.assertEqual(len(lines), 10)
        self.assertEqual((lines[0], lines[-1]), ("   11.0 s  release core.t11", "    2.0 s  release core.t2"))


if __name__ == "__main__":
    unittest.main()
