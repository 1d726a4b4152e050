#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants violations to show that scripts/check_layers finds them."""

import subprocess
import tempfile
import unittest
from pathlib import Path

CHECK = Path(__file__).resolve().parents[2] / "scripts" / "check_layers"


class LayersTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.write("dga/base/error.h", "#pragma once")
        self.write("dga/comm/channel.h", '#include "dga/base/error.h"')
        self.write("dga/train/trainer.h", "#include <torch/types.h>", '#include "dga/comm/channel.h"')
        self.write("dga/dga.h", '#include "dga/train/trainer.h"')

    def write(self, path, *lines):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def check(self):
        done = subprocess.run(["python3", str(CHECK), str(self.root)], stdout=subprocess.PIPE, text=True, check=False)
        return done.returncode, done.stdout.splitlines()[:-1]

    def expect_one(self, line):
        self.assertEqual(self.check(), (1, [line]))

    def test_a_tree_in_order_passes(self):
        self.assertEqual(self.check(), (0, []))

    def test_an_empty_tree_fails(self):
        with tempfile.TemporaryDirectory() as empty:
            self.root = Path(empty)
            self.assertEqual(self.check(), (1, []))

    def test_an_arrow_downwards_is_found(self):
        self.write("dga/base/bad.cpp", "", '#include "dga/comm/channel.h"')
        self.expect_one("dga/base/bad.cpp:2: includes dga/comm/channel.h: comm comes after base in the list of rooms. "
                        "Turn the arrow round, or move the code down.")

    def test_torch_in_the_core_is_found(self):
        self.write("dga/comm/bad.cpp", "#include <ATen/core/Tensor.h>")
        self.expect_one("dga/comm/bad.cpp:1: includes ATen/core/Tensor.h: comm is in the core, which never sees torch. "
                        "Move the code to parallel or below.")

    def test_the_file_system_is_for_the_local_store_only(self):
        self.write("dga/storage/local/files.cpp", "#include <filesystem>")
        self.write("dga/storage/run.cpp", "#include <filesystem>")
        self.expect_one("dga/storage/run.cpp:1: includes filesystem: files are reached through a Store. "
                        "Use dga/storage/store_path.h, or move the code to dga/storage/local.")

    def test_formats_of_tables_share_only_their_common_folder(self):
        formats = "dga/data/formats"
        self.write(f"{formats}/table/head.h", "#pragma once")
        self.write(f"{formats}/csv/row.h", f'#include "{formats}/table/head.h"')
        self.write(f"{formats}/parquet/file.h", f'#include "{formats}/table/head.h"')
        self.write(f"{formats}/arrays/cifar.cpp", f'#include "{formats}/csv/row.h"')
        self.assertEqual(self.check(), (0, []))
        advice = f"tables share only what is in {formats}/table. Move the code there."
        self.write(f"{formats}/parquet/file.h", f'#include "{formats}/csv/row.h"')
        self.expect_one(f"{formats}/parquet/file.h:1: includes {formats}/csv/row.h: {advice}")
        self.write(f"{formats}/parquet/file.h", "#pragma once")
        self.write(f"{formats}/table/head.h", f'#include "{formats}/csv/row.h"')
        self.expect_one(f"{formats}/table/head.h:1: includes {formats}/csv/row.h: {advice}")

    def test_fmt_in_a_header_is_found_and_in_a_source_is_fine(self):
        self.write("dga/base/log.cpp", "#include <spdlog/spdlog.h>")
        self.write("dga/base/log.h", "  #  include <fmt/format.h>")
        self.expect_one("dga/base/log.h:1: includes fmt/format.h: headers keep fmt and spdlog to themselves. "
                        "Include it in the source.")

    def test_a_missing_file_is_found(self):
        self.write("dga/base/bad.cpp", '#include "dga/base/gone.h"')
        self.expect_one("dga/base/bad.cpp:1: includes dga/base/gone.h: there is no such file.")

    def test_a_relative_include_is_found(self):
        self.write("dga/base/bad.cpp", '#include "error.h"')
        self.expect_one("dga/base/bad.cpp:1: includes error.h: expected a path from the root of the tree. "
                        'Write "dga/room/file.h".')

    def test_the_umbrella_inside_a_room_is_found(self):
        self.write("dga/train/bad.cpp", '#include "dga/dga.h"')
        self.expect_one("dga/train/bad.cpp:1: includes dga/dga.h: rooms do not include the umbrella. "
                        "Include what is used.")

    def test_an_unknown_room_is_found(self):
        self.write("dga/misc/bad.h", "#pragma once")
        self.expect_one("dga/misc/bad.h:1: misc is no room. Add it to the list in scripts/check_layers.")


if __name__ == "__main__":
    unittest.main()
