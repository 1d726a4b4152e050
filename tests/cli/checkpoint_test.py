#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dga checkpoint on this machine's disks; tests/hdfs has the same in an HDFS."""

import json
import os
import re
import shutil
import struct
import unittest

from program import ProgramTest, rows
from stored_tensors import tensors_in, tensors_of

OPTIONS = ("--data", "data", "--batch", "4", "--workers", "5", "--optimizer", "adamw", "--checkpoint-every", "1",
           "--keep-checkpoints", "3", "--quiet")


def matrix(tensor):
    """The rows of a matrix of f32, or a vector."""
    kind, shape, content = tensor
    assert kind == "F32", kind
    values = struct.unpack(f"<{len(content) // 4}f", content)
    return values if len(shape) == 1 else [values[i:i + shape[1]] for i in range(0, len(values), shape[1])]


class CheckpointTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("data/a.csv", rows(400))

    def learn(self, output, *options, epochs=3, hidden=8):
        done = self.dga("train", *OPTIONS, "--hidden", hidden, "--epochs", epochs, "--output", output, *options)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)

    def checkpoint(self, *arguments):
        done = self.dga("checkpoint", *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        return done.stdout

    def refuse(self, code, text, *arguments):
        before = self.contents()
        self.expect_error(self.dga("checkpoint", *arguments), code, text)
        self.assertEqual(self.contents(), before)

    def paths(self, run):
        """The checkpoints of a run, the oldest first."""
        return [f"{run}/checkpoints/{name}" for name in sorted(os.listdir(self.folder / run / "checkpoints"))]

    def flip(self, path):
        """Changes the last bit of a file."""
        content = bytearray((self.folder / path).read_bytes())
        content[-1] ^= 1
        (self.folder / path).write_bytes(content)

    def test_checkpoints_are_listed_by_age_with_what_is_wrong_with_them(self):
        self.learn("run")
        oldest, middle, newest = self.paths("run")
        size = sum(path.stat().st_size for path in (self.folder / oldest).iterdir())
        shown = [line.split() for line in self.checkpoint("ls", "run").splitlines()]
        self.assertEqual(shown[0], ["step", "epochs", "bytes", "state", "path"])
        self.assertEqual(shown[1], [str(int(oldest[-12:])), "1", str(size), "complete", oldest])
        self.assertEqual([[line[1], *line[3:]] for line in shown[2:]], [["2", "complete", middle], ["3", "complete", newest]])
        (self.folder / newest / "manifest.json").unlink()
        with open(self.folder / middle / "shard-00000.safetensors", "ab") as file:
            file.write(b"x")
        self.flip(f"{oldest}/state.json")
        shown = [line.split() for line in self.checkpoint("ls", f"file://{self.folder}/run").splitlines()]
        self.assertEqual([[line[1], line[3]] for line in shown[1:]],
                         [["-", "damaged"], ["-", "damaged"], ["-", "incomplete"]])

    def test_every_checkpoint_is_verified_and_each_fault_is_named(self):
        self.learn("run")
        paths = self.paths("run")
        self.assertEqual(re.sub(r"\d+ bytes", "N bytes", self.checkpoint("verify", "run")),
                         "".join(f"OK N bytes  {path}\n" for path in paths))
        self.assertIn(paths[1], self.checkpoint("verify", paths[1]))
        self.flip(f"{paths[0]}/shard-00000.safetensors")
        (self.folder / paths[1] / "manifest.json").unlink()
        done = self.dga("checkpoint", "verify", "run")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, rf"^OK \d+ bytes  {paths[2]}\n$")
        damaged, incomplete = done.stderr.splitlines()
        self.assertIn(f"dga: [storage] {paths[0]}/shard-00000.safetensors: expected bytes with the checksum ", damaged)
        self.assertEqual(incomplete, f"dga: [storage] {paths[1]}: expected a checkpoint with a manifest.json, found none. Its run "
                                     "was ended while it was being written: use an older one.")
        (self.folder / paths[2] / "state.json").unlink()
        self.refuse(1, f"{paths[2]}/state.json: expected the file that manifest.json lists, found nothing there.", "verify",
                    paths[2])

    def test_the_weights_of_the_last_checkpoint_are_those_that_the_run_saved(self):
        for number, (options, choice) in enumerate(((("--seed", "5"), ()), (("--ema", "0.9"), ("--kept",)),
                                                    (("--keep-best",), ("--kept",)))):
            with self.subTest(options=options):
                run, out = f"run{number}", f"out{number}.safetensors"
                self.learn(run, *options)
                newest = self.paths(run)[-1]
                size = (self.folder / run / "model.safetensors").stat().st_size
                self.assertEqual(self.checkpoint("export", run, out, *choice), f"OK 4 tensors, {size} bytes, of {newest}\n")
                self.assertEqual((self.folder / out).read_bytes(), (self.folder / run / "model.safetensors").read_bytes())
                self.assertEqual(self.dga("checkpoint", "diff", newest, newest).returncode, 0)

    def test_the_weights_of_an_older_checkpoint_are_those_of_the_run_that_ended_there(self):
        self.learn("run")
        self.learn("short", epochs=2)
        self.checkpoint("export", self.paths("run")[1], "out.safetensors")
        self.assertEqual((self.folder / "out.safetensors").read_bytes(), (self.folder / "short/model.safetensors").read_bytes())

    def test_the_average_and_the_trained_weights_are_told_apart(self):
        self.learn("run", "--ema", "0.9")
        self.checkpoint("export", "run", "average.safetensors", "--average")
        self.checkpoint("export", "run", "model.safetensors")
        average, model = (tensors_in(self.folder / name) for name in ("average.safetensors", "model.safetensors"))
        state = tensors_of(self.folder / self.paths("run")[-1])
        self.assertEqual(len(model), 4)
        self.assertEqual(list(average), list(model))
        for name in model:
            self.assertEqual(model[name], state[f"model/{name}"])
            self.assertEqual(average[name], state[f"average/{name}"])
            self.assertNotEqual(average[name], model[name])

    def test_exported_weights_predict_as_the_run_does(self):
        self.learn("run", epochs=6)
        self.checkpoint("export", "run", "weights.safetensors")
        weights = {name: matrix(tensor) for name, tensor in tensors_in(self.folder / "weights.safetensors").items()}
        card = json.loads((self.folder / "run/model.json").read_text(encoding="utf-8"))["features"]
        classes = []
        for row in rows(400):
            x = [(float(value) - mean) / scale for value, mean, scale in zip(row.split(","), card["mean"], card["scale"])]
            for layer in range(2):
                x = [sum(a * b for a, b in zip(line, x)) + bias
                     for line, bias in zip(weights[f"layers.{layer}.weight"], weights[f"layers.{layer}.bias"])]
                x = [max(0, value) for value in x] if layer == 0 else x
            classes.append(str(x.index(max(x))))
        predicted = self.dga("predict", "--model", "run", "--data", "data").stdout.splitlines()[1:]
        self.assertEqual([line.split(",")[0] for line in predicted], classes)
        self.assertEqual(set(classes), {"0", "1"})

    def test_files_are_replaced_only_on_request_and_inputs_never(self):
        self.learn("run", epochs=1)
        self.write("out.safetensors", "precious")
        self.refuse(1, "out.safetensors: expected nothing there, found a file. Choose another name, or replace it with --force.",
                    "export", "run", "out.safetensors")
        self.assertEqual((self.folder / "out.safetensors").read_text(encoding="utf-8"), "precious")
        self.checkpoint("export", "run", "out.safetensors", "--force")
        self.assertEqual(len(tensors_in(self.folder / "out.safetensors")), 4)
        self.refuse(1, "data: expected nothing there, found something else than a file. Choose another name.", "export", "run",
                    "data", "--force")
        own, = self.paths("run")
        self.refuse(2, "expected a file that this command does not read, found ", "export", "run", f"{own}/shard-00000.safetensors",
                    "--force")
        self.checkpoint("verify", "run")

    def test_weights_that_are_not_there_or_damaged_are_not_exported(self):
        self.learn("run")
        paths = self.paths("run")
        self.refuse(1, f"{paths[-1]}: expected a moving average of the weights, found none. Runs with --ema have one; leave out "
                       "--average.", "export", "run", "x", "--average")
        self.refuse(1, f"{paths[-1]}: expected kept weights, found none. Runs with --keep-best or --ema have them; leave out "
                       "--kept.", "export", "run", "x", "--kept")
        self.refuse(2, "[cli] checkpoint export: expected --average or --kept, found both. Choose one.", "export", "run", "x",
                    "--kept", "--average")
        self.flip(f"{paths[-1]}/shard-00000.safetensors")
        self.refuse(1, f"{paths[-1]}/shard-00000.safetensors: expected bytes with the checksum ", "export", paths[-1], "x")
        done = self.dga("checkpoint", "export", "run", "x")
        self.assertEqual((done.returncode, done.stderr.count("\n")), (0, 1), done)
        self.assertIn(f"{paths[-1]}/shard-00000.safetensors: expected bytes with the checksum ", done.stderr)
        self.assertIn("An older checkpoint is used.", done.stderr)
        self.assertIn(f"of {paths[1]}\n", done.stdout)

    def test_runs_on_other_carriers_have_equal_tensors(self):
        self.learn("a", "--carriers", "1")
        self.learn("b", "--carriers", "2", "--engine", "processes")
        shown = self.checkpoint("diff", "a", "b").splitlines()
        self.assertEqual(shown, ["state   options.carriers: 1 -> 2", 'state   options.engine: "threads" -> "processes"',
                                 'state   options.output: "a" -> "b"', "OK 16 tensors are equal"])

    def test_runs_with_other_seeds_differ(self):
        self.learn("a")
        self.learn("b", "--seed", "7")
        done = self.dga("checkpoint", "diff", "a", "b")
        self.assertEqual(done.returncode, 1)
        of_a, of_b = self.paths("a")[-1], self.paths("b")[-1]
        self.assertEqual(done.stderr, f"dga: [storage] {of_b}: expected the tensors of {of_a}, found 12 that differ. Standard output "
                                      "lists them.\n")
        self.assertIn("state   options.seed: 42 -> 7\n", done.stdout)
        self.assertIn("state   epochs: 3 of 3 elements differ\n", done.stdout)
        self.assertNotIn("seconds", done.stdout)
        a, b = (tensors_of(self.folder / path) for path in (of_a, of_b))
        for name in a:
            shown = re.findall(rf"^tensor  {re.escape(name)}: (\d+) of (\d+) elements differ, by (\S+) at most$", done.stdout,
                               re.MULTILINE)
            if a[name] == b[name]:  # the optimiser's number of steps
                self.assertEqual(shown, [], name)
                continue
            pairs = list(zip(*(struct.unpack(f"<{len(tensor[2]) // 4}f", tensor[2]) for tensor in (a[name], b[name]))))
            (count, size, largest), = shown
            self.assertEqual((int(count), int(size)), (sum(x != y for x, y in pairs), len(pairs)))
            self.assertAlmostEqual(float(largest), max(abs(x - y) for x, y in pairs), delta=1e-5 * float(largest))

    def test_tensors_of_other_models_are_told_by_their_shapes(self):
        self.learn("a", epochs=1)
        self.learn("b", "--ema", "0.5", epochs=1, hidden=4)
        done = self.dga("checkpoint", "diff", "a", "b")
        self.assertEqual(done.returncode, 1)
        self.assertIn("state   options.hidden: [8] -> [4]\n", done.stdout)
        self.assertIn("tensor  model/layers.0.weight: f32 8 x 2 -> f32 4 x 2\n", done.stdout)
        self.assertIn("tensor  average/layers.0.bias: none -> f32 4\n", done.stdout)
        done = self.dga("checkpoint", "diff", "b", "a")
        self.assertIn("tensor  average/layers.0.bias: f32 4 -> none\n", done.stdout)

    def test_what_is_no_checkpoint_or_damaged_is_refused_by_every_command(self):
        self.learn("run", epochs=1)
        shutil.copytree(self.folder / "run", self.folder / "bad")
        path, = self.paths("bad")
        (self.folder / "empty/checkpoints").mkdir(parents=True)
        neither = ("expected the folder of a run with checkpoints, or of a checkpoint, found neither. Check the path; dga train "
                   "saves checkpoints with --checkpoint-every.")
        for wrong, text in (("none", f"[storage] none: {neither}"), ("data", f"[storage] data: {neither}"),
                            ("data/a.csv", f"[storage] data/a.csv: {neither}"),
                            ("empty", "[storage] empty: expected a run with checkpoints, found none in its folder checkpoints. Wait "
                                      "for the first one.")):
            for arguments in (("ls", wrong), ("verify", wrong), ("export", wrong, "x"), ("diff", wrong, "run"),
                              ("diff", "run", wrong)):
                self.refuse(1, text, *arguments)
        self.flip(f"{path}/shard-00000.safetensors")
        self.refuse(1, f"{path}/shard-00000.safetensors: expected bytes with the checksum ", "diff", "run", path)
        (self.folder / path / "manifest.json").unlink()
        self.refuse(1, "[storage] bad: expected a run with a checkpoint that is complete and undamaged, found none among 1. Use "
                       "another run.", "diff", "bad", "run")
        self.refuse(2, "[options] B is required. See dga checkpoint diff --help.", "diff", "run")
        self.refuse(2, "found the scheme \"s3\".", "ls", "s3://bucket/run")


if __name__ == "__main__":
    unittest.main()
