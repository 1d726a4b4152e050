#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Wrong usage: each ends with code 2 and one line that names option, value and bounds, and nothing is written."""

import json
import re
import unittest

from program import PROGRAM, SOURCE, ProgramTest, rows


class OptionsTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("data/a.csv", rows())

    def refuse(self, text, *arguments):
        self.expect_refused(2, text, *arguments)

    def test_workers_out_of_bounds(self):
        for value in ("0", "-3", "1000000", "many", ""):
            self.refuse(f"[options] --workers: expected an integer from 1 to 4096, or auto, found \"{value}\"",
                        "--workers", value)

    def test_values_out_of_bounds(self):
        for option, value, bounds in (
                ("micro-steps", "0", "an integer from 1 to 1000000"),
                ("batch", "-1", "an integer from 1 to 1000000"),
                ("lr", "0", "a number above 0 to 1000, or auto"),
                ("lr", "nan", "a number above 0 to 1000, or auto"),
                ("momentum", "1", "a number from 0 to below 1"),
                ("timeout", "0", "a number above 0 to 10000000"),
                ("test-fraction", "1.5", "a number from 0 to below 1"),
                ("engine", "gpu", "auto, threads, processes or mpi"),
                ("optimizer", "lbfgs", "sgd, adam, adamw or muon"),
                ("clip-norm", "-1", "a number above 0 to 1e+30, or off"),
                ("seed", "9007199254740993", "an integer from 0 to 9007199254740992"),
                ("seed", "-1", "an integer from 0 to 9007199254740992")):
            self.refuse(f"[options] --{option}: expected {bounds}, found \"{value}\"", f"--{option}={value}")

    def test_sizes_out_of_bounds(self):
        for value in ("100,x", "0", "100,", "1000001"):
            self.expect_error(
                self.dga("train", "--data", "data", "--hidden", value), 2,
                "[options] --hidden: expected up to 64 integers from 1 to 1000000 separated by commas, or none, "
                f"found \"{value}\"")

    def test_unknown_options_with_the_nearest_name(self):
        self.refuse("[options] --worker: expected the name of an option, found none like it. Did you mean --workers? "
                    "See dga train --help.", "--worker", "3")
        self.refuse("[options] --frobnicate: expected the name of an option, found none like it. See dga train --help.",
                    "--frobnicate")
        self.refuse("[options] expected options only, found \"stray\"", "stray")

    def test_an_option_without_its_value(self):
        self.expect_error(self.dga("train", "--epochs"), 2,
                          "[options] --epochs: expected a value after it, found none.")

    def test_an_option_given_twice(self):
        self.refuse("[options] --epochs: expected it once, found it again.", "--epochs", "3")

    def test_levels_that_are_not_there_yet(self):
        self.refuse("[options] levels: expected 1 (data parallelism), found 3: tensor parallelism is not there yet.",
                    "--levels", "3")

    def test_data_that_is_not_named(self):
        self.expect_error(self.dga("train"), 2, "[options] data: expected a folder or file with samples, found none.")

    def test_a_file_with_an_unknown_key(self):
        self.write("train.toml", "epochs = 3\nworker = 4\n")
        self.refuse("train.toml:2: worker: expected the name of an option, found another word. Did you mean workers?",
                    "--config", "train.toml")

    def test_a_file_with_a_value_of_another_type(self):
        self.write("train.toml", "\nbatch = \"ten\"\n")
        self.refuse("train.toml:2: batch: expected an integer from 1 to 1000000, found the string \"ten\"",
                    "--config", "train.toml")

    def test_a_file_with_an_option_in_both_spellings(self):
        self.write("run.toml", ["micro-steps = 2", "", "micro_steps = 3"])
        self.refuse("run.toml:3: micro_steps: expected each option once, found it in line 1 too, as micro-steps.",
                    "--config", "run.toml")

    def test_the_home_folder_is_expanded_in_every_path(self):
        self.write("test.csv", rows(11))
        self.write("run.toml", ['test-data = "~/test.csv"', 'label = "-1"'])
        done = self.dga("train", "--config", "~/run.toml", "--data=~/data", "--output", "~/out", "--epochs", "1", "--quiet",
                        variables={"HOME": str(self.folder)})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        config = json.loads((self.folder / "out/config.json").read_text(encoding="utf-8"))
        self.assertEqual([config[name] for name in ("data", "test-data", "output")],
                         [f"{self.folder}/{name}" for name in ("data", "test.csv", "out")])
        self.assertFalse((self.folder / "~").exists())

    def test_a_file_that_is_no_toml(self):
        self.write("train.toml", "epochs = 3\nepochs 4\n")
        self.refuse("train.toml:2: expected TOML, found that ", "--config", "train.toml")

    def test_a_file_that_is_missing(self):
        self.refuse("none.toml: expected a readable file, found \"No such file or directory\"", "--config", "none.toml")

    def test_unknown_commands(self):
        self.expect_error(self.dga("trian"), 2, "[cli] expected a command, found \"trian\". Did you mean dga train?")
        self.expect_error(self.dga(), 2, "[cli] expected a command, found none. See dga help.")

    def test_the_command_line_overrides_the_file_which_overrides_the_defaults(self):
        self.write("train.toml", "data = 'data'\nepochs = 3\nbatch = 7\nhidden = [5, 4]\noutput = 'out'\n")
        done = self.dga("train", "--config", "train.toml", "--epochs", "2")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        config = json.loads((self.folder / "out" / "config.json").read_text(encoding="utf-8"))
        self.assertEqual((config["epochs"], config["batch"], config["hidden"], config["micro-steps"]),
                         (2, 7, [5, 4], 1))

    def test_help_names_every_option_with_its_default(self):
        listed = self.dga("options").stdout
        options = re.findall(r"^(--[a-z-]+)(?: (\S+))?$", listed, re.MULTILINE)
        defaults = re.findall(r"^    Expects .*?(?:; default (\S+))?\.$", listed, re.MULTILINE)
        self.assertEqual(len(options), len(defaults))
        self.assertGreater(len(options), 30)
        done = self.dga("help", "train")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for (option, placeholder), default in zip(options, defaults):
            self.assertIn(f"  {option}" + (f" {placeholder}" + (f"={default}" if default else "") if placeholder else ""),
                          done.stdout)

    def test_the_types_of_python_s_arguments_are_what_the_program_writes(self):
        done = self.dga("options", "--python")
        self.assertEqual(done.returncode, 0)
        stub = SOURCE / "python" / "distributed_gradient_accumulator" / "_option_types.pyi"
        self.assertEqual(stub.read_text(encoding="utf-8"), done.stdout,
                         f"Run: build/release/bin/dga options --python > {stub.relative_to(SOURCE)}")
        self.expect_error(self.dga("options", "--python", "--markdown"), 2,
                          "[cli] options: expected --markdown or --python, found both. Choose one.")

    def test_the_reference_page_is_what_the_program_writes(self):
        done = self.dga("options", "--markdown")
        self.assertEqual(done.returncode, 0)
        page = (SOURCE / "docs" / "cli.md").read_text(encoding="utf-8")
        self.assertEqual(page, done.stdout, "Run: build/release/bin/dga options --markdown > docs/cli.md")

    def test_version_and_info_need_little_address_space(self):
        for command in ("version", "info"):
            for kibibytes in ("2000000", "1000000"):
                done = self.dga("-c", f"ulimit -v {kibibytes}; exec {PROGRAM} {command}", command=("sh",))
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn("dga", done.stdout)

    def test_bench_takes_no_more_memory_than_there_is(self):
        for arguments in (["--max-bytes", "1000000000000000"], ["--max-bytes", str(2**63 - 1), "--private-memory"],
                          ["--engine", "processes", "--max-bytes", "1000000000000000"],
                          ["--workers", "1000000", "--max-bytes", "1000000000"]):
            done = self.dga("bench", "comm", *arguments)
            self.expect_error(done, 1, "[bench] memory: expected room for ")
            self.assertRegex(done.stderr, r"\(\d+ buffers of [\d.]+ \w+\), found [\d.]+ \w+ .*\. "
                                          r"Choose a smaller --max-bytes or fewer --workers\.\n$")

    def test_info_names_the_engines_and_libraries(self):
        done = self.dga("info")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
        self.assertTrue(lines["engines"].startswith("threads, processes"))
        self.assertRegex(lines["torch"], r"^\d+\.\d+")
        self.assertRegex(lines["memory"], r"^[\d.]+ GiB, [\d.]+ GiB available$")
        self.assertRegex(lines["cores"], r"^\d+ cores \(\d+ usable\)")


if __name__ == "__main__":
    unittest.main()
