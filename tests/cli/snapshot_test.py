#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A checkpoint has the state of its step, however many steps are taken while a slow disk takes its files."""

import time
import unittest

import running
from program import ProgramTest, rows
from stored_tensors import tensors_in, tensors_of

WAIT_MS = 10
EPOCHS, STEPS_PER_EPOCH, EVERY = 2, 16, 4
EVERY_CHECKPOINT = ("--checkpoint-every", f"{EVERY}steps", "--keep-checkpoints", "1000")


@unittest.skipUnless(running.SLOW_DISK.exists(), "builds with sanitizers have no slow_disk.so")
class SnapshotTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("data/a.csv", rows(400))

    def train(self, output, *options, epochs=EPOCHS, variables=None):
        done = self.dga("train", *running.OPTIONS, "--carriers", "2", "--epochs", epochs, "--output", output, *options,
                        variables=variables)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)

    def writes_of(self, checkpoint):
        """How often each of the two files is written to at least: the header, then each tensor."""
        return [1 + len(tensors_in(path)) for path in sorted(checkpoint.glob("shard-*.safetensors"))]

    def test_every_checkpoint_has_the_state_of_its_step(self):
        # A run that ends there is a checkpoint's oracle at the end of an epoch, and a run on a fast disk everywhere.
        ends = {}
        for epochs in range(1, EPOCHS + 1):
            self.train(f"ends{epochs}", epochs=epochs)
            ends[epochs * STEPS_PER_EPOCH] = tensors_in(self.folder / f"ends{epochs}/model.safetensors")
        for options in ((), ("--ema", "0.9"), ("--keep-best",)):
            fast = "-".join(("fast", *options))
            self.train(fast, *options, *EVERY_CHECKPOINT)
            for engine in ("threads", "processes"):
                with self.subTest(options=options, engine=engine):
                    slow = "-".join(("slow", engine, *options))
                    begin = time.monotonic()
                    self.train(slow, "--engine", engine, *options, *EVERY_CHECKPOINT,
                               variables=running.slow_disk(WAIT_MS))
                    seconds = time.monotonic() - begin
                    checkpoints, _ = running.checkpoints_in(self.folder / slow)
                    self.assertEqual([int(name[-12:]) for name in checkpoints],
                                     list(range(EVERY, EPOCHS * STEPS_PER_EPOCH + 1, EVERY)))
                    for name in checkpoints:
                        found, expected = (tensors_of(self.folder / run / "checkpoints" / name) for run in (slow, fast))
                        self.assertEqual(list(found), list(expected))
                        self.assertEqual([tensor for tensor in expected if found[tensor] != expected[tensor]], [], name)
                        if int(name[-12:]) in ends:
                            self.assertEqual({key[len("model/"):]: value for key, value in found.items()
                                              if key.startswith("model/")}, ends[int(name[-12:])])
                    # The disk was slow.
                    writes = sum(max(self.writes_of(self.folder / slow / "checkpoints" / name)) for name in checkpoints)
                    self.assertGreater(seconds, writes * WAIT_MS / 1000)
                    self.assertEqual(self.dga("checkpoint", "verify", slow).returncode, 0)


if __name__ == "__main__":
    unittest.main()
