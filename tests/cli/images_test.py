#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Image folders from end to end: the digits as PNG files, one folder for each class."""

import csv
import io
import json
import struct
import unittest
import zlib

from program import DIGITS, ProgramTest

COUNT = 300


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(pixels, height, width):
    """A grey PNG file of 8 bits, written without the library that dga reads with."""
    rows = b"".join(b"\0" + pixels[y * width:(y + 1) * width] for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class ImagesTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.height = self.width = 8
        lines = (DIGITS / "digits.csv").read_text(encoding="utf-8").split()[:COUNT]
        numbers = [[int(field) for field in line.split(",")] for line in lines]
        samples = [(line[-1], bytes(line[:-1])) for line in numbers]
        self.samples = sorted(samples, key=lambda sample: sample[0])  # as the folders of the classes stand

    def write_folders(self, folder, samples, shape=None):
        for i, (label, pixels) in enumerate(samples):
            self.write(f"{folder}/{label}/{i:04}.png", png(pixels, *(shape or (self.height, self.width))))

    def write_idx(self, folder, samples):
        count = struct.pack(">I", len(samples))
        shape = struct.pack(">II", self.height, self.width)
        self.write(f"{folder}/images", b"\0\0\x08\3" + count + shape + b"".join(pixels for _, pixels in samples))
        self.write(f"{folder}/labels", b"\0\0\x08\1" + count + bytes(label for label, _ in samples))

    def results(self, folder):
        return json.loads((self.folder / folder / "results.json").read_text(encoding="utf-8"))

    def trained(self, data, output, *options):
        done = self.dga("train", "--data", data, "--output", output, "--epochs", "5", "--workers", "3", "--quiet", *options)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        return done

    def test_the_weights_are_those_of_the_same_pixels_in_idx(self):
        self.write_folders("folders", self.samples)
        self.write_idx("arrays", self.samples)
        self.trained("folders", "a")
        self.trained("arrays", "b")
        weights = [(self.folder / out / "model.safetensors").read_bytes() for out in "ab"]
        self.assertEqual(weights[0], weights[1])
        self.assertLess(self.results("a")["error"]["mean"], 0.3)

    def test_training_report_and_prediction_with_sets(self):
        self.write_folders("data/train", self.samples[::2])
        self.write_folders("data/val", self.samples[1::4])
        self.write_folders("data/test", self.samples[3::4])
        self.trained("data", "out", "--engine", "processes")
        config = json.loads((self.folder / "out" / "config.json").read_text(encoding="utf-8"))
        files = config["dataset"]["files"]
        self.assertEqual(len([file for file in files if file["use"] != "ignored"]), 30)
        self.assertEqual(sum(file.get("images", 0) for file in files), COUNT)
        self.assertIn("data/train/0 (", (self.folder / "out" / "report.html").read_text(encoding="utf-8"))

        done = self.dga("predict", "--model", "out", "--data", "data/test")
        self.assertEqual(done.returncode, 0, done)
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        labels = [str(label) for label, _ in self.samples[3::4]]
        wrong = sum(row["class"] != label for row, label in zip(rows, labels, strict=True))
        self.assertAlmostEqual(wrong / len(rows), self.results("out")["error"]["mean"], 6)
        self.assertIn(f" over {len(rows)} samples", done.stderr)

        # Without classes: a folder of images, and one image.
        flat = self.dga("predict", "--model", "out", "--data", "data/test/7")
        rows_of_flat = list(csv.DictReader(io.StringIO(flat.stdout)))
        self.assertEqual([row["class"] for row in rows_of_flat],
                         [row["class"] for row, label in zip(rows, labels) if label == "7"])
        self.assertEqual(flat.stderr, "")
        one = self.dga("predict", "--model", "out", "--data", next((self.folder / "data/test/7").iterdir()))
        self.assertEqual((one.returncode, one.stdout.count("\n"), one.stderr), (0, 2, ""))
        self.expect_error(self.dga("predict", "--model", "out", "--data", "data"), 1,
                          "data: expected the images of one set, found the folders of sets, such as test.")

    def test_images_of_other_sizes_need_resize(self):
        self.write_folders("data", self.samples)
        self.write_folders("data", [(3, bytes(70))], (7, 10))
        self.expect_refused(1, "data/3/0000.png: expected an image of 8 x 8 pixels (height x width) as data/0/0000.png, "
                               "found 7 x 10. Resize all images with --resize HxW, such as --resize 8x8.")
        self.expect_refused(2, "resize: expected a height and a width in pixels, from 1 to 65535, such as 224x224, found 8. "
                               "Correct it.", "--resize", "8")
        self.trained("data", "out", "--resize", "12x12")
        # The model keeps the size, also for images that it has not seen.
        self.write_folders("new", [(1, bytes(54))], (6, 9))
        done = self.dga("predict", "--model", "out", "--data", "new/1")
        self.assertEqual((done.returncode, done.stdout.count("\n")), (0, 2), done)
        self.write_idx("arrays", self.samples)
        self.trained("arrays", "plain")
        self.expect_error(self.dga("predict", "--model", "plain", "--data", "new"), 1,
                          "new/1/0000.png: expected an image of 8 x 8 pixels (height x width), as in the training, found "
                          "6 x 9. Give images of that size, or train with --resize HxW, such as --resize 8x8.")


if __name__ == "__main__":
    unittest.main()
