#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A run that is killed again and again while it writes a checkpoint: each that counts as complete is whole, and the
weights are those of a run that was left alone.

    tests/cli/checkpoint_kill_test.py --count 1000 --seed 14
"""

import collections
import os
import random
import shutil
import time

import rounds
import running
from program import ProgramTest, rows

#: Longer than it takes to write a checkpoint of this run, so that kills hit all its moments.
WRITING_SECONDS = 0.008


class CheckpointKillTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("data/a.csv", rows(400))
        self.run_folder = self.folder / "out"
        self.random = random.Random(rounds.Rounds.seed)

    def start_again(self):
        process = running.start(self.folder, *running.OPTIONS, *running.ENDLESS, "--output", "out", "--resume", "auto",
                                "--checkpoint-every", "1steps", "--keep-checkpoints", "3", "--carriers", "2", "--engine",
                                self.random.choice(("threads", "processes")))
        self.addCleanup(running.kill, process)
        return process

    def wait_for_folders(self, process, count):
        """Waits until the run has made `count` folders for checkpoints: then it begins to write the last of them."""
        newest = max(sum(running.checkpoints_in(self.run_folder), []), default="")
        folder = self.run_folder / "checkpoints"
        for _ in range(count):
            running.wait_until(lambda: folder.is_dir() and max(os.listdir(folder), default="") > newest, process, pause=0.0002)
            newest = max(os.listdir(folder))

    def keep(self, kill):
        """Gives the complete checkpoints another name, for a look at all of them at the end."""
        complete, _ = running.checkpoints_in(self.run_folder)
        for number, name in enumerate(complete):
            shutil.copytree(self.run_folder / "checkpoints" / name, self.folder / f"kept/checkpoints/step-{kill:06}{number:06}",
                            copy_function=os.link)
        return len(complete)

    def moment(self, unfinished):
        """What the kill found of the checkpoint that was being written."""
        names = os.listdir(self.run_folder / "checkpoints" / unfinished)
        whole = sum(not name.startswith(".") for name in names)
        return f"{whole} of 4 files" + (", one half written" if len(names) > whole else "")

    def test_kills_while_a_checkpoint_is_written(self):
        hits = kills = kept = 0
        complete, moments = [], collections.Counter()
        while hits < rounds.Rounds.count:
            self.assertLess(kills, 3 * rounds.Rounds.count + 10, "the kills miss the writing of checkpoints")
            process = self.start_again()
            self.wait_for_folders(process, self.random.randrange(1, 4))
            time.sleep(self.random.uniform(0, WRITING_SECONDS))
            stderr = running.kill(process)
            # The newest complete checkpoint was found and is undamaged.
            self.assertEqual(stderr, "" if complete else running.WITHOUT_CHECKPOINT + "\n")
            before, (complete, unfinished) = complete, running.checkpoints_in(self.run_folder)
            self.assertGreaterEqual(complete[-1:], before[-1:])
            if max(unfinished, default="") > max(complete, default=""):
                hits += 1
                moments[self.moment(unfinished[-1])] += 1
            kills += 1
            kept += self.keep(kills)
        done = self.dga("checkpoint", "verify", "kept")
        self.assertEqual((done.returncode, done.stderr, done.stdout.count("\n")), (0, "", kept))
        epochs = running.epochs_in(self.run_folder) + 1
        for output, options in (("out", ("--resume", "auto")), ("whole", ())):
            done = self.dga("train", *running.OPTIONS, "--epochs", epochs, "--output", output, *options)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(running.results_of(self.run_folder), running.results_of(self.folder / "whole"))
        print(f"{kills} kills, {hits} of them while a checkpoint was being written")
        print("".join(f"    {count:4} with {moment}\n" for moment, count in sorted(moments.items())), end="")
        print(f"{kept} checkpoints counted as complete, 0 of them damaged; 0 bad loads; after "
              f"{running.results_of(self.run_folder)['steps']} steps the weights of a run that was left alone", flush=True)


if __name__ == "__main__":
    rounds.main()
