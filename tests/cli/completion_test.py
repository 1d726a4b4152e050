#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The scripts that complete commands and options, in the shells they are for."""

import re
import subprocess
import unittest

from program import ProgramTest


class CompletionTest(ProgramTest):
    def script(self, shell):
        done = self.dga("completion", shell)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def complete(self, *words):
        """What bash offers for the last of `words`."""
        self.write("completion.sh", self.script("bash"))
        program = ('source completion.sh; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dga; '
                   'printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "--norc", "-c", program, "bash", "dga", *words], cwd=self.folder, text=True,
                              capture_output=True, timeout=60, check=False)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_bash_completes_commands(self):
        self.assertEqual(self.complete("tr"), ["train"])
        self.assertEqual(self.complete("bench", ""), ["comm"])
        self.assertEqual(self.complete("data", ""), ["info", "convert", "split"])
        self.assertEqual(self.complete("fs", "m"), ["mv", "mkdir"])
        self.assertEqual(self.complete("checkpoint", "ex"), ["export"])
        self.assertEqual(self.complete("help", "f"), ["fs"])
        self.assertEqual(self.complete("help", "ver"), ["version"])
        self.assertIn("predict", self.complete(""))

    def test_bash_completes_options(self):
        self.assertEqual(self.complete("train", "--mic"), ["--micro-steps"])
        self.assertEqual(self.complete("bench", "comm", "--pri"), ["--private-memory"])
        self.assertEqual(self.complete("predict", "--m"), ["--model"])
        self.assertEqual(self.complete("fs", "cp", "--"), ["--help", "--recursive"])
        self.assertEqual(self.complete("completion", "z"), ["zsh"])

    def test_bash_completes_choices(self):
        self.assertEqual(self.complete("train", "--engine", ""), ["auto", "threads", "processes", "mpi"])
        self.assertEqual(self.complete("train", "--engine", "=", "pro"), ["processes"])
        self.assertEqual(self.complete("train", "--engine", "="), ["auto", "threads", "processes", "mpi"])
        self.assertEqual(self.complete("bench", "comm", "--engine", "m"), ["mpi"])
        self.assertEqual(self.complete("train", "--workers", ""), [])

    def test_bash_completes_folders_and_files(self):
        self.write("data/a.csv", "1,2\n")
        self.write("day.toml", "epochs = 3\n")
        self.assertEqual(self.complete("train", "--output", "da"), ["data"])
        # Data may be either.
        for words in (["train", "--config"], ["train", "--data"], ["train", "--test-data"], ["predict", "--data"],
                      ["train", "--data", "="], ["report", "--output"]):
            self.assertEqual(sorted(self.complete(*words, "da")), ["data", "day.toml"], words)
        self.assertEqual(self.complete("predict", "--data", "data/"), ["data/a.csv"])
        self.assertEqual(sorted(self.complete("fs", "cp", "data", "da")), ["data", "day.toml"])
        self.assertEqual(self.complete("checkpoint", "verify", "da"), ["data"])

    def test_bash_completes_the_runs_of_a_report(self):
        self.write("runs/a/results.json", "")
        self.write("rules.txt", "")
        self.assertEqual(self.complete("report", "ru"), ["runs"])
        self.assertEqual(self.complete("report", "runs/a", "ru"), ["runs"])
        self.assertEqual(self.complete("report", "--o"), ["--output"])
        self.assertEqual(self.complete("report", ""), ["runs"])

    def test_zsh_accepts_the_script(self):
        self.write("_dga", self.script("zsh"))
        done = subprocess.run(["zsh", "-n", "_dga"], cwd=self.folder, capture_output=True, text=True, timeout=60,
                              check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_zsh_completes_at_a_terminal(self):
        self.write("completion.zsh", self.script("zsh"))
        self.write("samples.csv", "1,2\n")
        self.write("runs/a/results.json", "")
        self.write("rules.txt", "")
        self.write("type.zsh", r"""
zmodload zsh/zpty
zpty shell zsh -f -i
ask() { zpty -w shell "$1"; zpty -r -m shell text "*$2*"; }
ask 'PS1=; autoload -Uz compinit && compinit -u -D; source ./completion.zsh; bindkey "^I" complete-word; print rea""dy' ready
zpty -w -n shell $'print dga; dga train --engine pro\t --data sam\t --mic\t'
zpty -r -m shell text '*--engine processes*--micro-steps*'
print -r -- "$text"
zpty -w -n shell $'\025dga report --output=x ru\ta\t ru\t'
zpty -r -m shell text '*--output=x runs*/a*runs*'
print -r -- "$text"
zpty -w -n shell $'\025dga fs mk\t--par\t'
zpty -r -m shell text '*mkdir*--parents*'
print -r -- "$text"
zpty -d shell
""")
        done = subprocess.run(["zsh", "-f", "type.zsh"], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60, check=False)
        typed = re.sub(r".\x08", "", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", done.stdout))  # without bold type and corrections
        self.assertIn("--engine processes", typed, done)
        self.assertIn("--data samples.csv", typed, done)
        self.assertIn("--micro-steps", typed, done)
        self.assertIn("--output=x runs/a runs", typed, done)
        self.assertIn("dga fs mkdir --parents", typed, done)

    def test_other_shells_are_refused(self):
        self.expect_error(self.dga("completion", "fish"), 2,
                          "[cli] completion: expected bash or zsh, found \"fish\".")
        self.expect_error(self.dga("completion"), 2, "[cli] completion: expected bash or zsh, found none.")


if __name__ == "__main__":
    unittest.main()
