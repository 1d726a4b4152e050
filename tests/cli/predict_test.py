#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Predictions of a trained model: they agree with the training's own error, with labels or without."""

import csv
import io
import itertools
import json
import os
import shutil
import struct
import unittest

from program import ProgramTest, rows


def noisy(count, shift=0):
    """Rows that no small model gets all right: the label is that of rows() but for every ninth."""
    lines = [line.split(",") for line in rows(count + shift)[shift:]]
    return [f"{a},{b},{1 - int(c) if i % 9 == 4 else c}" for i, (a, b, c) in enumerate(lines)]


class PredictTest(ProgramTest):
    def learn(self, *options):
        self.write("data/train.csv", noisy(60))
        self.write("data/test.csv", noisy(31, 7))
        done = self.train("--quiet", "--workers", "2", *options)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def predict(self, data, *options):
        return self.dga("predict", "--model", "out", "--data", data, *options)

    def error(self, done):
        words = done.stderr.splitlines()[-1].split()
        self.assertEqual((done.returncode, words[0], words[2], words[4:]), (0, "error", "over", ["samples"]), done)
        return float(words[1])

    def trained_error(self):
        return json.loads((self.folder / "out" / "results.json").read_text(encoding="utf-8"))["error"]["mean"]

    def test_columns_in_another_order_give_the_same_bits(self):
        names = ["a", "b", "label"]
        table = [line.split(",") for line in noisy(60)]
        self.write("data/train.csv", [",".join(names), *map(",".join, table)])
        self.assertEqual(self.train("--quiet").returncode, 0)
        wanted = self.predict("data/train.csv")
        self.assertEqual(wanted.returncode, 0)
        for order in itertools.permutations(range(3)):
            path = self.write("new.csv", [",".join(row[i] for i in order) for row in [names, *table]])
            done = self.predict(path)
            self.assertEqual((done.stdout, done.stderr), (wanted.stdout, wanted.stderr), order)
        without = self.write("new.csv", [f"{row[1]},{row[0]}" for row in [names, *table]])
        self.assertEqual(self.predict(without).stdout, wanted.stdout)

    def test_a_test_set_in_another_order_is_the_same(self):
        lines = noisy(60)
        self.write("data/train.csv", ["a,b,label", *lines])
        errors = []
        for order in ("a,b,label", "label,a,b"):
            cells = [dict(zip("a b label".split(), line.split(","))) for line in noisy(31, 7)]
            test = self.write("test.csv", [order, *(",".join(c[n] for n in order.split(",")) for c in cells)])
            self.assertEqual(self.train("--quiet", "--test-data", test).returncode, 0)
            errors.append(self.trained_error())
            shutil.rmtree(self.folder / "out")
        self.assertEqual(*errors)

    def test_text_labels_are_printed_as_they_were_written(self):
        kinds = ["Iris setosa", "Iris virginica"]
        self.write("data/train.csv", ["a,b,kind", *(f"{line[:-1]}{kinds[int(line[-1])]}" for line in rows(60))])
        self.assertEqual(self.train("--quiet", "--lr", "0.3").returncode, 0)
        done = self.predict("data/train.csv")
        self.assertEqual(self.error(done), 0)
        table = list(csv.DictReader(io.StringIO(done.stdout)))
        self.assertEqual([row["class"] for row in table], [kinds[i % 2] for i in range(60)])
        self.write("new.csv", ["a,b,kind", "1,2,Iris rara"])
        self.expect_error(self.predict("new.csv"), 1,
                          "new.csv:2: expected a label of the training set (2 from Iris setosa to Iris virginica), "
                          "found Iris rara.")

    def test_categories_and_means_are_those_of_the_training(self):
        lines = [f"{i},{'north' if i % 2 else 'south'},{i % 2}" for i in range(60)]
        lines[8] = ",south,0"
        self.write("data/train.csv", ["a,side,label", *lines])
        done = self.train("--quiet", "--lr", "0.3", "--one-hot", "side", "--missing", "mean")
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(self.error(self.predict("data/train.csv")), 0)
        self.write("new.csv", ["side,a", "south,NA", "north,"])
        self.assertEqual([line.split(",")[0] for line in self.predict("new.csv").stdout.splitlines()], ["class", "0", "1"])
        self.write("new.csv", ["side,a", "south,1", "west,2"])
        self.expect_error(self.predict("new.csv"), 1,
                          "new.csv:3: expected a text of the training set in column side, found \"west\".")

    def test_the_error_is_the_one_of_the_training(self):
        self.learn()
        done = self.predict("data/test.csv")
        self.assertGreater(self.trained_error(), 0)
        self.assertEqual(self.error(done), self.trained_error())
        table = list(csv.DictReader(io.StringIO(done.stdout)))
        self.assertEqual(list(table[0]), ["class", "score_0", "score_1"])
        labels = [line.split(",")[2] for line in noisy(31, 7)]
        self.assertEqual(len(table), len(labels))
        wrong = sum(row["class"] != label for row, label in zip(table, labels))
        self.assertEqual(wrong / len(labels), self.trained_error())
        for row in table:
            scores = [float(row["score_0"]), float(row["score_1"])]
            self.assertAlmostEqual(sum(scores), 1, places=5)
            self.assertEqual(int(row["class"]), scores.index(max(scores)))

    def test_regression(self):
        self.write("data/train.csv", [f"{i % 13},{i % 7},{2.5 * (i % 13) - (i % 7) + 0.25}" for i in range(90)])
        self.write("data/test.csv", [f"{i % 11},{i % 5},{2.5 * (i % 11) - (i % 5)}" for i in range(40)])
        done = self.train("--quiet", "--task", "regression", "--workers", "2")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        done = self.predict("data/test.csv")
        self.assertAlmostEqual(self.error(done) / self.trained_error(), 1, places=5)
        self.assertEqual(done.stdout.splitlines()[0], "value")
        self.assertEqual(len(done.stdout.splitlines()), 41)

    def test_samples_without_labels(self):
        self.learn()
        labelled = self.predict("data/test.csv").stdout
        self.write("bare.csv", [line.rsplit(",", 1)[0] for line in noisy(31, 7)])
        done = self.predict("bare.csv", "--output", "answer.csv")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        self.assertEqual((self.folder / "answer.csv").read_text(encoding="utf-8"), labelled)

    def test_a_sample_whose_scores_are_not_finite_is_named(self):
        # Divided by its small standard deviation, a large number is infinite.
        self.write("data/a.csv", [f"{i % 7 / 1000},{(i % 5 + 10 * (i % 2)) / 1000},{i % 2}" for i in range(40)])
        self.assertEqual(self.train("--quiet").returncode, 0)
        self.write("new.csv", ["0.001,0.002", "3e38,3e38", "0.001,0.002"])
        self.expect_error(self.predict("new.csv", "--output", "answer.csv"), 1,
                          "new.csv:2: expected a finite prediction, found nan. Correct or remove the sample")
        self.assertFalse((self.folder / "answer.csv").exists())

    def test_a_test_sample_whose_scores_are_not_finite_ends_the_training(self):
        rows = [f"{i % 7 / 1000},{(i % 5 + 10 * (i % 2)) / 1000},{i % 2}" for i in range(40)]
        for name, named in (("test", "held-out"), ("val", "validation")):
            self.write("data/a.csv", rows)
            self.write(f"{name}.csv", ["0.001,0.002,0", "3e38,3e38,1"])
            done = self.train("--quiet", f"--{name}-data", f"{name}.csv")
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"[predict] sample 1 of the {named} samples: expected a finite prediction, found nan. Correct or "
                          "remove the sample if its numbers are far from those of the training; otherwise lower the learning "
                          "rate.", done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            self.assertFalse((self.folder / "out").exists())

    def test_one_feature_without_a_label(self):
        self.write("data/a.csv", [f"{i % 7 + 10 * (i % 2)},{i % 2}" for i in range(40)])
        self.assertEqual(self.train("--quiet").returncode, 0)
        self.write("bare.csv", ["3", "14"])
        done = self.predict("bare.csv")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(len(done.stdout.splitlines()), 3)

    def test_what_does_not_fit_is_refused(self):
        self.learn()
        before = self.contents()
        self.expect_error(self.dga("predict", "--data", "data"), 2, "[options] model: expected the folder of a run")
        self.expect_error(self.dga("predict", "--model", "out"), 2, "[options] data: expected a folder or file")
        self.expect_error(self.dga("predict", "--model", "none", "--data", "data"), 2,
                          "[options] model: expected the folder of a run that ended, with its model.json, found none "
                          "in none.")
        self.assertEqual(self.contents(), before)
        self.write("wide.csv", ["1,2,3,4", "1,2,3,4"])
        self.expect_error(self.predict("wide.csv", "--output", "answer.csv"), 1,
                          "wide.csv:1: expected 2 columns (the features), or 3 (and a label), as the model was trained "
                          "on, found 4.")
        self.write("new.csv", ["1,2,0", "1,2,7"])
        self.expect_error(self.predict("new.csv", "--output", "answer.csv"), 1,
                          "new.csv:2: expected a label of the training set (2 from 0 to 1), found 7.")
        self.write("bare.csv", ["1,2"])
        self.expect_error(self.predict("bare.csv", "--label", "0"), 1, "bare.csv:1: expected 3 columns, the features "
                          "and the label 0, found 2.")
        self.assertFalse((self.folder / "answer.csv").exists())

    def test_no_input_is_overwritten(self):
        self.learn()
        os.link(self.folder / "data/test.csv", self.folder / "hard.csv")
        os.symlink("data/train.csv", self.folder / "soft.csv")
        before = {path: (self.folder / path).read_bytes() for path in self.contents() if (self.folder / path).is_file()}
        for output in ("data/test.csv", "data/../data/train.csv", "hard.csv", "soft.csv", "out/model.json",
                       "out/model.safetensors", "out/results.json", "out/manifest.json"):
            self.expect_error(self.predict("data", "--output", output), 2,
                              f"[options] output: expected a file that this command does not read, found {output}, which "
                              "would be overwritten. Choose another file.")
        for output in ("out/results.json", "out/metrics.jsonl"):
            self.expect_error(self.dga("report", "out", "--output", output), 2, "[options] output: expected a file")
        self.assertEqual({path: (self.folder / path).read_bytes() for path in before}, before)
        self.assertEqual(self.dga("report", "out", "--output", "out/report.html").returncode, 0)

    def test_the_home_folder_is_expanded(self):
        self.learn()
        labelled = self.predict("data/test.csv").stdout
        done = self.dga("predict", "--model", "~/out", "--data", "~/data/test.csv", "--output", "~/answer.csv",
                        variables={"HOME": str(self.folder)})
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual((self.folder / "answer.csv").read_text(encoding="utf-8"), labelled)
        self.assertEqual(self.dga("report", "~/out", "--output", "~/r.html",
                                  variables={"HOME": str(self.folder)}).returncode, 0)
        self.assertTrue((self.folder / "r.html").exists())
        self.assertFalse((self.folder / "~").exists())

    def test_pictures_without_labels(self):
        pictures = [[i % 5, i % 3, 9 * (i % 2), 0] for i in range(60)]
        images = struct.pack(">4i", 0x803, 60, 2, 2) + bytes(sum(pictures, []))
        self.write("data/images", images)
        self.write("data/labels", struct.pack(">2i", 0x801, 60) + bytes(i % 2 for i in range(60)))
        self.assertEqual(self.train("--quiet").returncode, 0)
        labelled = self.predict("data")
        self.assertGreaterEqual(self.error(labelled), 0)
        self.write("bare/images", images)
        for data in ("bare", "bare/images"):
            done = self.predict(data)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(done.stdout, labelled.stdout)
        self.expect_error(self.dga("train", "--data", "bare", "--output", "new"), 1, "bare/images: expected an IDX file of labels (1 dimension) "
                          "beside it, found none.")

    def test_a_card_that_was_changed_by_hand_is_refused(self):
        self.learn()
        whole = json.loads((self.folder / "out" / "model.json").read_text(encoding="utf-8"))
        for names, text in ((["1", "0"], "[data] load_samples: expected the labels of the classes as integers in ascending order"),
                            (["0"], "[predict] Predictor: expected 2 class names, one for each output, found 1.")):
            self.edit("out/model.json", json.dumps({**whole, "class_names": names}))
            self.expect_error(self.predict("data/test.csv"), 2, text)

    def test_damaged_files_are_refused(self):
        self.learn()
        weights = self.folder / "out" / "model.safetensors"
        self.edit("out/model.safetensors", weights.read_bytes()[:-5])
        self.expect_error(self.predict("data/test.csv"), 1, "model.safetensors: expected")
        (self.folder / "out" / "model.json").write_text("{", encoding="utf-8")
        self.expect_error(self.predict("data/test.csv"), 1, "model.json: expected")


if __name__ == "__main__":
    unittest.main()
