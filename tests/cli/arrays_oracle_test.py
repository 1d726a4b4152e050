#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Arrays are read as NumPy wrote them, and written so that NumPy reads them; the same for other formats of arrays."""

import json
import os
import random
import struct
import subprocess
import unittest
from pathlib import Path

from program import DIGITS, PROGRAM, SOURCE, ProgramTest

DUMP = os.environ.get("DGA_DUMP_SAMPLES", str(Path(PROGRAM).parent / "dump_samples"))
PYTHON = SOURCE / ".deps" / "tests" / "bin" / "python"


def safetensors(tensors):
    """A file of {name: (dtype, shape, bytes)}, as the format's description says."""
    header, data = {}, b""
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


class ArraysOracleTest(ProgramTest):
    def numpy(self, script, *arguments):
        done = subprocess.run([PYTHON, *(["-c", script] if "\n" in script else [script]), *arguments], cwd=self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def dump(self, *arguments):
        done = self.dga(*arguments, command=(DUMP,))
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_arrays_of_every_type_shape_and_order_are_read_as_numpy_wrote_them(self):
        self.numpy(str(Path(__file__).parent / "write_arrays.py"), str(self.folder))
        wanted = json.loads((self.folder / "wanted.json").read_text(encoding="utf-8"))
        self.assertGreater(len(wanted), 150)
        for read, want in zip(self.dump(*(each["path"] for each in wanted)), wanted, strict=True):
            with self.subTest(case=want["case"], path=want["path"]):
                self.assertNotIn("error", read)
                self.assertEqual(read["shape"], want["shape"])
                self.assertEqual([row["label"] for row in read["rows"]], want["labels"])
                for row, features in zip(read["rows"], want["features"], strict=True):
                    self.assertEqual(row["features"], [struct.unpack("f", struct.pack("f", x))[0] for x in features])

    def test_tensors_are_read_by_their_names(self):
        half = struct.pack("<6e", 0.5, -2, 65504, 6e-8, 0, 1)
        brain = struct.pack("<6H", *(struct.unpack("<I", struct.pack("<f", x))[0] >> 16 for x in (1, -2, 0.5, 3, 0, 8)))
        for dtype, content, values in (("F16", half, struct.unpack("<6e", half)), ("BF16", brain, (1, -2, 0.5, 3, 0, 8))):
            self.write("a.safetensors", safetensors({"features": (dtype, [3, 2], content),
                                                     "target": ("I64", [3], struct.pack("<3q", 4, -1, 4))}))
            read, = self.dump("a.safetensors")
            self.assertEqual([x for row in read["rows"] for x in row["features"]], list(values))
            self.assertEqual([row["label"] for row in read["rows"]], [4, -1, 4])

    def test_integers_that_f64_would_merge_stay_apart_as_labels(self):
        self.numpy("import numpy as np\nnp.savez('a.npz', x=np.zeros((2, 1)), y=np.array([2**53, 2**53 + 1]))\n")
        self.assertEqual([row["label"] for row in self.dump("a.npz")[0]["rows"]], [2**53, 2**53 + 1])

    def test_converted_datasets_are_read_back_the_same_in_every_format(self):
        before = self.dump(DIGITS)[0]["rows"]
        for target, extra in (("a.csv", ()), ("b.safetensors", ()), ("c.libsvm", ()), ("d", ("--to", "idx")), ("e", ())):
            with self.subTest(target=target):
                done = self.dga("data", "convert", DIGITS, target, *extra)
                self.assertEqual((done.returncode, done.stderr), (0, ""), done)
                read, = self.dump(target)
                self.assertEqual([(row["features"], row["label"]) for row in read["rows"]],
                                 [(row["features"], row["label"]) for row in before])
        self.assertEqual(self.numpy("import numpy as np\nx = np.load('e/x_train.npy')\ny = np.load('e/y_train.npy')\n"
                                    "print(x.dtype, x.shape, x.sum(), y.dtype, y.shape, y.sum())\n").split(),
                         ["uint8", "(1797,", "64)", str(int(sum(sum(r["features"]) for r in before))), "int64",
                          "(1797,)", str(sum(row["label"] for row in before))])

    def test_texts_targets_and_unix_times_are_converted_without_loss(self):
        draw = random.Random(4)
        rows = [(1.7e9 + draw.randint(0, 10**6), draw.uniform(-1, 1), draw.choice(["rot", "grün", "日本"])) for _ in range(50)]
        self.write("texts.csv", ["time,x,label", *(f"{t},{x!r},{label}" for t, x, label in rows)])
        self.write("targets.csv", ["time,x,y", *(f"{t},{x!r},{1e9 + x}" for t, x, _ in rows)])
        for source, options in (("texts", ()), ("targets", ("--task", "regression"))):
            before, = self.dump(*options, f"{source}.csv")
            for target in (f"{source}_npy", f"{source}2.csv"):
                done = self.dga("data", "convert", f"{source}.csv", target, *options)
                self.assertEqual(done.returncode, 0, done)
                read, = self.dump(*options, target)
                self.assertEqual([(r["features"], r["label"]) for r in read["rows"]],
                                 [(r["features"], r["label"]) for r in before["rows"]])
        self.expect_error(self.dga("data", "convert", "texts.csv", "t.libsvm"), 1,
                          "expected labels that are integers, which LIBSVM needs, found grün. Use --to csv.")
        self.expect_error(self.dga("data", "convert", "texts.csv", "texts2.csv"), 2, "expected a name that is free")

    def test_training_on_a_split_written_to_files_gives_the_same_weights(self):
        self.write("whole.csv", (DIGITS / "digits.csv").read_text(encoding="utf-8").splitlines()[:400])
        options = ("--epochs", "2", "--workers", "2", "--hidden", "8")
        whole = self.dga("train", "--data", "whole.csv", "--output", "one", "--test-fraction", "0.25", *options)
        self.assertEqual(whole.returncode, 0, whole)
        split = self.dga("data", "split", "whole.csv", "parts", "--test-fraction", "0.25", "--to", "csv")
        self.assertEqual(split.stdout.split(), ["parts/train.csv", "parts/test.csv"], split)
        done = self.dga("train", "--data", "parts", "--output", "two", *options)
        self.assertEqual(done.returncode, 0, done)
        one, two = (json.loads((self.folder / run / "results.json").read_text(encoding="utf-8")) for run in ("one", "two"))
        self.assertEqual(one["weights_sha256"], two["weights_sha256"])
        self.assertEqual(one["error"], two["error"])


if __name__ == "__main__":
    unittest.main()
