#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""scripts/setup and scripts/find_torch: what they find, and what they say where they cannot go on."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class SetupTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / "scripts").mkdir()
        for name in ("setup", "find_torch", "packages.txt", "torch.txt"):
            shutil.copy(ROOT / "scripts" / name, self.root / "scripts")
        (self.root / "bin").mkdir()

    def command(self, name, text):
        """Puts a program before the real one of that name."""
        file = self.root / "bin" / name
        file.write_text("#!/bin/sh\n" + text + "\n", encoding="utf-8")
        file.chmod(0o755)

    def torch(self, folder, version):
        major, minor = version.split(".")
        for name in ("lib/libtorch_cpu.so", "lib/libc10.so", "include/torch/csrc/api/include/torch/torch.h"):
            file = self.root / folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        header = self.root / folder / "include/torch/csrc/api/include/torch/version.h"
        header.write_text(f"#define TORCH_VERSION_MAJOR {major}\n#define TORCH_VERSION_MINOR {minor}\n",
                          encoding="utf-8")
        return str(self.root / folder)

    def run_script(self, *command, **environment):
        variables = {key: value for key, value in os.environ.items() if not key.startswith(("DGA_", "PYTHONPATH"))}
        variables["PATH"] = f"{self.root / 'bin'}:{variables['PATH']}"
        done = subprocess.run(command, cwd=self.root, env={**variables, **environment}, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        return done.returncode, done.stdout.strip(), done.stderr.strip()

    def test_without_root_it_names_the_missing_packages_in_one_line(self):
        self.command("id", "echo 1000")
        self.command("sudo", "exit 1")
        self.command("dpkg-query", "for name; do case $name in -*|*{*|hwloc|libhwloc-dev|cmake) ;; "
                     "*) echo $name installed 99:1;; esac; done")
        code, out, err = self.run_script("scripts/setup", "build")
        self.assertEqual((code, out), (1, ""))
        self.assertEqual(err, "[setup] packages are missing and only root can install them. "
                              "Run: apt-get install --no-install-recommends cmake libhwloc-dev")

    def test_a_package_that_is_too_old_is_missing(self):
        self.command("id", "echo 1000")
        self.command("sudo", "exit 1")
        self.command("dpkg-query", "for name; do case $name in -*|*{*) ;; cmake) echo cmake installed 3.18.4-2;; "
                     "*) echo $name installed 99:1;; esac; done")
        code, _, err = self.run_script("scripts/setup", "test")
        self.assertEqual(code, 1)
        self.assertTrue(err.endswith("--no-install-recommends cmake"), err)

    def installed(self, *names):
        """A machine without root on which only packages with these names, or all but those with a -, are installed."""
        self.command("id", "echo 1000")
        self.command("sudo", "exit 1")
        absent = "|".join(name[1:] for name in names if name[0] == "-")
        self.command("dpkg-query", f"for name; do case $name in -*|*{{*|{absent}) ;; *) echo $name installed 99:1;; esac; "
                                   "done")

    def test_either_mpi_will_do_for_a_build(self):
        torch = self.torch("mine", "2.7")
        for other in ("libopenmpi-dev", "libmpich-dev"):
            self.installed(f"-{other}")
            self.assertEqual(self.run_script("scripts/setup", "build", DGA_TORCH_DIR=torch), (0, "", ""), other)

    def test_without_any_mpi_the_first_one_is_named(self):
        self.installed("-libopenmpi-dev", "-libmpich-dev")
        _, _, err = self.run_script("scripts/setup", "build")
        self.assertTrue(err.endswith("Run: apt-get install --no-install-recommends libopenmpi-dev"), err)

    def test_the_tests_need_open_mpi(self):
        self.installed("-libopenmpi-dev")
        _, _, err = self.run_script("scripts/setup", "test")
        self.assertTrue(err.endswith("Run: apt-get install --no-install-recommends libopenmpi-dev"), err)

    def test_an_old_cmake_that_comes_first_is_named_in_one_line(self):
        self.command("cmake", "echo cmake version 3.18.4")
        self.assertEqual(self.run_script("scripts/setup", "build", DGA_SKIP_PACKAGES="1"),
                         (1, "", f"[setup] expected CMake 3.25 or newer, found 3.18.4 at {self.root}/bin/cmake. Take it out "
                                 "of PATH, or install a newer one (pip install cmake)."))

    def test_a_newer_cmake_will_do(self):
        self.command("cmake", "echo cmake version 3.100.0-rc1")
        torch = self.torch("mine", "2.7")
        self.assertEqual(self.run_script("scripts/setup", "build", DGA_SKIP_PACKAGES="1", DGA_TORCH_DIR=torch), (0, "", ""))

    def test_a_missing_compiler_is_named_in_one_line(self):
        code, _, err = self.run_script("scripts/setup", "build", DGA_SKIP_PACKAGES="1", CXX="no-such-compiler -m64")
        self.assertEqual((code, err), (1, "[setup] expected the program no-such-compiler, found none. Install it "
                                          "(scripts/packages.txt names what dga needs)."))

    def test_a_step_that_takes_long_shows_where_it_is(self):
        self.command("id", "echo 0")
        self.command("dpkg-query", "test -e done && exec awk '/^[a-z]/ { n = split($1, name, \"|\"); for (i = 1; i <= n; ++i) "
                     "print name[i], \"installed 99:1\" }' scripts/packages.txt")
        self.command("apt-get", "echo Unpacking: $*; case \"$*\" in *install*) sleep 4; touch done;; esac")
        torch = self.torch("mine", "2.7")
        code, out, err = self.run_script("scripts/setup", "build", DGA_TORCH_DIR=torch, DGA_SETUP_INTERVAL="2")
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"\n\[setup\]   2 s: Unpacking: -q")

    def test_a_build_shows_its_percent_and_not_each_of_its_lines(self):
        lines = ["Configuring", "[0/2] Re-checking globbed directories", *(f"  [{i}/300] Building {i}.o" for i in range(1, 301)), "done"]
        done = subprocess.run([str(ROOT / "scripts" / "ninja_percent")], input="\n".join(lines) + "\n", stdout=subprocess.PIPE,
                              text=True, check=True)
        shown = done.stdout.splitlines()
        self.assertEqual(shown[:2] + shown[-1:], ["building: 0 % (1 of 300)", "building: 5 % (15 of 300)",
                                                  "building: 100 % (300 of 300)"])
        self.assertEqual(len(shown), 21)

    def test_an_unknown_section_is_refused(self):
        self.assertEqual(self.run_script("scripts/setup", "all"),
                         (1, "", "[setup] expected build, parquet, python or test, found 'all'. Usage: scripts/setup [build|parquet|python|test]"))

    def test_the_torch_that_the_user_names_comes_first(self):
        mine = self.torch("mine", "2.7")
        self.torch(".deps/torch/lib/python3.11/site-packages/torch", "2.15")
        self.assertEqual(self.run_script("scripts/find_torch", DGA_TORCH_DIR=mine), (0, mine, ""))

    def test_a_named_torch_that_is_too_old_is_an_error(self):
        mine = self.torch("mine", "2.6")
        code, out, err = self.run_script("scripts/find_torch", DGA_TORCH_DIR=mine)
        self.assertEqual((code, out), (2, ""))
        self.assertEqual(err, f"[find_torch] DGA_TORCH_DIR={mine}: expected a LibTorch >= 2.7, found that it is version "
                              "2.6. Point it at the folder 'torch' of a wheel or 'libtorch' of a zip, or unset it.")

    def test_the_active_pythons_torch_is_found_without_importing_it(self):
        mine = self.torch("packages/torch", "2.9")
        (Path(mine) / "__init__.py").write_text("raise SystemExit('imported')\n", encoding="utf-8")
        self.torch(".deps/torch/lib/python3.11/site-packages/torch", "2.15")
        code, out, _ = self.run_script("scripts/find_torch", PYTHONPATH=str(self.root / "packages"))
        self.assertEqual((code, out), (0, mine))

    def test_an_old_torch_of_the_active_python_is_passed_over(self):
        self.torch("packages/torch", "1.13")
        (self.root / "packages/torch/__init__.py").touch()
        lean = self.torch(".deps/torch/lib/python3.11/site-packages/torch", "2.15")
        code, out, err = self.run_script("scripts/find_torch", PYTHONPATH=str(self.root / "packages"))
        self.assertEqual((code, out), (0, lean))
        self.assertEqual(err, "[find_torch] passing over the active Python's torch: it is version 1.13.")


if __name__ == "__main__":
    unittest.main()
