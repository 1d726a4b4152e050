#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Misuse that must not compile, and the text that the compiler says."""

import os
import subprocess
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]

HEADERS = """
#include <string>
#include "dga/comm/channel.h"
#include "dga/comm/communicator.h"
#include "dga/data/batches/prefetcher.h"
#include "dga/data/table.h"
#include "dga/launch/launch.h"
#include "dga/models/model_factory.h"
#include "dga/storage/atomic_file.h"
"""

# What it is: (a body of `void use(dga::Environment& env)`, what one of the compiler's errors says; None: it compiles).
CASES = {
    "the right use": ("""
        dga::Channel<float> channel(env.world(), {.max_count = 4});
        float values[4] = {};
        const float more[4] = {};
        dga::Pending first = env.world().start_all_reduce({values, 4}, dga::ReduceOp::sum, "x");
        dga::Pending moved = std::move(first);
        moved.wait();
        env.world().all_gather(dga::ConstBufferView(more, 2), {values, 4}, {}, "y");
        """, None),
    "a channel of strings": (
        "dga::Channel<std::string> channel(env.world(), {});", "messages are sent as bytes"),
    "a channel of vectors": (
        "dga::Channel<std::vector<int>> channel(env.world(), {});", "messages are sent as bytes"),
    "constant data as the output of a collective": (
        "const float values[4] = {}; env.world().all_reduce({values, 4}, dga::ReduceOp::sum, \"x\");", "invalid conversion|no matching"),
    "a constant view as the output of a collective": (
        "const float values[4] = {}; env.world().broadcast(dga::ConstBufferView(values, 4), 0, \"x\");", "cannot convert|could not convert|no viable conversion"),
    "elements that dga does not move": (
        "long double values[4] = {}; dga::BufferView view(values, 4);", "dga moves f32, f64, f16, bf16, i32, i64, i8, u8 and bool"),
    "a copy of an operation under way": (
        "dga::Pending first; dga::Pending second = first;", "deleted"),
    "a copy of a dataset": (
        "const dga::Table* table = nullptr; dga::Table copy(*table);", "deleted"),
    "a copy of a prefetcher": (
        "dga::Prefetcher* ahead = nullptr; dga::Prefetcher copy(*ahead);", "deleted"),
    "a copy of a file being written": (
        "dga::AtomicFile file(\"x\"); dga::AtomicFile copy(file);", "deleted"),
    "a worker without an environment": (
        "dga::launch({}, [](int) {}); (void)env;", "invalid initialization|no matching function|no viable conversion"),
    "a model factory that returns no module": (
        "dga::ModelFactory make = [](const dga::ModelCard&) { return std::make_shared<int>(1); };",
        "dga::as_model needs a std::shared_ptr to a torch::nn::Module, or a holder"),
}


def compile_alone(body):
    """What the compiler says to it."""
    text = f"{HEADERS}\nvoid use([[maybe_unused]] dga::Environment& env) {{\n{body}\n}}\n"
    return subprocess.run([os.environ.get("CXX", "c++"), "-std=c++20", "-fsyntax-only", f"-I{SOURCE}", "-xc++", "-"],
                          input=text, env={**os.environ, "LC_ALL": "C"}, capture_output=True, text=True, timeout=120,
                          check=False)


class MisuseTest(unittest.TestCase):
    def test_misuse_does_not_compile_and_right_use_does(self):
        with ThreadPoolExecutor(2) as pool:
            for (what, (_, expected)), done in zip(CASES.items(), pool.map(lambda case: compile_alone(case[0]), CASES.values())):
                with self.subTest(what):
                    if expected is None:
                        self.assertEqual((done.returncode, done.stderr), (0, ""))
                    else:
                        self.assertNotEqual(done.returncode, 0)
                        self.assertRegex(done.stderr, f"error: .*({expected})")


if __name__ == "__main__":
    unittest.main()
