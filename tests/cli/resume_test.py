#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: a run that was killed and goes on has the weights and results of one that was never interrupted."""

import json
import os
import random
import shlex
import shutil
import signal
import time
import unittest

import running
from program import PROGRAM, ProgramTest, rows

MPIRUN = shlex.split(os.environ.get("DGA_MPIRUN", ""))
HAS_MPI = os.environ.get("DGA_MPI") == "ON"
EPOCHS = 6
OPTIONS = ("--data", "data", "--hidden", "8", "--batch", "4", "--workers", "5", "--optimizer", "adamw", "--dropout", "0.2",
           "--clip-norm", "1")


class ResumeTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("data/a.csv", rows(400))

    def train(self, output, *options, epochs=EPOCHS, workers=5, command=(PROGRAM,)):
        common = list(OPTIONS)
        common[common.index("--workers") + 1] = workers
        done = self.dga("train", *common, "--epochs", epochs, "--output", output, "--quiet", *options, command=command)
        self.assertEqual(done.returncode, 0, done)
        return done

    def results(self, output):
        return running.results_of(self.folder / output)

    def checkpoints(self, output):
        return sorted(os.listdir(self.folder / output / "checkpoints"))

    def stopped_after(self, output, epochs, *options):
        """A run that is killed once it has a checkpoint of at least `epochs` epochs, and goes on long after."""
        process = self.started(output, "--checkpoint-every", "1", *options)
        running.wait_until(lambda: running.epochs_in(self.folder / output) > epochs, process)
        running.kill(process)

    def started(self, output, *options):
        process = running.start(self.folder, *OPTIONS, *running.ENDLESS, "--output", output, *options)
        self.addCleanup(running.kill, process)
        return process

    def test_a_run_in_parts_has_the_results_of_one_in_a_piece(self):
        for number, options in enumerate(((), ("--keep-best",), ("--ema", "0.9"))):
            with self.subTest(options=options):
                whole, parts = f"whole{number}", f"parts{number}"
                self.train(whole, *options)
                self.train(parts, "--checkpoint-every", "2", *options, epochs=2)
                self.train(parts, "--resume", "auto", "--checkpoint-every", "3", "--engine", "processes", "--carriers", "3",
                           *options, epochs=3)
                self.train(parts, "--resume", "auto", "--carriers", "1", *options)
                self.assertEqual(self.results(parts), self.results(whole))

    @unittest.skipUnless(HAS_MPI, "dga was built without MPI")
    def test_a_run_goes_on_over_mpi_and_back(self):
        self.train("whole")
        self.train("parts", "--checkpoint-every", "1", epochs=2)
        self.train("parts", "--resume", "auto", "--checkpoint-every", "1", epochs=4,
                   command=[*MPIRUN, "-n", "3", PROGRAM])
        self.train("parts", "--resume", "auto", "--ranks-per-node", "1", epochs=5, command=[*MPIRUN, "-n", "2", PROGRAM])
        self.assertEqual(self.results("parts")["epochs"], self.results("whole")["epochs"][:5])
        done = self.train("parts", "--resume", "auto", epochs=5, command=[*MPIRUN, "-n", "2", PROGRAM])
        self.assertIn("has finished 5 epochs. There is nothing to do.", done.stderr)

    def test_a_killed_run_goes_on_with_the_bits_of_one_that_was_not(self):
        for engine in ("threads", "processes"):
            with self.subTest(engine=engine):
                output = f"killed-{engine}"
                self.stopped_after(output, 3, "--engine", engine)
                finished = len((self.folder / output / "metrics.jsonl").read_text().splitlines())
                self.train(output, "--resume", "auto", epochs=finished + 2)
                self.train(f"whole-{engine}", epochs=finished + 2)
                self.assertEqual(self.results(output), self.results(f"whole-{engine}"))

    def test_the_newest_checkpoints_are_kept(self):
        self.train("out", "--checkpoint-every", "1")
        steps = json.loads((self.folder / "out" / "results.json").read_text())["steps"]
        per_epoch = steps // EPOCHS
        self.assertEqual(self.checkpoints("out"), [f"step-{steps - per_epoch:012}", f"step-{steps:012}"])
        self.train("more", "--checkpoint-every", "2", "--keep-checkpoints", "3")
        self.assertEqual(len(self.checkpoints("more")), 3)

    def test_damaged_checkpoints_are_named_and_passed_over(self):
        self.train("whole")
        self.train("parts", "--checkpoint-every", "1", epochs=3)
        newest = self.folder / "parts" / "checkpoints" / self.checkpoints("parts")[-1]
        random.seed(14)
        content = bytearray((newest / "shard-00000.safetensors").read_bytes())
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
        (newest / "shard-00000.safetensors").write_bytes(content)
        done = self.train("parts", "--resume", "auto", "--checkpoint-every", "1")
        self.assertIn(f"{newest.name}/shard-00000.safetensors", done.stderr)
        self.assertIn("An older checkpoint is used.", done.stderr)
        self.assertEqual(self.results("parts"), self.results("whole"))

    def test_a_checkpoint_is_resumed_by_its_path_in_another_folder(self):
        self.train("whole")
        self.train("first", "--checkpoint-every", "1", epochs=3)
        oldest = self.checkpoints("first")[0]
        self.train("second", "--resume", f"first/checkpoints/{oldest}")
        self.assertEqual(self.results("second"), self.results("whole"))
        self.expect_error(self.dga("train", *OPTIONS, "--epochs", "9", "--output", "whole", "--resume",
                                   f"first/checkpoints/{oldest}"), 1, "expected a folder without a run")

    def test_what_differs_is_refused_by_name(self):
        self.train("out", "--checkpoint-every", "1", epochs=2)
        path = self.checkpoints("out")[-1]
        before = self.results("out")
        self.expect_error(self.dga("train", *OPTIONS, "--epochs", "4", "--output", "out", "--resume", "auto", "--seed", "7"), 1,
                          f"[train] resume: expected --seed 42, as in the checkpoint out/checkpoints/{path}, found 7. ")
        self.expect_error(self.dga("train", *OPTIONS, "--epochs", "1", "--output", "new", "--resume", f"out/checkpoints/{path}"),
                          1, "[train] resume: expected --epochs 2 or more, as many as the checkpoint")
        self.write("data/a.csv", rows(401))
        self.expect_error(self.dga("train", *OPTIONS, "--epochs", "4", "--output", "out", "--resume", "auto"), 1,
                          f"[train] resume: expected the data of the checkpoint out/checkpoints/{path}, with ")
        self.assertEqual(self.results("out"), before)
        self.assertEqual(self.dga("fs", "verify", "out").returncode, 0)  # the manifest is there as well
        self.expect_error(self.dga("train", *OPTIONS, "--resume", "auto"), 2, "[options] resume: expected --output DIR")
        self.expect_error(self.dga("train", *OPTIONS, "--output", "new", "--resume", "nowhere"), 1,
                          "nowhere: expected a checkpoint with a manifest.json")
        self.assertFalse((self.folder / "new").exists())

    def test_without_a_checkpoint_the_run_starts_from_the_beginning(self):
        self.train("whole")
        done = self.train("fresh", "--resume", "auto")
        self.assertIn("[train] resume: found no checkpoint in fresh. The run starts from the beginning.", done.stderr)
        self.assertEqual(self.results("fresh"), self.results("whole"))

    def test_a_run_that_was_killed_before_its_results_only_writes_them(self):
        for number, options in enumerate((("--ema", "0.9"), ("--keep-best", "--patience", "1"))):
            with self.subTest(options=options):
                output = f"run{number}"
                self.train(output, "--checkpoint-every", "1", *options)
                expected = self.results(output)
                for name in ("results.json", "manifest.json", "model.safetensors", "model.json"):
                    (self.folder / output / name).unlink()
                self.train(output, "--resume", "auto", "--checkpoint-every", "1", *options)
                self.assertEqual(self.results(output), expected)

    def test_a_finished_run_has_nothing_to_do(self):
        self.train("out", "--checkpoint-every", "1", epochs=2)
        before = self.results("out")
        done = self.train("out", "--resume", "auto", epochs=2)
        self.assertIn("[train] resume: the run in out has finished 2 epochs. There is nothing to do.", done.stderr)
        self.assertEqual(self.results("out"), before)

    def test_a_run_goes_on_from_the_middle_of_an_epoch(self):
        random.seed(141)
        for number, options in enumerate(((), ("--keep-best",), ("--ema", "0.9"), ("--micro-steps", "2"), ("--coalesce",))):
            whole, parts = f"whole{number}", f"parts{number}"
            self.train(whole, *options)
            self.train(parts, "--checkpoint-every", "7steps", "--keep-checkpoints", "1000", *options)
            self.assertEqual(self.results(parts), self.results(whole))
            checkpoints = self.checkpoints(parts)
            steps = self.results(whole)["steps"]
            self.assertEqual(len(checkpoints), steps // 7 + (steps % 7 > 0))
            for name in random.sample(checkpoints, 3):
                with self.subTest(options=options, checkpoint=name):
                    carriers = () if "--coalesce" in options else ("--carriers", random.choice("1235"))
                    self.train(f"{parts}-{name}", "--resume", f"{parts}/checkpoints/{name}", "--engine",
                               random.choice(("threads", "processes")), *carriers, *options)
                    self.assertEqual(self.results(f"{parts}-{name}"), self.results(whole))

    def test_a_run_that_goes_back_forgets_its_later_checkpoints(self):
        self.train("out", "--checkpoint-every", "7steps", "--keep-checkpoints", "1000", epochs=3)
        before = self.checkpoints("out")
        self.train("out", "--resume", f"out/checkpoints/{before[1]}", "--checkpoint-every", "1", "--keep-checkpoints", "1000",
                   epochs=3)
        per_epoch = self.results("out")["steps"] // 3
        self.assertEqual(self.checkpoints("out"), before[:2] + [f"step-{per_epoch * epoch:012}" for epoch in (1, 2, 3)])

    def test_what_coalesces_goes_on_with_as_many_carriers(self):
        self.train("out", "--coalesce", "--carriers", "2", "--checkpoint-every", "1", epochs=2)
        self.expect_error(self.dga("train", *OPTIONS, "--epochs", "3", "--output", "out", "--resume", "auto", "--coalesce",
                                   "--carriers", "5"), 1,
                          "[train] resume: expected --carriers 2, as in the checkpoint out/checkpoints/step-")

    def workers_changed(self, output, name="results.json"):
        return json.loads((self.folder / output / name).read_text(encoding="utf-8"))["workers_changed"]

    def test_another_number_of_workers_goes_on_with_the_same_bits_on_all_engines(self):
        options = ("--schedule", "cosine", "--ema", "0.9")
        found = []
        ways = [("threads", "1"), ("threads", "4"), ("processes", "3")] + [("mpi", "2")] * HAS_MPI
        for number, (engine, carriers) in enumerate(ways):
            with self.subTest(engine=engine, carriers=carriers):
                out = f"out{number}"
                command = [*MPIRUN, "-n", carriers, PROGRAM] if engine == "mpi" else [PROGRAM]
                way = ("--engine", engine) if engine == "mpi" else ("--engine", engine, "--carriers", carriers)
                self.train(out, *options, *way, "--checkpoint-every", "1", epochs=2, workers=30, command=command)
                done = self.train(out, *options, *way, "--resume", "auto", "--checkpoint-every", "1", epochs=4, workers=7,
                                  command=command)
                first = self.workers_changed(out)
                self.assertEqual([(each["epoch"], each["from"], each["to"]) for each in first], [(2, 30, 7)])
                self.assertIn(f"expected --workers 30, as in the checkpoint {out}/checkpoints/step-{first[0]['step']:012}, found "
                              f"7. The run goes on with 7 workers from step {first[0]['step']}. Its weights will be others than "
                              "those of a run with 30.", done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1)
                self.assertEqual(self.workers_changed(out, "config.json"), first)
                middle = json.loads((self.folder / out / "results.json").read_text(encoding="utf-8"))
                self.assertEqual((middle["workers"], len(middle["time"]["values"])), (7, 7))
                self.assertGreater(min(middle["time"]["values"]), 0)
                self.train(out, *options, *way, "--resume", "auto", "--checkpoint-every", "1", workers=30, command=command)
                changes = self.workers_changed(out)
                self.assertEqual(changes[:1], first)
                self.assertEqual(changes[1], {"step": middle["steps"], "epoch": 4, "from": 7, "to": 30})
                report = (self.folder / out / "report.html").read_text(encoding="utf-8")
                self.assertIn(f"30 to step {first[0]['step']}, 7 to step {middle['steps']}", report)
                found.append((self.results(out), changes))
        for other in found[1:]:
            self.assertEqual(other, found[0])
        self.assertLess(found[0][0]["epochs"][-1]["loss"], found[0][0]["epochs"][0]["loss"])
        self.train("whole", *options, workers=30)
        self.assertNotEqual(self.results("whole")["weights_sha256"], found[0][0]["weights_sha256"])
        self.assertEqual(self.workers_changed("whole"), [])

    def test_an_epoch_under_way_begins_again_with_another_number_of_workers(self):
        self.train("parts", "--checkpoint-every", "7steps", "--keep-checkpoints", "1000", "--schedule", "cosine")
        per_epoch = self.results("parts")["steps"] // EPOCHS
        step = 7 * (per_epoch // 7 + 1)
        self.assertNotEqual(step % per_epoch, 0)
        found = []
        for carriers in ("1", "3"):
            done = self.train(f"out{carriers}", "--resume", f"parts/checkpoints/step-{step:012}", "--carriers", carriers,
                              "--schedule", "cosine", workers=3)
            self.assertIn(f"Epoch {step // per_epoch + 1}, which was under way, begins again with these weights.", done.stderr)
            found.append(self.results(f"out{carriers}"))
            self.assertEqual(self.workers_changed(f"out{carriers}"),
                             [{"step": step, "epoch": step // per_epoch, "from": 5, "to": 3}])
        self.assertEqual(found[0], found[1])
        samples = json.loads((self.folder / "out1" / "results.json").read_text(encoding="utf-8"))["samples"]["train"]
        steps = -(-samples // 3)  # of the largest shard
        self.assertEqual(found[0]["steps"], step + (EPOCHS - step // per_epoch) * -(-steps // 4))

    def test_workers_that_took_no_steps_have_no_times_and_errors(self):
        self.train("first", "--checkpoint-every", "1", "--keep-best", epochs=3)
        self.train("second", "--resume", f"first/checkpoints/{self.checkpoints('first')[-1]}", "--keep-best", epochs=3,
                   workers=3)
        first, second = (json.loads((self.folder / name / "results.json").read_text(encoding="utf-8"))
                         for name in ("first", "second"))
        self.assertEqual(second["workers_changed"], [{"step": first["steps"], "epoch": 3, "from": 5, "to": 3}])
        self.assertEqual(second["error"], {"mean": first["error"]["mean"], "values": [None] * 3})
        self.assertEqual(second["time"]["values"], [0] * 3)
        self.assertEqual(second["weights_sha256"], first["weights_sha256"])

    def test_another_learning_rate_is_used_from_then_on(self):
        self.train("out", "--checkpoint-every", "1", epochs=2)
        shutil.copytree(self.folder / "out", self.folder / "same")
        self.train("out", "--resume", "auto", "--lr", "0.5", epochs=3)
        self.train("same", "--resume", "auto", epochs=3)
        self.assertNotEqual(self.results("out")["weights_sha256"], self.results("same")["weights_sha256"])
        self.assertEqual(self.results("out")["epochs"][:2], self.results("same")["epochs"][:2])

    def test_a_signal_saves_a_checkpoint_from_which_the_run_goes_on(self):
        for engine, number in (("threads", signal.SIGTERM), ("processes", signal.SIGINT)):
            with self.subTest(engine=engine):
                out, again = f"out-{engine}", f"again-{engine}"
                metrics = self.folder / out / "metrics.jsonl"
                process = self.started(out, "--engine", engine)
                running.wait_until(metrics.exists, process)
                process.send_signal(number)
                _, stderr = process.communicate(timeout=60)
                self.assertEqual(process.returncode, 3, stderr)
                checkpoint = self.checkpoints(out)
                self.assertEqual(len(checkpoint), 1)
                self.assertRegex(stderr, rf"^dga: \[train\] run: .*found signal {int(number)} \(.*\) after step \d+\. The model and "
                                         rf"the results after epoch \d+ are in {out}\. Go on with --resume auto: there is a "
                                         rf"checkpoint in {out}/checkpoints/{checkpoint[0]}\.\n$")
                finished = len(metrics.read_text().splitlines())
                self.train(out, "--resume", "auto", epochs=finished + 1)
                self.train(again, epochs=finished + 1)
                self.assertEqual(self.results(out), self.results(again))

    def test_a_run_that_was_resumed_late_stops_as_soon(self):
        self.stopped_after("out", 30)
        process = self.started("out", "--resume", "auto")
        metrics = self.folder / "out" / "metrics.jsonl"
        size = metrics.stat().st_size
        running.wait_until(lambda: metrics.stat().st_size > size, process)
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 3)
        self.assertLess(time.monotonic() - begin, 5)

    def test_a_signal_in_the_first_epoch_loses_nothing(self):
        self.write("data/a.csv", rows(40000))
        process = self.started("out", "--checkpoint-every", "10steps", "--keep-checkpoints", "1")
        running.wait_until((self.folder / "out" / "checkpoints").exists, process)
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 3, stderr)
        self.assertRegex(stderr, r"after step \d+\. Go on with --resume auto: there is a checkpoint in out/checkpoints/step-\d+\.\n$")
        self.assertEqual((self.folder / "out" / "metrics.jsonl").exists(), False)
        self.train("out", "--resume", "auto", epochs=1)
        self.train("again", epochs=1)
        self.assertEqual(self.results("out"), self.results("again"))


if __name__ == "__main__":
    unittest.main()
