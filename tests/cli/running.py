# SPDX-License-Identifier: Apache-2.0
"""`dga train` while it is under way: what the tests and chaos.py that kill it need to know of it."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

from program import PROGRAM

#: What a run does that is killed again and again. Epochs are short, so that metrics.jsonl shows progress at once.
OPTIONS = ("--data", "data", "--hidden", "8", "--batch", "4", "--workers", "5", "--optimizer", "adamw", "--dropout", "0.2",
           "--quiet")
ENDLESS = ("--epochs", "1000000")
#: What --resume auto says of the run `out` when it has none.
WITHOUT_CHECKPOINT = "dga: warning: [train] resume: found no checkpoint in out. The run starts from the beginning."


#: Preloaded, it makes each write to a file of tensors of a checkpoint wait. Builds with sanitizers have none, because
#: their runtimes refuse a library that is loaded before them.
SLOW_DISK = Path(PROGRAM).parent / "slow_disk.so"


def slow_disk(milliseconds):
    """Variables of the environment with which a run writes checkpoints slowly."""
    return {"LD_PRELOAD": str(SLOW_DISK), "DGA_SLOW_WRITE_MS": str(milliseconds)}


def start(folder, *arguments, command=(PROGRAM, "train"), stderr=subprocess.PIPE, variables=None):
    """Starts a run in a session of its own, so that kill() ends all its processes at once."""
    return subprocess.Popen([*command, *map(str, arguments)], cwd=folder, env={**os.environ, **(variables or {})},
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr, text=True,
                            start_new_session=True)


def kill(process):
    """Kills the process and all that it has started, and returns its text on standard error."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # all have ended
    if process.stderr is None or process.stderr.closed:
        process.wait()
        return ""
    return process.communicate()[1]


def children(pid):
    """The carriers of a run on the engine processes, in their order."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]
    except FileNotFoundError:
        return []


def epochs_in(run):
    """How many epochs a run has finished."""
    try:
        return (run / "metrics.jsonl").read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0


def results_of(run):
    """The results of a run that must not depend on interruptions."""
    found = json.loads((run / "results.json").read_text(encoding="utf-8"))
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    for epoch in found["epochs"] + lines:
        del epoch["seconds"]
    if found["epochs"] != lines:
        raise AssertionError(f"{run}: metrics.jsonl has other epochs than results.json")
    return {key: found[key] for key in ("weights_sha256", "error", "epochs", "best_epoch", "steps", "workers")}


def checkpoints_in(run):
    """The names of its checkpoints, the oldest first: (those that are complete, those that have no manifest)."""
    complete, unfinished = [], []
    folder = Path(run) / "checkpoints"
    for name in sorted(os.listdir(folder)) if folder.is_dir() else []:
        (complete if (folder / name / "manifest.json").exists() else unfinished).append(name)
    return complete, unfinished


def wait_until(condition, process, seconds=60, pause=0.005):
    """Waits until `condition` holds; the process must be alive until then."""
    end = time.monotonic() + seconds
    while not condition():
        if process.poll() is not None:
            raise AssertionError(f"the run has ended with code {process.returncode}")
        if time.monotonic() > end:
            raise AssertionError(f"waited for {seconds} s")
        time.sleep(pause)
