#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""manifest.json: what a run has written is what its readers get, or they refuse it with one line."""

import json
import os
import signal
import subprocess
import time
import unittest

from program import DIGITS, PROGRAM, ProgramTest, rows

LISTED = ["config.json", "metrics.jsonl", "model.json", "model.safetensors", "results.json"]


class ManifestTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("data/a.csv", rows())

    def learn(self, *arguments):
        done = self.train(*arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)

    def manifest(self):
        return json.loads((self.folder / "out/manifest.json").read_text(encoding="utf-8"))

    def flip(self, name, at=-1):
        """Changes one bit of a file of the run. Returns what was there."""
        path = self.folder / "out" / name
        whole = path.read_bytes()
        changed = bytearray(whole)
        changed[at] ^= 1
        path.write_bytes(changed)
        return whole

    def readers(self):
        """Commands that read a run, and the files that each needs."""
        return [(("predict", "--model", "out", "--data", "data", "--output", "p.csv"), ["model.json", "model.safetensors"]),
                (("report", "out"), ["config.json", "metrics.jsonl", "results.json"])]

    def test_the_files_of_a_run_are_listed_with_their_sizes(self):
        self.learn("--trace", "--tensorboard")
        manifest = self.manifest()
        self.assertEqual((manifest["schema"], manifest["algorithm"]), (1, "xxh3-128"))
        names = [entry["name"] for entry in manifest["files"]]
        self.assertEqual([name for name in names if not name.startswith("events.")], [*LISTED, "trace.json"])
        self.assertEqual(sorted([*names, "manifest.json", "report.html"]), sorted(os.listdir(self.folder / "out")))
        for entry in manifest["files"]:
            self.assertEqual(entry["bytes"], (self.folder / "out" / entry["name"]).stat().st_size)
        self.assertEqual(self.dga("fs", "verify", "out").stdout,
                         f"OK {len(names)} files, {sum(entry['bytes'] for entry in manifest['files'])} bytes\n")

    def test_every_engine_writes_one(self):
        for engine in ("threads", "processes"):
            with self.subTest(engine):
                done = self.dga("train", "--data", "data", "--output", engine, "--epochs", "1", "--hidden", "4", "--engine", engine,
                                "--workers", "2", "--quiet")
                self.assertEqual(done.returncode, 0, done)
                self.assertRegex(self.dga("fs", "verify", engine).stdout, r"^OK 5 files, \d+ bytes\n$")

    def test_readers_refuse_each_file_that_has_changed(self):
        self.learn()
        (self.folder / "out/report.html").unlink()
        for arguments, names in self.readers():
            for name in names:
                with self.subTest(name):
                    whole = self.flip(name)
                    done = self.dga(*arguments)
                    self.expect_error(done, 1, f"[storage] out/{name}: expected bytes with the checksum ")
                    self.assertIn(", as manifest.json says, found ", done.stderr)
                    self.assertIn(". Copy the file again, or, if it was changed on purpose, remove manifest.json.\n",
                                  done.stderr)
                    self.write(f"out/{name}", whole)
        self.flip("model.safetensors", 20)  # in the header, before any tensor is found
        self.expect_error(self.dga(*self.readers()[0][0]), 1, "out/model.safetensors: expected bytes with the checksum ")
        self.assertEqual([name for name in self.contents() if name.endswith((".html", "p.csv"))], [])

    def test_readers_refuse_files_that_were_cut_or_removed(self):
        self.learn()
        for arguments, names in self.readers():
            for name in names[-1:]:
                with self.subTest(name):
                    path = self.folder / "out" / name
                    whole = path.read_bytes()
                    path.write_bytes(whole[:-1])
                    self.expect_error(self.dga(*arguments), 1, f"[storage] out/{name}: expected {len(whole)} bytes, as "
                                      f"manifest.json says, found {len(whole) - 1}. ")
                    path.unlink()
                    self.expect_error(self.dga(*arguments), 1, f"[storage] out/{name}: expected the file that manifest.json "
                                      "lists, found nothing there. ")
                    path.write_bytes(whole)

    def test_files_that_are_not_listed_may_change(self):
        self.learn()
        self.write("out/notes.txt", "mine\n")
        self.write("out/report.html", "mine too\n")
        for arguments, _ in self.readers():
            self.assertEqual(self.dga(*arguments).returncode, 0)
        self.assertEqual(self.dga("fs", "verify", "out").returncode, 0)

    def test_without_its_manifest_a_run_is_read_unchecked(self):
        self.learn()
        config = json.loads((self.folder / "out/config.json").read_text(encoding="utf-8"))
        self.edit("out/config.json", json.dumps(config))
        for arguments, _ in self.readers():
            self.assertEqual(self.dga(*arguments).returncode, 0)
        self.expect_error(self.dga("fs", "verify", "out"), 1,
                          "[storage] out: expected a folder with a manifest.json, found none. Name the folder of a run that "
                          "has ended, or one that dga data wrote; those of older versions have no manifest.")

    def test_a_damaged_manifest_is_refused(self):
        self.learn()
        self.flip("manifest.json", (self.folder / "out/manifest.json").read_bytes().index(b"checksum\": \"") + 20)
        for arguments in (*(arguments for arguments, _ in self.readers()), ("fs", "verify", "out")):
            self.expect_error(self.dga(*arguments), 1, "[storage] out/manifest.json: expected the manifest of a run or dataset, found JSON "
                              "that is damaged or has other contents. Copy it again, or remove it to read the other files "
                              "unchecked.")

    def test_a_newer_manifest_is_refused(self):
        self.learn()
        self.write("out/manifest.json", json.dumps({**self.manifest(), "schema": 2}))
        for arguments in (*(arguments for arguments, _ in self.readers()), ("fs", "verify", "out")):
            self.expect_error(self.dga(*arguments), 1, "[storage] out/manifest.json: expected schema 1 with xxh3-128, found 2 "
                              "with \"xxh3-128\". Use the dga that wrote it.")

    def test_verify_names_every_file_that_is_not_as_it_was_written(self):
        self.learn()
        self.flip("model.safetensors")
        (self.folder / "out/model.json").unlink()
        self.flip("results.json")
        done = self.dga("fs", "verify", "out")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual([line.split(":")[1] for line in done.stderr.splitlines()],
                         [f" [storage] out/{name}" for name in ("model.json", "model.safetensors", "results.json")])
        self.expect_error(self.dga("fs", "verify", "none"), 1, "none: expected a file or a folder, found nothing there.")
        self.expect_error(self.dga("fs", "verify", "data/a.csv"), 1,
                          "data/a.csv: expected the folder of a run or dataset, found a file. Name the folder that it is in.")
        self.expect_error(self.dga("fs", "verify"), 2, "FOLDER")

    def test_datasets_that_were_written_to_a_folder_have_one(self):
        split = self.dga("data", "split", "data/a.csv", "parts", "--test-fraction", "0.25", "--to", "csv")
        self.assertEqual((split.returncode, split.stderr), (0, ""), split)
        self.assertEqual(sorted(os.listdir(self.folder / "parts")), ["manifest.json", "test.csv", "train.csv"])
        self.assertRegex(self.dga("fs", "verify", "parts").stdout, r"^OK 2 files, \d+ bytes\n$")
        arguments = ("train", "--data", "parts", "--epochs", "1", "--hidden", "4", "--quiet", "--output")
        done = self.dga(*arguments, "good")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        files = json.loads((self.folder / "good/config.json").read_text(encoding="utf-8"))["dataset"]["files"]
        self.assertIn({"path": "parts/manifest.json", "use": "ignored", "reason": "the manifest of the folder"}, files)
        text = (self.folder / "parts/train.csv").read_text(encoding="utf-8")
        self.write("parts/train.csv", text.replace("\n3,", "\n2,", 1))
        bad = self.dga(*arguments, "bad")
        self.expect_error(bad, 1, "parts/train.csv: expected bytes with the checksum ")
        self.assertIn(". Copy the file again, or, if it was changed on purpose, remove manifest.json.\n", bad.stderr)
        self.expect_error(self.dga("fs", "verify", "parts"), 1, "parts/train.csv: expected bytes with the checksum ")
        (self.folder / "parts/manifest.json").unlink()
        done = self.dga(*arguments, "mine")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)

    def test_a_file_that_a_user_adds_to_a_dataset_is_named(self):
        self.assertEqual(self.dga("data", "convert", "data/a.csv", "parts", "--to", "npy").returncode, 0)
        self.write("parts/README.md", "mine\n")
        arguments = ("train", "--data", "parts", "--epochs", "1", "--hidden", "4", "--quiet", "--output")
        self.assertEqual(self.dga(*arguments, "one").stderr, "")
        for name in ("x", "y"):
            (self.folder / f"parts/{name}_test.npy").write_bytes((self.folder / f"parts/{name}_train.npy").read_bytes())
        done = self.dga(*arguments, "two")
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("parts/x_test.npy and 1 more: not in the manifest.json of the folder, so read unchecked. Remove "
                      "manifest.json if the folder is meant to hold other files than dga data wrote.\n", done.stderr)

    def test_a_copy_has_the_manifest_too(self):
        self.learn()
        self.assertEqual(self.dga("fs", "cp", "-r", "out", "copy").returncode, 0)
        self.assertEqual(self.dga("fs", "verify", "copy").stdout, self.dga("fs", "verify", "out").stdout)

    def test_a_run_that_is_killed_leaves_no_manifest_or_a_right_one(self):
        seen = set()
        for number in range(6):
            out = f"out{number}"
            process = subprocess.Popen([PROGRAM, "train", "--data", DIGITS, "--output", out, "--epochs", "1", "--hidden", "8",
                                        "--workers", "2", "--quiet"], cwd=self.folder)
            self.addCleanup(process.kill)
            wanted = self.folder / out / ("model.json", "results.json", "manifest.json")[number % 3]
            while not wanted.exists() and process.poll() is None:
                time.sleep(0.0005)
            process.send_signal(signal.SIGKILL)
            process.wait()
            there = (self.folder / out / "manifest.json").exists()
            seen.add(there)
            if there:
                self.assertRegex(self.dga("fs", "verify", out).stdout, r"^OK 5 files, \d+ bytes\n$")
        self.assertIn(True, seen)


if __name__ == "__main__":
    unittest.main()
