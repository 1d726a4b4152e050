# SPDX-License-Identifier: Apache-2.0
"""Tests that do one thing many times, at random: how often, and with which seed."""

import argparse
import sys
import time
import unittest


class Rounds:
    """The options of such a test's command line; `make test` runs it without any."""
    count = 100
    seed = 14


def main(**defaults):
    """unittest.main for a script with --count and --seed."""
    for name, value in defaults.items():
        setattr(Rounds, name, value)
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--count", type=int, default=Rounds.count)
    parser.add_argument("--seed", type=int, default=Rounds.seed)
    found, rest = parser.parse_known_args()
    Rounds.count, Rounds.seed = found.count, found.seed
    begin = time.monotonic()
    test = unittest.main(argv=[sys.argv[0], *rest], exit=False)
    print(f"seed {Rounds.seed}, {time.monotonic() - begin:.0f} s", flush=True)
    sys.exit(not test.result.wasSuccessful())
