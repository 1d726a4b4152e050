#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dga train --trace: trace.json against results.json."""

import json
import os
import unittest

from program import DIGITS, PROGRAM, ProgramTest, rows

MPIRUN = os.environ.get("DGA_MPIRUN", "").split()
PHASES = ("compute", "reduce", "wait", "data")


def nanoseconds(microseconds):
    return round(microseconds * 1000)


class TraceTest(ProgramTest):
    def read(self, name):
        return json.loads((self.folder / "out" / name).read_text(encoding="utf-8"))

    def spans_of_workers(self):
        """{worker: [its events]}, in the order of the file."""
        events = self.read("trace.json")["traceEvents"]
        self.assertEqual({event["ph"] for event in events}, {"M", "X"})
        self.assertEqual(len({event["pid"] for event in events}), 1)
        workers = {}
        for event in events:
            if event["name"] == "thread_name":
                self.assertEqual(event["args"]["name"], f"worker {event['tid']}")
                self.assertNotIn(event["tid"], workers)
                workers[event["tid"]] = []
            elif event["ph"] == "X":
                workers[event["tid"]].append(event)
        return workers

    def expect_trace(self, workers, clock_is_shared=True):
        results = self.read("results.json")
        traced = self.spans_of_workers()
        self.assertEqual(list(traced), list(range(workers)))
        self.assertEqual(results["workers"], workers)
        epochs = len(results["epochs"])
        steps = list(range(1, results["steps"] + 1))
        for worker, spans in traced.items():
            self.assertEqual(sorted({span["args"]["step"] for span in spans}), steps)
            end = 0
            step = 1
            sums = dict.fromkeys(PHASES, 0)
            for span in spans:
                self.assertGreaterEqual(nanoseconds(span["ts"]), end)
                self.assertGreaterEqual(span["dur"], 0)
                self.assertIn(span["args"]["step"], (step, step + 1))
                if span["args"]["step"] == step and span is not spans[0]:
                    self.assertEqual(nanoseconds(span["ts"]), end)  # no gap within a step
                step = span["args"]["step"]
                self.assertEqual(span["args"]["epoch"], (step - 1) * epochs // len(steps) + 1)
                end = nanoseconds(span["ts"]) + nanoseconds(span["dur"])
                sums[span["name"]] += nanoseconds(span["dur"])
            for phase in PHASES:
                # Steps are kept as f32 in results.json, and to the nanosecond here.
                seconds = results["time"][phase][worker]
                self.assertAlmostEqual(sums[phase] / 1e9, seconds, delta=1e-6 * seconds + 1e-9 * len(spans))
            # A run takes what it takes: the clocks have one beginning.
            self.assertLess(end / 1e9, results["wall_seconds"])
        if clock_is_shared:
            # In a step nobody is done reducing before everybody has stopped computing.
            for step in steps:
                first = {w: [s for s in spans if s["args"]["step"] == step] for w, spans in traced.items()}
                last_start = max(each[0]["ts"] for each in first.values())
                first_end = min(each[-1]["ts"] + each[-1]["dur"] for each in first.values())
                self.assertLessEqual(last_start, first_end)

    def test_the_main_job(self):
        done = self.dga("train", "--data", DIGITS, "--output", "out", "--workers", "30", "--carriers", "30", "--epochs",
                        "4", "--trace")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        self.expect_trace(30)

    def test_carriers_of_several_workers_have_a_row_each(self):
        done = self.dga("train", "--data", DIGITS, "--output", "out", "--workers", "30", "--carriers", "4", "--epochs", "2",
                        "--trace", "--tensorboard")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        events = self.read("trace.json")["traceEvents"]
        names = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
        self.assertEqual(names, {0: "carrier 0 (workers 0 to 7)", 1: "carrier 1 (workers 8 to 15)",
                                 2: "carrier 2 (workers 16 to 22)", 3: "carrier 3 (workers 23 to 29)"})
        results = self.read("results.json")
        for carrier, workers in enumerate((range(8), range(8, 16), range(16, 23), range(23, 30))):
            traced = sum(event["dur"] for event in events if event["ph"] == "X" and event["tid"] == carrier) / 1e6
            for worker in workers:  # all of the time of its carrier's steps
                self.assertAlmostEqual(results["time"]["values"][worker], traced, delta=1e-5 * traced + 1e-5)

    def test_clipping_and_micro_steps_and_processes(self):
        self.write("data/a.csv", rows(200))
        done = self.train("--trace", "--workers", "3", "--carriers", "3", "--engine", "processes",
                          "--clip-norm", "0.1", "--micro-steps", "2")
        self.assertEqual(done.returncode, 0, done)
        self.expect_trace(3)

    @unittest.skipIf(os.environ.get("DGA_MPI") != "ON", "built without MPI")
    def test_ranks_of_several_nodes(self):
        self.write("data/a.csv", rows(200))
        done = self.train("--trace", "--engine", "mpi", "--ranks-per-node", "2", command=(*MPIRUN, "-n", "4", PROGRAM))
        self.assertEqual(done.returncode, 0, done)
        self.expect_trace(4, clock_is_shared=False)

    def test_a_trace_changes_no_bits(self):
        self.write("data/a.csv", rows())
        sums = []
        for arguments in ((), ("--trace", "--tensorboard")):
            done = self.train("--workers", "2", *arguments)
            self.assertEqual(done.returncode, 0, done)
            sums.append(self.read("results.json")["weights_sha256"])
            self.assertEqual("trace.json" in os.listdir(self.folder / "out"), bool(arguments))
            (self.folder / "out").rename(self.folder / f"out{len(sums)}")
        self.assertEqual(sums[0], sums[1])


if __name__ == "__main__":
    unittest.main()
