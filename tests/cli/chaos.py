#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A run with a fault each minute, beside a run of the same command that is left alone.

    tests/cli/chaos.py [--minutes 30] [--every 60] [--seed 14] [--engine processes|mpi]    or: make chaos

Each run is pinned to a half of the cores, so that what else the machine does slows down both. At the end both are stopped
with SIGTERM, and both finish the same epoch. The exit code is 0 if then their weights are the same, bit for bit, and the
disturbed run had made at least --progress per cent of the other's steps. A line for each fault says after how many
seconds the run had finished a new epoch, which follows some steps after the first new step. With mpi a fault ends
mpirun, and the same command starts it again; with processes only a killed supervisor needs that.
"""

import argparse
import os
import random
import shlex
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

import running
from program import PROGRAM, rows

CARRIERS = 2
#: A worker that is stopped is noticed after this many seconds.
TIMEOUT = 2
KINDS = ("kill a carrier", "kill worker 0", "stop a carrier", "kill two carriers", "kill the supervisor")


def command_of(engine):
    """What starts a run on this engine, and starts it again after it was killed as a whole."""
    if engine == "mpi":
        return [*shlex.split(os.environ.get("DGA_MPIRUN", "mpirun --oversubscribe --bind-to none")), "-n", str(CARRIERS), PROGRAM, "train"]
    return [PROGRAM, "train", "--engine", engine, "--carriers", str(CARRIERS), "--max-restarts", "1000000"]


class Run:
    """One of the two runs. Its command is repeated whenever it ends."""

    def __init__(self, folder, name, options, cores):
        self.folder, self.name, self.options, self.cores = folder, name, options, cores
        self.arguments = (*running.OPTIONS, "--timeout", TIMEOUT, "--output", name, "--resume", "auto", "--checkpoint-every",
                          options.checkpoint)
        self.command = command_of(options.engine)
        self.said = open(folder / f"{name}.stderr", "w+", encoding="utf-8")
        self.starts, self.carriers, self.process = 0, [], None

    def start(self, *arguments):
        usual = os.sched_getaffinity(0)
        os.sched_setaffinity(0, self.cores)  # the run inherits it
        self.process = running.start(self.folder, *self.arguments, *arguments, command=self.command, stderr=self.said)
        os.sched_setaffinity(0, usual)
        self.starts += 1

    def look_after(self):
        """Starts the run again if it has ended, and notes its carriers."""
        if self.process.poll() is not None:
            self.kill()
            self.start(*running.ENDLESS)
        found = running.children(self.process.pid)
        if len(found) == CARRIERS:
            self.carriers = found

    def is_up(self):
        return self.process.poll() is None and running.children(self.process.pid) == self.carriers

    def kill(self):
        """Ends what is left of the run: ranks of MPI may outlive mpirun."""
        running.kill(self.process)
        for pid in self.carriers:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.carriers = []

    def stop(self):
        ranks = self.options.engine == "mpi"  # mpirun would kill them soon after
        for pid in running.children(self.process.pid) if ranks else [self.process.pid]:
            os.kill(pid, signal.SIGTERM)
        self.process.wait(60)

    def finish(self, epochs):
        """Trains to this epoch, and returns the results."""
        self.start("--epochs", epochs)
        if self.process.wait(600) != 0:
            raise AssertionError(f"{self.name} ended with code {self.process.returncode}: {self.text()[-2000:]}")
        return running.results_of(self.folder / self.name)

    def epochs(self):
        return running.epochs_in(self.folder / self.name)

    def steps(self):
        return int(running.checkpoints_in(self.folder / self.name)[0][-1][len("step-"):])

    def metrics_file(self):
        """Another one after each start."""
        path = self.folder / self.name / "metrics.jsonl"
        return path.stat().st_ino if path.exists() else None

    def text(self):
        self.said.seek(0)
        return self.said.read()


class Chaos:
    def __init__(self, options, folder):
        self.options = options
        self.random = random.Random(options.seed)
        cores = sorted(os.sched_getaffinity(0))
        half = len(cores) // 2
        self.disturbed = Run(folder, "disturbed", options, cores[:half] or cores)
        self.alone = Run(folder, "alone", options, cores[half:])
        self.kinds, self.recoveries = [], []

    def wait(self, condition, seconds):
        """Looks after the disturbed run until `condition` holds, or for so long. Returns whether it holds."""
        end = time.monotonic() + seconds
        while not condition():
            self.disturbed.look_after()
            if self.alone.process.poll() is not None:
                raise AssertionError(f"the run that was left alone has ended: {self.alone.text()[-2000:]}")
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def disturb(self, kind):
        run = self.disturbed
        if kind == "kill the supervisor":
            os.kill(run.process.pid, signal.SIGKILL)
            return
        chosen = {"kill a carrier": [self.random.choice(run.carriers)], "kill worker 0": run.carriers[:1],
                  "stop a carrier": [self.random.choice(run.carriers)], "kill two carriers": run.carriers[:2]}[kind]
        for pid in chosen:
            os.kill(pid, signal.SIGSTOP if kind == "stop a carrier" else signal.SIGKILL)

    def next_kind(self):
        """Each kind comes once in five faults, in an order of its own each time."""
        if not self.kinds:
            self.kinds = self.random.sample(KINDS, len(KINDS))
        return self.kinds.pop()

    def fault(self, begin):
        """Disturbs the run, and waits until it has finished a new epoch."""
        run, kind = self.disturbed, self.next_kind()
        if not self.wait(run.is_up, 60):
            raise AssertionError(f"the carriers are not all there: {run.text()[-2000:]}")
        file, epochs = run.metrics_file(), run.epochs()
        self.disturb(kind)
        at = time.monotonic()
        if not (self.wait(lambda: run.metrics_file() != file, 60) and
                self.wait(lambda number=run.epochs(): run.epochs() > number, 60)):
            raise AssertionError(f"no progress a minute after '{kind}': {run.text()[-2000:]}")
        self.recoveries.append((kind, time.monotonic() - at))
        print(f"{at - begin:7.1f} s  after epoch {epochs:6}  {kind:19}  {self.recoveries[-1][1]:5.1f} s", flush=True)

    def run(self):
        """Returns what is wrong, a line each."""
        for run in (self.disturbed, self.alone):
            run.start(*running.ENDLESS)
        if not self.wait(lambda: self.disturbed.epochs() > 0 and self.alone.epochs() > 0, 60):
            raise AssertionError(f"the runs do not begin: {self.disturbed.text()} {self.alone.text()}")
        # What both have done before the first step is not measured.
        before = {run: running.checkpoints_in(run.folder / run.name)[0] for run in (self.disturbed, self.alone)}
        first = {run: int(names[-1][len("step-"):]) if names else 0 for run, names in before.items()}
        begin = time.monotonic()
        next_fault = begin
        while True:
            next_fault += self.options.every
            if next_fault > begin + self.options.minutes * 60:
                break
            self.wait(lambda: False, next_fault - time.monotonic() + self.random.uniform(0, 0.1) * self.options.every)
            self.fault(begin)
        self.wait(lambda: False, begin + self.options.minutes * 60 - time.monotonic())
        self.wait(self.disturbed.is_up, 60)
        for run in (self.disturbed, self.alone):
            run.stop()
        seconds = time.monotonic() - begin
        return self.judge(seconds, {run: run.steps() - first[run] for run in first})

    def judge(self, seconds, steps):
        progress = 100 * steps[self.disturbed] / steps[self.alone]
        restarts, starts = self.disturbed.text().count("The workers are started again"), self.disturbed.starts
        epochs = max(self.disturbed.epochs(), self.alone.epochs()) + 1
        ours, others = self.disturbed.finish(epochs), self.alone.finish(epochs)
        times = [time for _, time in self.recoveries]
        print(f"{len(times)} faults in {seconds:.0f} s: a new epoch after {statistics.median(times):.1f} s (median), "
              f"{max(times):.1f} s (longest); {restarts} restarts by the supervisor, {starts} starts of the command")
        print(f"steps per second: {steps[self.disturbed] / seconds:.0f} disturbed, {steps[self.alone] / seconds:.0f} alone: "
              f"{progress:.1f} %")
        print(f"weights after {ours['steps']} steps: {ours['weights_sha256'][:16]} disturbed, "
              f"{others['weights_sha256'][:16]} alone", flush=True)
        wrong = []
        if ours != others:
            wrong.append("the results differ")
        if progress < self.options.progress:
            wrong.append(f"expected {self.options.progress} % of the steps of the run that was left alone")
        if restarts + starts - 1 < len(times):
            wrong.append("some faults have hit nothing")
        if "damaged" in self.disturbed.text() or "An older checkpoint is used" in self.disturbed.text():
            wrong.append("a checkpoint was damaged")
        return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--every", type=float, default=60, help="seconds from one fault to the next")
    parser.add_argument("--seed", type=int, default=14)
    parser.add_argument("--engine", choices=("processes", "mpi"), default="processes")
    parser.add_argument("--checkpoint", default="2s", help="--checkpoint-every of both runs")
    parser.add_argument("--progress", type=float, default=90, help="per cent")
    options = parser.parse_args()
    print(f"{time.strftime('%Y-%m-%d %H:%M')}, {options}, {len(os.sched_getaffinity(0))} cores", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").mkdir()
        (folder / "data/a.csv").write_text("\n".join(rows(8000)) + "\n", encoding="utf-8")
        chaos = Chaos(options, folder)
        try:
            wrong = chaos.run()
        finally:
            for run in (chaos.disturbed, chaos.alone):
                if run.process is not None:
                    run.kill()
                run.said.close()
    for line in wrong:
        print(f"FAILED: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
