#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every example does what it says, on the engines it names. The quickstart is in tests/cli/training_test.py."""

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("DGA_BIN", SOURCE / "build" / "release" / "bin"))
MPIRUN = os.environ.get("DGA_MPIRUN", "")
HAS_MPI = os.environ.get("DGA_MPI") == "ON"


class ExamplesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def succeed(self, *command, cwd=SOURCE, **variables):
        done = subprocess.run([str(word) for word in command], cwd=cwd, env={**os.environ, **variables}, timeout=120,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done)
        return done.stdout

    def on_every_engine(self, name, *arguments, workers=3, written=None):
        """What the example prints after its engine's name, which must be the same on all. So must the file `written`."""
        said = set()
        # Written to a folder of the test's own, but found where the example looks.
        (self.folder / "data").symlink_to(SOURCE / "data")
        for engine in ["threads", "processes"] + ["mpi"] * HAS_MPI:
            start = [*shlex.split(MPIRUN), "-n", workers] if engine == "mpi" else []
            out = self.succeed(*start, BIN / name, *arguments, "--engine", engine, "--workers", workers, cwd=self.folder)
            begin = f"{workers} workers ({engine}): "
            self.assertTrue(out.startswith(begin), out)
            content = (self.folder / written).read_bytes() if written else b""
            said.add((re.sub(r"steps of .*", "steps", out.removeprefix(begin)), content))
        self.assertEqual(len(said), 1, said)
        return said.pop()[0]

    def test_train_loop_tells_the_spirals_apart(self):
        said = self.on_every_engine("train_loop")
        wrong, points = re.match(r"(\d+) of (\d+) new points wrong after 1500 steps", said).groups()
        self.assertEqual(int(points), 1500)
        self.assertLess(int(wrong), 75)  # guessing: 750

    def test_own_model_reads_digits_and_saves_the_same_weights_on_every_engine(self):
        said = self.on_every_engine("own_model", written="own_model.safetensors")
        wrong = float(re.fullmatch(r"(\S+) % of the held-out digits wrong\n", said)[1])
        self.assertLess(wrong, 4)  # guessing: 90
        # Eight bytes with the header's length, and the header: names, shapes and places of the tensors.
        content = (self.folder / "own_model.safetensors").read_bytes()
        end = 8 + int.from_bytes(content[:8], "little")
        header = json.loads(content[8:end])
        self.assertEqual({name: tensor["shape"] for name, tensor in header.items() if name != "__metadata__"},
                         {"hidden.weight": [64, 64], "hidden.bias": [64], "output.weight": [10, 64], "output.bias": [10]})
        self.assertEqual(len(content) - end, 4 * (64 * 64 + 64 + 10 * 64 + 10))

    def test_checkpointed_loop_goes_on_from_its_last_good_checkpoint(self):
        (self.folder / "data").symlink_to(SOURCE / "data")
        said = set()
        for engine in ["threads", "processes"] + ["mpi"] * HAS_MPI:
            start = [*shlex.split(MPIRUN), "-n", 3] if engine == "mpi" else []
            command = [*start, BIN / "checkpointed_loop", f"run-{engine}", "--engine", engine, "--workers", 3]
            checkpoints = self.folder / f"run-{engine}" / "checkpoints"
            for _ in range(2):
                out = self.succeed(*command, cwd=self.folder)
                wrong, weights = re.search(r": (\S+) % of the held-out digits wrong, weights ([0-9a-f]+), saved in ", out).groups()
                self.assertLess(float(wrong), 4)  # guessing: 90
                said.add(weights)
                self.assertEqual(len(list(checkpoints.iterdir())), 2)
                shutil.rmtree(max(checkpoints.iterdir()))
        self.assertEqual(len(said), 1, said)
        listed = self.succeed(BIN / "dga", "checkpoint", "ls", self.folder / "run-threads")
        self.assertRegex(listed, r"(?m)^ *\d+ +- +\d+  complete +\S+/step-\d{12}$")
        self.assertIn("OK", self.succeed(BIN / "dga", "checkpoint", "verify", self.folder / "run-threads"))
        self.assertIn("OK 4 tensors", self.succeed(BIN / "dga", "checkpoint", "export", self.folder / "run-threads",
                                                   self.folder / "weights.safetensors"))
        self.assertIn("tensors are equal", self.succeed(BIN / "dga", "checkpoint", "diff", self.folder / "run-threads",
                                                        self.folder / "run-processes"))
        done = subprocess.run([BIN / "dga", "train", "--data", "data/digits", "--epochs", "1", "--output", "new", "--resume",
                               max(checkpoints.iterdir())], cwd=self.folder, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("expected the state of a run of dga train, found that of a program with a dga::Checkpointer. Start that "
                      "program to go on from it.", done.stderr)

    def test_gan_trains_two_models_in_turn_with_the_same_weights_on_every_engine(self):
        said = self.on_every_engine("gan", written="generator.safetensors")
        before, after = map(float, re.fullmatch(
            r"a pixel of the made-up digits differs by (\S+) before training, (\S+) after\n", said).groups())
        self.assertLess(after, 0.65 * before)

    def test_own_model_is_short(self):
        lines = (SOURCE / "examples" / "own_model.cpp").read_text(encoding="utf-8").splitlines()
        main = next(number for number, line in enumerate(lines) if line.startswith("int main"))
        self.assertLessEqual(len(lines) - main, 25)

    def test_own_dataset_tells_waves_apart(self):
        said = self.on_every_engine("own_dataset")
        wrong = float(re.fullmatch(r"(\S+) % of the waves wrong\n", said)[1])
        self.assertLess(wrong, 5)  # guessing: 50

    def test_own_optimizer_learns_from_its_teacher(self):
        said = self.on_every_engine("own_optimizer")
        first, last = re.match(r"the loss went from (\S+) to (\S+) in 200 steps", said).groups()
        self.assertLess(float(last), float(first) / 20)

    def test_convolution_reads_digits(self):
        said = self.on_every_engine("convolution", "data/digits")
        wrong = float(re.fullmatch(r"(\S+) % of the held-out digits wrong\n", said)[1])
        self.assertLess(wrong, 5)  # guessing: 90

    def test_regression_learns_how_a_ball_flies(self):
        out = self.succeed(BIN / "regression", self.folder)
        error = float(re.fullmatch(r"mean squared error (\S+) m\^2\n", out)[1])
        self.assertLess(error, 1.0)  # guessing the mean: about 50
        self.assertTrue((self.folder / "run" / "results.json").is_file())

    def test_hyper_parameters_are_those_of_the_file(self):
        self.succeed(BIN / "dga", "train", "--config", "examples/hyper_parameters.toml", "--epochs", "5", "--output",
                     self.folder / "run", "--quiet")
        config = json.loads((self.folder / "run" / "config.json").read_text(encoding="utf-8"))
        self.assertEqual([config[name] for name in ("workers", "hidden", "optimizer", "seed", "epochs")],
                         [4, [64, 32], "adamw", 7, 5])
        results = json.loads((self.folder / "run" / "results.json").read_text(encoding="utf-8"))
        self.assertLess(results["error"]["mean"], 0.1)

    def test_the_cluster_job_is_a_shell_script(self):
        self.succeed("bash", "-n", "examples/cluster.sbatch")

    @unittest.skipUnless(HAS_MPI, "this build has no MPI")
    def test_the_cluster_job_trains_with_mpirun_in_the_place_of_srun(self):
        # As srun does: options of its own first, then the program, once a task.
        srun = self.folder / "srun"
        srun.write_text(f'#!/bin/bash\nwhile [[ $1 == --* ]]; do echo "srun $1"; shift; done\nexec {MPIRUN} -n 3 "$@"\n',
                        encoding="utf-8")
        srun.chmod(srun.stat().st_mode | stat.S_IXUSR)
        out = self.succeed("bash", "examples/cluster.sbatch", "--epochs", "2", PATH=f"{self.folder}:{os.environ['PATH']}",
                           DGA=str(BIN / "dga"), OUTPUT=str(self.folder / "run"))
        self.assertIn("srun --mpi=pmix\nsrun --kill-on-bad-exit=1\n", out)
        results = json.loads((self.folder / "run" / "results.json").read_text(encoding="utf-8"))
        self.assertEqual((results["engine"], results["workers"], len(results["epochs"])), ("mpi", 3, 2))


if __name__ == "__main__":
    unittest.main()
