#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dga as another project's dependency: installed and moved, then found by CMake and pkg-config, or fetched as a source."""

import os
import re
import shlex
import subprocess
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
BUILD = Path(os.environ.get("DGA_BIN", SOURCE / "build" / "release" / "bin")).parent
INCLUDE = re.compile(r'^#include (<[^>]+>|"[^"]+")', re.MULTILINE)
PRIVATE = ("mpi.h", "nlohmann/", "toml", "spdlog/", "fmt/", "openssl/", "zlib.h", "zip.h", "zstd.h", "hwloc", "xxhash.h")
TORCH = ("torch/", "ATen/", "c10/")


def command(*words, **variables):
    """Runs a command to its end, in an environment that names no torch but by `variables`."""
    environment = {name: value for name, value in os.environ.items() if name not in ("DGA_TORCH_DIR", "PYTHONPATH")}
    environment.update({name: str(value) for name, value in variables.items()})
    return subprocess.run([str(word) for word in words], env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240, check=False)


class InstallTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.prefix = cls.folder / "moved"
        done = command("cmake", "--install", BUILD, "--prefix", cls.folder / "installed")
        if done.returncode != 0:
            raise AssertionError(done.stdout)
        # What was installed holds no path to itself.
        (cls.folder / "installed").rename(cls.prefix)
        cls.include = cls.prefix / "include"
        cls.headers = sorted(path.relative_to(cls.include) for path in cls.include.rglob("*.h"))
        pkgconfig = next(cls.prefix.rglob("dga-train.pc")).parent
        cls.pkg_config = {"PKG_CONFIG_PATH": f"{pkgconfig}:{os.environ.get('PKG_CONFIG_PATH', '')}"}
        cls.torch = command("pkg-config", "--variable=torchdir", "dga-train", **cls.pkg_config).stdout.strip()

    def succeed(self, *words, **variables):
        done = command(*words, **variables)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def consumer(self, *options, **variables):
        """Configures the consumer in a new folder; that folder and what CMake did."""
        build = Path(tempfile.mkdtemp(dir=self.folder))
        return build, command("cmake", "-S", HERE / "consumer", "-B", build, "-G", "Ninja",
                              f"-DCMAKE_PREFIX_PATH={self.prefix}", *options, **variables)

    def make_torch(self, version):
        """A package `torch` of that version, of which nothing but the version is real."""
        torch = Path(tempfile.mkdtemp(dir=self.folder)) / "torch"
        lines = zip(("MAJOR", "MINOR", "PATCH"), version.split("."))
        files = {"__init__.py": "", "lib/libtorch_cpu.so": "", "lib/libc10.so": "",
                 "include/torch/csrc/api/include/torch/torch.h": "",
                 "include/torch/headeronly/version.h":
                     "".join(f"#define TORCH_VERSION_{name} {number}\n" for name, number in lines)}
        for name, text in files.items():
            (torch / name).parent.mkdir(parents=True, exist_ok=True)
            (torch / name).write_text(text, encoding="utf-8")
        return torch

    def version_of_torch(self):
        text = (self.include / "../lib/cmake/dga/dgaConfig.cmake").read_text(encoding="utf-8")
        return re.search(r'_dga_built_torch "(\d+\.\d+)\.\d+"\)', text)[1]

    def test_a_project_finds_the_package_and_trains_with_it(self):
        build, done = self.consumer(f"-DDGA_TORCH_DIR={self.torch}")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.succeed("cmake", "--build", build)
        # The mean of w.x + b changes with b at the rate 1, and the learning rate is 1/8.
        self.assertEqual(self.succeed(build / "consumer"), "0.125\n")

    def test_the_core_needs_no_torch(self):
        build, done = self.consumer("-DFLOOR=core", "-DDGA_TORCH_DIR=/nowhere")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.succeed("cmake", "--build", build)
        self.assertEqual(self.succeed(build / "consumer"), "33\n")
        self.assertNotIn("libtorch", self.succeed("ldd", build / "consumer"))

    def test_pkg_config_gives_the_flags_of_the_core(self):
        flags = shlex.split(self.succeed("pkg-config", "--cflags", "--libs", "dga-core", **self.pkg_config))
        program = self.folder / "by_pkg_config"
        self.succeed(os.environ.get("CXX", "c++"), HERE / "consumer" / "core.cpp", "-o", program, *flags)
        self.assertEqual(self.succeed(program), "33\n")

    def test_pkg_config_gives_another_torch_when_told(self):
        flags = self.succeed("pkg-config", "--define-variable=torchdir=/opt/torch", "--cflags", "--libs", "dga-train",
                             **self.pkg_config)
        for flag in ["-I/opt/torch/include", "-L/opt/torch/lib", "-Wl,-rpath,/opt/torch/lib", "-ldga_core"]:
            self.assertIn(flag, flags.split())
        self.assertNotIn(self.torch, flags)

    def test_the_licences_of_all_that_is_inside_are_installed(self):
        folder = self.prefix / "share" / "licenses" / "dga"
        licences = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
        self.assertEqual(set(licences), {"LICENSE", "LICENSE.uPlot"})
        self.assertIn("Apache License", licences["LICENSE"])
        self.assertIn("The MIT License", licences["LICENSE.uPlot"])
        self.assertIn("Leon Sorokin", licences["LICENSE.uPlot"])
        self.assertEqual({path.parent.name for path in (SOURCE / "third_party").glob("*/LICENSE")}, {"uplot"})

    def test_the_program_finds_torch_where_it_was(self):
        self.assertRegex(self.succeed(self.prefix / "bin" / "dga", "version"), r"^dga \d+\.\d+\.\d+\n$")

    def test_a_named_torch_comes_before_the_active_pythons(self):
        active = self.make_torch("2.7.1")
        _, done = self.consumer(f"-DDGA_TORCH_DIR={self.torch}", PYTHONPATH=active.parent)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_the_active_pythons_torch_comes_before_the_one_dga_was_built_against(self):
        active = self.make_torch("2.7.1")
        _, done = self.consumer(PYTHONPATH=active.parent)
        self.assertIn(f"[cmake] {active}: expected torch", done.stdout)

    def test_without_either_the_torch_that_dga_was_built_against_is_found(self):
        no_torch = Path(tempfile.mkdtemp(dir=self.folder))
        (no_torch / "python3").write_text("#!/bin/sh\n", encoding="utf-8")
        (no_torch / "python3").chmod(0o755)
        _, done = self.consumer(PATH=f"{no_torch}:{os.environ['PATH']}")
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_another_minor_version_of_torch_is_refused_in_one_line(self):
        other = self.make_torch("2.7.1")
        built = self.version_of_torch()
        _, done = self.consumer(f"-DDGA_TORCH_DIR={other}")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(f" [cmake] {other}: expected torch {built}, which this dga was built against, found 2.7.1. Point "
                      f"DGA_TORCH_DIR at a torch {built}, or build dga with this one.\n", done.stdout)

    def test_another_patch_version_of_torch_is_accepted(self):
        _, done = self.consumer(f"-DDGA_TORCH_DIR={self.make_torch(self.version_of_torch() + '.99')}")
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_a_folder_without_torch_is_refused_in_one_line(self):
        built = self.version_of_torch()
        _, done = self.consumer("-DDGA_TORCH_DIR=/nowhere")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(f" [cmake] DGA_TORCH_DIR='/nowhere': expected a torch {built}, found none. Activate a Python with "
                      f"torch {built}, or point DGA_TORCH_DIR at the folder 'torch' of one.\n", done.stdout)

    def test_a_component_that_does_not_exist_is_refused(self):
        _, done = self.consumer("-DFLOOR=roof")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(" [cmake] expected the components core and train, found 'roof'.\n", done.stdout)

    def includes(self, header):
        return [text[1:-1] for text in INCLUDE.findall((self.include / header).read_text(encoding="utf-8"))]

    def everything_under(self, header, seen):
        """All that `header` includes, through dga's own headers."""
        for name in self.includes(header):
            if name not in seen:
                seen.add(name)
                if name.startswith("dga/"):
                    self.everything_under(name, seen)
        return seen

    def test_installed_headers_include_nothing_that_is_not_installed(self):
        self.assertIn(Path("dga/dga.h"), self.headers)
        for header in self.headers:
            for name in self.includes(header):
                self.assertFalse(name.startswith(PRIVATE), f"{header} includes {name}")
                if name.startswith("dga/"):
                    self.assertTrue((self.include / name).is_file(), f"{header} includes {name}")

    def test_the_public_headers_are_the_umbrellas_and_those_of_the_docs(self):
        needed = self.everything_under("dga/dga.h", {"dga/dga.h"})
        docs = (SOURCE / "docs" / "using_as_a_dependency.md").read_text(encoding="utf-8")
        on_purpose = set(re.findall(r"^\| `(dga/[^`]+)` \|", docs, re.MULTILINE))
        self.assertGreater(len(on_purpose), 5)
        for header in on_purpose:
            self.assertNotIn(header, needed, "dga.h includes it: leave it out of the docs")
        wanted = needed.union(*(self.everything_under(header, {header}) for header in on_purpose))
        self.assertEqual({str(header) for header in self.headers}, {name for name in wanted if name.startswith("dga/")})

    def test_every_header_compiles_by_itself(self):
        uses_torch = {header: any(name.startswith(TORCH) for name in self.everything_under(header, set()))
                      for header in self.headers}
        self.assertFalse(uses_torch[Path("dga/launch/launch.h")])
        self.assertFalse(uses_torch[Path("dga/problem/problem.h")])
        self.assertTrue(uses_torch[Path("dga/dga.h")])
        torch = [f"-isystem{self.torch}/include", f"-isystem{self.torch}/include/torch/csrc/api/include"]

        def compile_alone(header):
            return subprocess.run([os.environ.get("CXX", "c++"), "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra",
                                   "-Wpedantic", "-Werror", f"-I{self.include}", *(torch if uses_torch[header] else []),
                                   "-xc++", "-"], input=f"#include <{header}>\n",
                                  capture_output=True, text=True, timeout=240, check=False).stderr

        with ThreadPoolExecutor(2) as pool:
            for header, said in zip(self.headers, pool.map(compile_alone, self.headers)):
                self.assertEqual(said, "", header)

    def test_inside_another_project_there_is_only_the_library(self):
        build = Path(tempfile.mkdtemp(dir=self.folder))
        self.succeed("cmake", "-S", HERE / "subproject", "-B", build, "-G", "Ninja", f"-DDGA_SOURCE={SOURCE}")
        made = set(re.findall(r"^([^/\s]+): phony$", self.succeed("cmake", "--build", build, "--target", "help"), re.MULTILINE))
        self.assertEqual(made - {"all", "test", "edit_cache", "rebuild_cache"}, {"dga_core", "libdga_core.a"})
        self.assertIn("Total Tests: 0", self.succeed("ctest", "--test-dir", build, "-N"))


if __name__ == "__main__":
    unittest.main()
