#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What CMake makes of systems on which something is missing, or there in part. scripts/bare_systems tries the real ones."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINE = re.compile(r"^(?:--)? *(\[cmake\] .*)$", re.MULTILINE)
GOOGLETEST_ALONE = "add_library(GTest::gtest STATIC IMPORTED)\nadd_library(GTest::gtest_main STATIC IMPORTED)\n"


class ConfigureTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def file(self, name, text, mode=0o644):
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(mode)
        return file

    def configure(self, *options, **variables):
        """(whether CMake went through, the lines that it has for whoever builds, all that it said)"""
        done = subprocess.run(
            ["cmake", "-S", str(ROOT), "-B", str(self.folder / "build"), "-G", "Ninja", "-DDGA_TORCH=OFF", *options],
            env={**os.environ, **variables}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=200, check=False)
        return done.returncode == 0, LINE.findall(done.stdout), done.stdout

    def expect(self, passes, lines, *options, **variables):
        passed, found, text = self.configure(*options, **variables)
        self.assertEqual((passed, found), (passes, lines), text)
        return text

    def googletest_alone(self):
        return f"-DGTest_DIR={self.file('gtest/GTestConfig.cmake', GOOGLETEST_ALONE).parent}"

    def test_a_build_configures_no_tests_though_googletest_is_there_in_part(self):
        text = self.expect(True, [], "-DDGA_MPI=OFF", self.googletest_alone())
        self.assertIn("tests OFF", text)
        build = (self.folder / "build" / "build.ninja").read_text(encoding="utf-8")
        self.assertIn("libdga_core.a", build)
        self.assertNotIn("test_base", build)

    def test_googletest_alone_counts_as_absent_and_a_line_says_so(self):
        text = self.expect(True, ["[cmake] the tests are left out: expected GoogleTest with GoogleMock, found GoogleTest "
                                  "alone. Install libgtest-dev and libgmock-dev to have them."],
                           "-DDGA_MPI=OFF", "-DDGA_TESTS=AUTO", self.googletest_alone())
        self.assertIn("tests OFF", text)

    def test_tests_that_were_asked_for_are_refused_without_googlemock(self):
        self.expect(False, ["[cmake] DGA_TESTS=ON: expected GoogleTest with GoogleMock, found GoogleTest alone. Run "
                            "scripts/setup test, or pass -DDGA_TESTS=OFF."],
                    "-DDGA_MPI=OFF", "-DDGA_TESTS=ON", self.googletest_alone())

    def test_what_can_be_left_out_counts_as_absent_and_a_line_says_so(self):
        launcher = self.file("mpi/mpiexec", "#!/bin/sh\nexit 1\n", 0o755)
        # pkg-config knows what dga needs, and none of MPI, curl and the libraries for images; of an MPI there is a
        # launcher alone.
        for name in ("hwloc", "libzip", "libzstd"):
            folder = subprocess.run(["pkg-config", "--variable=pcfiledir", name], stdout=subprocess.PIPE, text=True,
                                    check=True).stdout.strip()
            self.file(f"pc/{name}.pc", (Path(folder) / f"{name}.pc").read_text(encoding="utf-8"))
        text = self.expect(True, ["[cmake] the engine mpi is left out: expected an MPI 3 with headers and library, found "
                                  f"only a part of one ({launcher}). Install libopenmpi-dev or load your cluster's MPI "
                                  "module to have it.",
                                  "[cmake] files in HDFS are left out: expected libraries with their headers, found no libcurl "
                                  "7.85 (libcurl4-openssl-dev), pugixml 1.11 (libpugixml-dev), libisal 2.30 (libisal-dev). "
                                  "Install them to have files in HDFS; in brackets stand Debian's names.",
                                  "[cmake] image folders are left out: expected libjpeg-turbo 2.1 and libspng 0.7 with "
                                  "their headers, found not both. Install libturbojpeg0-dev and libspng-dev to have them.",
                                  "[cmake] Parquet files are left out: expected Arrow 12 with Parquet and headers, found none. "
                                  "Run scripts/setup parquet to have them."],
                           "-DDGA_ARROW_DIR=/nowhere",
                           "-DMPI_SKIP_COMPILER_WRAPPER=ON", "-DMPI_SKIP_GUESSING=ON", f"-DMPIEXEC_EXECUTABLE={launcher}",
                           PKG_CONFIG_LIBDIR=str(self.folder / "pc"))
        self.assertIn("MPI OFF, HDFS OFF, images OFF, Parquet OFF", text)

    def wheel(self, version, *files):
        """A wheel of Arrow of that version, of which only these files are there."""
        for name in files:
            self.file(f"pyarrow/{name}", f'#define ARROW_VERSION_STRING "{version}"\n')
        return f"-DDGA_ARROW_DIR={self.folder / 'pyarrow'}"

    def test_a_wheel_of_arrow_without_its_headers_counts_as_absent_and_a_line_says_so(self):
        wheel = self.wheel("26.0.1", "libarrow.so.2600", "libdga_pqt.so")
        text = self.expect(True, ["[cmake] Parquet files are left out: expected Arrow 12 with Parquet and headers, found only a "
                                  f"part of a wheel in {self.folder}/pyarrow. Run scripts/setup parquet to have them."],
                           "-DDGA_MPI=OFF", wheel)
        self.assertIn("Parquet OFF", text)

    def test_parquet_that_was_asked_for_is_refused_with_an_old_arrow(self):
        wheel = self.wheel("11.0.0", "libarrow.so.1100", "libdga_pqt.so", "include/arrow/util/config.h",
                           "include/parquet/file_reader.h")
        self.expect(False, ["[cmake] DGA_PARQUET=ON: expected Arrow 12 with Parquet and headers, found Arrow 11.0.0 in "
                            f"{self.folder}/pyarrow. Run scripts/setup parquet, or pass -DDGA_PARQUET=OFF."],
                    "-DDGA_MPI=OFF", "-DDGA_PARQUET=ON", wheel)

    def test_the_packages_of_arrow_come_before_the_wheel(self):
        for name, target in (("Arrow", "arrow_shared"), ("Parquet", "parquet_shared")):
            self.file(f"{name}/{name}Config.cmake", f"add_library({name}::{target} SHARED IMPORTED)\nset_target_properties("
                      f"{name}::{target} PROPERTIES IMPORTED_LOCATION /opt/{target}.so)\n")
            self.file(f"{name}/{name}ConfigVersion.cmake", "set(PACKAGE_VERSION 20.0.0)\nset(PACKAGE_VERSION_COMPATIBLE TRUE)\n")
        text = self.expect(True, [], "-DDGA_MPI=OFF", "-DDGA_TESTS=ON", f"-DArrow_DIR={self.folder / 'Arrow'}",
                           f"-DParquet_DIR={self.folder / 'Parquet'}")
        self.assertIn("Parquet ON", text)
        build = (self.folder / "build" / "build.ninja").read_text(encoding="utf-8")
        self.assertIn("/opt/parquet_shared.so", build)
        self.assertNotIn("/pyarrow/", build)

    def test_all_libraries_that_are_missing_stand_in_one_line(self):
        empty = self.folder / "empty"
        empty.mkdir()
        old = self.file("old/xxhash.h", "#define XXH_VERSION_MINOR    7\n")
        self.expect(False, ["[cmake] expected libraries that dga needs, found no spdlog (libspdlog-dev), hwloc 2.0 with its "
                            "headers (libhwloc-dev), libzip 1.7 (libzip-dev), zstd 1.4 (libzstd-dev), xxHash 0.8 (libxxhash-dev). Run scripts/setup, or install them in your system's way; in brackets "
                            "stand Debian's names."],
                    "-DDGA_MPI=OFF", "-DCMAKE_DISABLE_FIND_PACKAGE_spdlog=ON", f"-DDGA_XXHASH_HEADER={Path(old).parent}", PKG_CONFIG_LIBDIR=str(empty))

    def test_hwlocs_description_without_its_header_is_missing(self):
        self.file("pc/hwloc.pc", "Name: hwloc\nDescription: none\nVersion: 2.9.0\nCflags: -I/nowhere\nLibs: -lhwloc\n")
        passed, lines, text = self.configure("-DDGA_MPI=OFF", "-DCMAKE_FIND_ROOT_PATH=/nowhere",
                                             "-DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY",
                                             PKG_CONFIG_PATH=str(self.folder / "pc"))
        self.assertFalse(passed, text)
        self.assertEqual(len(lines), 1, text)
        self.assertIn("hwloc 2.0 with its headers (libhwloc-dev)", lines[0])

    def test_a_python_package_without_pythons_headers_is_refused_in_one_line(self):
        self.expect(False, ["[cmake] expected Python 3.9 or newer with its headers, found none. Run scripts/setup python, or "
                            "install python3-dev."], "-DDGA_PYTHON=ON", "-DCMAKE_DISABLE_FIND_PACKAGE_Python=ON")


if __name__ == "__main__":
    unittest.main()
