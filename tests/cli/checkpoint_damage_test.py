#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Damage to the files of checkpoints, at random: each damaged one is named, the newest good one is used, and the weights
are those of a run that was left alone.

    tests/cli/checkpoint_damage_test.py --count 1000 --seed 14
"""

import collections
import random
import shutil

import rounds
import running
from program import ProgramTest, rows

EPOCHS = 4


class CheckpointDamageTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("data/a.csv", rows(400))
        self.random = random.Random(rounds.Rounds.seed)

    def train(self, output, *options, epochs=EPOCHS):
        done = self.dga("train", *running.OPTIONS, "--epochs", epochs, "--output", output, *options)
        self.assertEqual(done.returncode, 0, done)
        return done.stderr

    # Each kind of damage changes a file, or more, and returns their names.

    def truncate(self, path):
        content = path.read_bytes()
        path.write_bytes(content[:self.random.randrange(len(content))])
        return [path]

    def flip(self, path):
        content = bytearray(path.read_bytes())
        content[self.random.randrange(len(content))] ^= 1 << self.random.randrange(8)
        path.write_bytes(content)
        return [path]

    def zero(self, path):
        content = path.read_bytes()
        first = self.random.randrange(len(content))
        end = first + self.random.randrange(1, 512)
        path.write_bytes(content[:first] + bytes(len(content[first:end])) + content[end:])
        return [path]

    def extend(self, path):
        path.write_bytes(path.read_bytes() + self.random.randbytes(self.random.randrange(1, 512)))
        return [path]

    def remove(self, path):
        path.unlink()
        return [path]

    def exchange(self, path):
        other = self.random.choice([other for other in sorted(path.parent.iterdir()) if other != path])
        ours, others = path.read_bytes(), other.read_bytes()
        path.write_bytes(others)
        other.write_bytes(ours)
        return [path, other]

    def replace(self, path):
        """By the same file of another checkpoint, as a copy by hand may do. To that manifest all files are damaged."""
        shutil.copyfile(self.random.choice([other for other in self.pristine.glob(f"*/{path.name}")
                                            if other.parent.name != path.parent.name]), path)
        return sorted(path.parent.iterdir()) if path.name == "manifest.json" else [path]

    def damage(self, checkpoint):
        """Damages a file of the checkpoint. Returns how, and the names of the files."""
        before = {path: path.read_bytes() for path in checkpoint.iterdir()}
        kind = self.random.choice((self.truncate, self.flip, self.flip, self.zero, self.extend, self.remove, self.exchange,
                                   self.replace))
        while True:
            # The checkpoints before and after may be damaged as well: the names are sorted, so that a seed says all.
            damaged = kind(self.random.choice(sorted(before)))
            if any(not path.exists() or path.read_bytes() != content for path, content in before.items()):
                return kind.__name__, damaged

    def test_every_damage_is_found_and_named(self):
        self.train("whole")
        self.train("parts", "--checkpoint-every", "1", "--keep-checkpoints", "3", "--carriers", "2", epochs=EPOCHS - 1)
        expected = running.results_of(self.folder / "whole")
        self.pristine = self.folder / "parts/checkpoints"
        complete, _ = running.checkpoints_in(self.folder / "parts")
        self.assertEqual(len(complete), 3)
        kinds, used = collections.Counter(), collections.Counter()
        for number in range(rounds.Rounds.count):
            out = self.folder / "out"
            shutil.copytree(self.folder / "parts", out)
            chosen = sorted(self.random.sample(complete, self.random.choice((1, 1, 2, 3))))
            damages = {name: self.damage(out / "checkpoints" / name) for name in chosen}
            kinds.update(kind for kind, _ in damages.values())
            good = max(set(complete) - set(chosen), default="")
            used[len(complete) - 1 - complete.index(good) if good else "none"] += 1
            with self.subTest(number=number, damages=damages):
                stderr = self.train("out", "--resume", "auto", "--engine", self.random.choice(("threads", "processes")))
                lines = stderr.splitlines()
                for name in sorted((name for name in chosen if name > good), reverse=True):
                    kind, paths = damages[name]
                    if kind == "remove" and paths[0].name == "manifest.json":
                        continue  # this is how one looks that was never finished
                    line = lines.pop(0)
                    self.assertTrue(any(f"out/checkpoints/{name}/{path.name}: expected " in line for path in paths), line)
                    self.assertTrue(line.endswith(" An older checkpoint is used."), line)
                self.assertEqual(lines, [] if good else [running.WITHOUT_CHECKPOINT])
                self.assertEqual(running.results_of(out), expected)
            shutil.rmtree(out)
        print(f"{rounds.Rounds.count} times damage to 1 to 3 of 3 checkpoints")
        print("".join(f"    {count:4} times {kind}\n" for kind, count in sorted(kinds.items())), end="")
        print("used: " + ", ".join(f"{'no checkpoint' if age == 'none' else ('the newest', 'the second', 'the third')[age]} "
                                   f"{count} times" for age, count in sorted(used.items(), key=lambda item: str(item[0]))),
              flush=True)


if __name__ == "__main__":
    rounds.main()
