#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dga train --stream: the weights of a run in memory, in little memory."""

import json
import math
import os
import random
import re
import struct
import subprocess
import unittest
from pathlib import Path

from program import DIGITS, PROGRAM, SOURCE, ProgramTest

PYTHON = SOURCE / ".deps" / "tests" / "bin" / "python"
MPIRUN = os.environ.get("DGA_MPIRUN", "").split()
MEMORY = Path("/sys/fs/cgroup/memory")  # version 1; version 2 has its files in /sys/fs/cgroup itself


class Limited:
    """A cgroup with a limit on memory, which counts the page cache too."""

    def __init__(self, test):
        if MEMORY.is_dir():
            own = next(line.split(":")[2] for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
                       if ":memory:" in line)
            parents = [MEMORY / own.lstrip("/"), MEMORY]
            self.names = ("memory.limit_in_bytes", "memory.max_usage_in_bytes")
        else:
            parents = [Path("/sys/fs/cgroup")]
            self.names = ("memory.max", "memory.peak")
        for parent in parents:
            self.folder = parent / f"dga-test-{os.getpid()}"
            try:
                self.folder.mkdir()
            except OSError:
                continue
            if (self.folder / self.names[0]).exists():
                test.addCleanup(self.folder.rmdir)
                return
            self.folder.rmdir()
        test.skipTest("limiting memory needs the right to make a cgroup")

    def limit(self, size):
        (self.folder / self.names[0]).write_text(str(size), encoding="utf-8")

    def reset_peak(self):
        (self.folder / self.names[1]).write_text("0", encoding="utf-8")

    def peak(self):
        return int((self.folder / self.names[1]).read_text(encoding="utf-8"))

    def join(self):
        """For preexec_fn: the process and its children count here."""
        (self.folder / "cgroup.procs").write_text(str(os.getpid()), encoding="utf-8")


class StreamingTest(ProgramTest):
    def run_to(self, output, *options, notices=""):
        done = self.dga("train", "--output", output, "--shard", "contiguous", "--epochs", "2", *options)
        self.assertEqual(done.returncode, 0, done)
        self.assertRegex(done.stderr, f"^{notices}$")
        return json.loads((self.folder / output / "results.json").read_text(encoding="utf-8"))

    def test_a_stream_gives_the_weights_of_the_same_order_in_memory(self):
        self.assertEqual(self.dga("data", "convert", DIGITS, "digits").returncode, 0)
        hidden = ("--hidden", "12", "--workers", "3", "--shuffle-window", "100")
        memory = self.run_to("memory", "--data", "digits", *hidden)
        runs = {"threads": (), "processes": ("--engine", "processes")}
        for engine, options in runs.items():
            stream = self.run_to(engine, "--data", "digits", "--stream", *hidden, *options)
            self.assertEqual(stream["weights_sha256"], memory["weights_sha256"], engine)
            self.assertEqual(stream["error"], memory["error"])
            self.assertEqual(stream["order"], {"shard": "contiguous", "window": 100})
        if MPIRUN:
            done = self.dga("train", "--data", "digits", "--output", "mpi", "--shard", "contiguous", "--epochs", "2",
                            "--stream", "--hidden", "12", "--shuffle-window", "100",
                            command=(*MPIRUN, "-n", "3", os.environ["DGA_PROGRAM"]))
            self.assertEqual(done.returncode, 0, done)
            stream = json.loads((self.folder / "mpi" / "results.json").read_text(encoding="utf-8"))
            self.assertEqual(stream["weights_sha256"], memory["weights_sha256"])
        # Without a window of its own, the results name the difference.
        stream = self.run_to("auto", "--data", "digits", "--stream", "--hidden", "12", "--workers", "3")
        self.assertEqual(stream["order"], {"shard": "contiguous", "window": 8192})
        self.assertEqual(self.run_to("whole", "--data", "digits", "--hidden", "12")["order"],
                         {"shard": "contiguous", "window": None})

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "the thread that reads ahead needs a core of its own")
    def test_small_batches_are_read_ahead_too(self):
        self.assertEqual(self.dga("data", "convert", DIGITS, "digits").returncode, 0)
        self.run_to("out", "--data", "digits", "--stream", "--workers", "1", "--batch", "4", "--trace")
        events = json.loads((self.folder / "out" / "trace.json").read_text(encoding="utf-8"))["traceEvents"]
        steps = [event for event in events if event["ph"] == "X"]
        waited = {event["args"]["step"] for event in steps if event["name"] == "data"}
        self.assertLess(len(waited), len({event["args"]["step"] for event in steps}))

    def test_a_dataset_larger_than_the_memory_trains(self):
        make = ("import numpy as np, sys\ndraw = np.random.default_rng(1)\nfor name, rows in (('small', 640), ('large', 163840)):\n"
                "    import os\n    os.mkdir(name)\n"
                "    x = np.lib.format.open_memmap(name + '/x.npy', 'w+', 'f4', (rows, 800))\n"
                "    for i in range(0, rows, 640):\n        x[i:i + 640] = draw.random((640, 800), 'f4')\n"
                "    np.save(name + '/y.npy', (x[:, 0] > 0.5).astype('u1'))\n")
        subprocess.run([PYTHON, "-c", make], cwd=self.folder, check=True, timeout=120)
        self.expect_little_memory(163840, error=0.2)

    def test_a_csv_file_larger_than_the_memory_trains(self):
        draw = random.Random(1)
        lines = []
        for _ in range(640):
            values = [draw.random() for _ in range(800)]
            lines.append(",".join(f"{value:.6f}" for value in values) + f",{values[0] > 0.5:d}\n")
        for name, rows in (("small", 640), ("large", 16640)):
            (self.folder / name).mkdir()
            with (self.folder / name / "a.csv").open("w", encoding="utf-8") as file:
                for _ in range(rows // 640):
                    file.writelines(draw.sample(lines, 640))
        self.expect_little_memory(16640, error=0.3)

    def expect_little_memory(self, rows, error):
        options = ("--stream", "--shard", "contiguous", "--workers", "2", "--hidden", "8", "--epochs", "1", "--batch", "256")
        group = Limited(self)
        runs = {}
        for name in ("small", "large"):
            done = self.dga("train", "--data", name, "--output", f"run_{name}", *options, preexec_fn=group.join, timeout=250)
            self.assertEqual(done.returncode, 0, done)
            runs[name] = group.peak()
            if name == "small":
                # In proportion to 500 MB for 8 GB. The page cache counts, so a run that kept the file there would end.
                group.limit(runs["small"] + (32 << 20))
                group.reset_peak()
        results = json.loads((self.folder / "run_large" / "results.json").read_text(encoding="utf-8"))
        self.assertEqual(sum(results["samples"].values()), rows)
        self.assertLess(results["error"]["mean"], error)
        self.assertLessEqual(runs["large"], runs["small"] + (33 << 20))

    def test_streams_of_text_give_the_weights_of_a_run_in_memory(self):
        draw = random.Random(5)
        rows = [[draw.choice(("ash", "\"oak, red\"")), 1_700_000_000 + draw.randrange(9999), draw.choice(("", draw.random())),
                 draw.gauss(0, 1), draw.choice("ab")] for _ in range(900)]
        for name, part in (("a.csv", rows[:400]), ("b.csv", rows[400:800]), ("test.csv", rows[800:])):
            self.write(f"table/{name}", ["tree,time,height,width,label", *(",".join(map(str, row)) for row in part)])
        self.write("sparse/a.libsvm", [f"{row[4] == 'a':d} 1:{row[1]}" + f" 3:{row[3]}" * (row[3] > -1) for row in rows])
        self.write("targets/a.csv", [f"{row[1]};{row[3]};{row[1] / 7}" for row in rows])
        data = {"table": ("--one-hot", "tree", "--missing", "mean"), "sparse": (), "targets": ("--task", "regression")}
        for name, options in data.items():
            run = ("--data", name, "--workers", "3", "--hidden", "6", "--shuffle-window", "100", *options)
            notices = r"[^\n]*samples have missing values[^\n]*\n[^\n]*missing values[^\n]*\n" if name == "table" else ""
            memory = self.run_to(f"{name}_memory", *run, notices=notices)
            for engine in ("threads", "processes"):
                stream = self.run_to(f"{name}_{engine}", *run, "--stream", "--engine", engine, notices=notices)
                self.assertEqual(stream["weights_sha256"], memory["weights_sha256"], (name, engine))
                self.assertEqual(stream["error"], memory["error"])

    def write_array(self, name, type_of, shape, values):
        header = f"{{'descr': '{type_of}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
        form = {"<f4": "f", "<f8": "d", "|u1": "B"}[type_of]
        self.write(name, b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header +
                   struct.pack(f"<{len(values)}{form}", *values))

    def test_streams_of_arrays_give_the_weights_of_a_run_in_memory(self):
        draw = random.Random(6)
        labels = [draw.randrange(3) for _ in range(900)]
        values = [draw.gauss(label, 1) if draw.random() > 0.02 else math.nan for label in labels for _ in range(5)]
        times = [value + 1_700_000_000 if i % 5 == 2 else value for i, value in enumerate(values)]
        self.write_array("gaps/x.npy", "<f4", (900, 5), values)
        self.write_array("gaps/y.npy", "|u1", (900,), labels)
        self.write_array("times/x.npy", "<f8", (900, 5), times)
        self.write_array("times/y.npy", "|u1", (900,), labels)
        for name, missing in (("gaps", "mean"), ("gaps", "drop"), ("times", "mean"), ("times", "drop")):
            run = ("--data", name, "--missing", missing, "--workers", "3", "--hidden", "6", "--shuffle-window", "100")
            notices = r"[^\n]*\d+ of 900 samples have missing values[^\n]*\n"
            memory = self.run_to(f"{name}/{missing}_memory", *run, notices=notices)
            for again in ("first", "second"):  # which finds what the first has kept
                stream = self.run_to(f"{name}/{missing}_{again}", *run, "--stream", notices=notices)
                self.assertEqual(stream["weights_sha256"], memory["weights_sha256"], (name, missing))
                self.assertEqual(stream["error"], memory["error"])
            # The model knows what NaN means.
            done = self.dga("predict", "--model", f"{name}/{missing}_first", "--data", name, "--output", "predicted.csv")
            self.assertEqual(done.returncode, 0, done)
            predicted = (self.folder / "predicted.csv").read_text(encoding="utf-8").splitlines()
            self.assertEqual(len(predicted) - 1, 900 if missing == "mean" else sum(memory["samples"].values()))
            (self.folder / "predicted.csv").unlink()
        done = self.dga("train", "--data", "gaps", "--stream", "--shard", "contiguous", "--output", "refused")
        self.expect_error(done, 1, "expected a finite number of at most 3.4e38 in size, found nan. Correct the file, or set "
                                   "--missing to mean or drop.")

    def test_what_a_run_finds_in_the_files_is_kept_for_the_next(self):
        self.write("data/a.csv", [f"{i % 7},{i % 3},{'ab'[i % 2]}" for i in range(900)])
        run = ("--data", "data", "--stream", "--workers", "2", "--hidden", "4")
        first = self.run_to("runs/first", *run)
        files = sorted((self.folder / "runs" / "stream-index").iterdir())
        times = [file.stat().st_mtime_ns for file in files]
        self.assertEqual(len(files), 2)
        second = self.run_to("runs/second", *run)
        self.assertEqual(second["weights_sha256"], first["weights_sha256"])
        if MPIRUN:
            done = self.dga("train", "--output", "runs/mpi", "--shard", "contiguous", "--epochs", "2", *run[:3], *run[5:],
                            command=(*MPIRUN, "-n", "2", os.environ["DGA_PROGRAM"]))
            self.assertEqual(done.returncode, 0, done)
            third = json.loads((self.folder / "runs/mpi/results.json").read_text(encoding="utf-8"))
            self.assertEqual(third["weights_sha256"], first["weights_sha256"])
        self.assertEqual([file.stat().st_mtime_ns for file in files], times)
        other = self.run_to("runs/third", *run, "--stream-index", "elsewhere/kept")
        self.assertEqual(other["weights_sha256"], first["weights_sha256"])
        self.assertEqual(len(list((self.folder / "elsewhere/kept").iterdir())), 2)

    @unittest.skipUnless(MPIRUN, "dga was built without MPI")
    def test_an_error_in_streamed_data_is_one_line_of_all_ranks(self):
        self.write("data/a.csv", ["1,0", "2,1"] * 20 + ["3"])
        done = self.dga("train", "--data", "data", "--output", "runs/mpi", "--shard", "contiguous", "--stream",
                        command=(*MPIRUN, "-n", "3", os.environ["DGA_PROGRAM"]))
        self.assertNotEqual(done.returncode, 0)
        lines = [line for line in done.stderr.splitlines() if line.startswith("dga: ")]
        self.assertEqual(len(lines), 1, done)
        self.assertIn("a.csv:41: expected 2 fields, found 1", lines[0])
        self.assertFalse((self.folder / "runs").exists())

    def ranks_of_problem(self, *arguments):
        """The streamed data of a problem on three ranks: what each rank read before it trained, and the weights of all."""
        program = Path(os.environ.get("DGA_BIN", Path(PROGRAM).parent)) / "streamed_problem"
        done = self.dga(*arguments, command=(*MPIRUN, "-n", "3", program))
        lines = re.findall(r"rank (\d) read (\d+) bytes, weights (\w+)", done.stdout)
        return done, {int(rank): int(size) for rank, size, _ in lines}, {weights for _, _, weights in lines}

    @unittest.skipUnless(MPIRUN, "dga was built without MPI")
    def test_one_rank_reads_all_files_for_a_problem(self):
        draw = random.Random(3)
        self.write("table/a.csv", [",".join(f"{draw.random():.6f}" for _ in range(20)) + f",{i % 2}" for i in range(9000)])
        self.write_array("arrays/x.npy", "<f8", (9000, 20), [draw.random() for _ in range(180_000)])
        self.write_array("arrays/y.npy", "|u1", (9000,), [i % 2 for i in range(9000)])
        for data, size in (("table/a.csv", 1_600_000), ("arrays", 1_440_000)):
            # By the folder of the results, and by create_dataset with a folder of its own.
            for index, options in enumerate(((), (f"kept_{data[:5]}",))):
                done, read, weights = self.ranks_of_problem(data, f"runs_{data[:5]}_{index}/first", *options)
                self.assertEqual((done.returncode, len(weights)), (0, 1), done)
                self.assertGreater(read[0], 2 * size)
                self.assertLess(max(read[1], read[2]), size // 2, read)
                done, read, again = self.ranks_of_problem(data, f"runs_{data[:5]}_{index}/second", *options)
                self.assertEqual((done.returncode, again), (0, weights), done)
                self.assertLess(max(read.values()), size // 2, read)

    @unittest.skipUnless(MPIRUN, "dga was built without MPI")
    def test_an_error_in_the_streamed_data_of_a_problem_is_that_of_all_ranks(self):
        self.write("bad/a.csv", ["1,0", "2,1"] * 20 + ["3"])
        for options in ((), ("kept",)):
            done, read, _ = self.ranks_of_problem("bad/a.csv", "runs/bad", *options)
            self.assertNotEqual(done.returncode, 0)
            self.assertEqual(read, {})
            lines = [line for line in done.stderr.splitlines() if line.startswith("dga: ")]
            self.assertEqual(len(lines), 3, done)
            for line in lines:
                self.assertIn("bad/a.csv:41: expected 2 fields, found 1", line)

    def test_what_contradicts_a_stream_is_refused(self):
        self.write("data/a.csv", ["1,0", "2,1"] * 20)
        self.expect_error(self.dga("train", "--data", "data", "--stream"), 2,
                          "[options] shard: expected contiguous with --stream, so that each worker reads its own part of "
                          "the files, found iid. Add --shard contiguous.")
        done = self.dga("train", "--data", "data", "--stream", "--shard", "contiguous")
        self.assertEqual(done.returncode, 0, done)
        (self.folder / "data" / "a.csv").write_bytes(b"1,0\r2,1\r" * 20)
        done = self.dga("train", "--data", "data", "--stream", "--shard", "contiguous", "--output", "refused")
        self.expect_error(done, 1, "a.csv: expected lines that end in LF or CRLF to stream the file, found CR alone. Save it so, or "
                                   "leave --stream out.")
        self.assertNotIn("refused", self.contents())

    def test_an_index_among_the_data_is_refused(self):
        self.write("data/a.csv", ["1,0", "2,1"] * 20)
        run = ("train", "--stream", "--shard", "contiguous", "--output", "out", "--data")
        error = (": expected a folder apart from the data, found {}, which has a.csv. Give another folder with "
                 "--stream-index.")
        self.expect_error(self.dga(*run, "data", "--stream-index", "data"), 2, error.format("data"))
        os.symlink("data", self.folder / "link")
        self.expect_error(self.dga(*run, "data/a.csv", "--stream-index", "link"), 2, error.format("link"))
        done = subprocess.run([PROGRAM, *run, "a.csv", "--stream-index", "."], cwd=self.folder / "data", capture_output=True,
                              text=True, timeout=60, check=False)
        self.expect_error(done, 2, error.format("."))
        self.assertEqual(self.contents(), ["data", "data/a.csv", "link"])
        done = self.dga(*run, "data", "--stream-index", "data/kept", "--quiet")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_runs_at_the_same_time_share_an_index(self):
        self.write("data/a.csv", [f"{i % 7},{i % 3},{i % 2}" for i in range(3000)])
        run = ("train", "--data", "data", "--stream", "--shard", "contiguous", "--hidden", "4", "--epochs", "1", "--workers", "2",
               "--quiet", "--stream-index", "kept", "--output")
        runs = [subprocess.Popen([PROGRAM, *run, f"run{i}"], cwd=self.folder, stderr=subprocess.PIPE, text=True)
                for i in range(4)]
        for each in runs:
            _, errors = each.communicate(timeout=120)
            self.assertEqual((each.returncode, errors), (0, ""))
        self.assertEqual(len({json.loads((self.folder / f"run{i}" / "results.json").read_text(encoding="utf-8"))["weights_sha256"]
                              for i in range(4)}), 1)
        self.assertEqual(len(list((self.folder / "kept").iterdir())), 2)

    def test_more_workers_and_larger_batches_and_windows_than_samples(self):
        self.write("data/a.csv", [f"{i},{i % 2}" for i in range(8)])
        options = ("--data", "data", "--test-fraction", "0", "--hidden", "4", "--batch", "1000", "--shuffle-window", "100000")
        memory = self.run_to("memory", *options, "--workers", "7")
        for engine in ("threads", "processes"):
            stream = self.run_to(engine, *options, "--workers", "7", "--stream", "--engine", engine)
            self.assertEqual(stream["weights_sha256"], memory["weights_sha256"])
        done = self.dga("train", "--stream", "--shard", "contiguous", "--output", "out", *options, "--workers", "9")
        self.expect_error(done, 2, "[data] shards: expected at least one training sample per worker, found 8 training samples for "
                                   "9 workers. Use fewer workers or more data.")
        self.assertNotIn("out", self.contents())


if __name__ == "__main__":
    unittest.main()
