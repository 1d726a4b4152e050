# SPDX-License-Identifier: Apache-2.0
"""The process around a run: its standard descriptors, its home folder, its memory, and signals other than Ctrl-C."""

import os
import signal
import subprocess
import sys
import time

import pytest

import distributed_gradient_accumulator as dga

PROGRAM = """
import sys
import numpy as np
import distributed_gradient_accumulator as dga
with dga.create_environment(engine=sys.argv[1]):
    data = dga.create_dataset(x=np.eye(40), y=[0, 1] * 20)
    problem = dga.create_factorization_problem(dataset=data, num_client_items=2, hidden=[4], epochs=int(sys.argv[2]),
                                               output="out")
    dga.DistributedGradientAccumulator.apply(problem)
"""


@pytest.mark.parametrize("closed", ["1", "0 2", "0 1 2"])
def test_closed_standard_descriptors_change_nothing(tmp_path, closed):
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    redirections = " ".join(f"{number}>&-" for number in closed.split())
    done = subprocess.run(["sh", "-c", f"exec {sys.executable} program.py processes 3 {redirections}"], cwd=tmp_path,
                          stdin=subprocess.DEVNULL, timeout=60, check=False)
    assert done.returncode == 0
    assert len(dga.load(tmp_path / "out").epochs) == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_other_signals_save_the_finished_epochs_and_then_mean_what_they_mean(tmp_path, number):
    with subprocess.Popen([sys.executable, "-c", PROGRAM, "threads", "1000000"], cwd=tmp_path) as process:
        metrics = tmp_path / "out" / "metrics.jsonl"
        while not (metrics.exists() and metrics.stat().st_size > 0) and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(number)
        assert process.wait(30) == -number
    assert dga.load(tmp_path / "out").to_dict()["stopped"]
    assert not [name for name in os.listdir(tmp_path / "out") if name.startswith(".")]


def test_the_home_folder_is_expanded(problem, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    results = dga.DistributedGradientAccumulator.apply(problem(output="~/out"))
    assert results.folder == str(tmp_path / "home" / "out")
    results.save("~/copy")
    assert dga.load("~/copy").weights_sha256 == dga.load("~/out").weights_sha256
    with pytest.raises(dga.DataNotFound, match=str(tmp_path / "home" / "none")):
        dga.create_dataset("~/none")


def test_a_model_that_is_too_large_is_one_short_line(problem):
    with pytest.raises(dga.Error, match=r"\[train\] memory: expected room for \d+\.\d TiB") as caught:
        dga.DistributedGradientAccumulator.apply(problem(hidden=[1_000_000, 1_000_000]))
    assert len(str(caught.value)) < 300


def test_a_seed_beyond_the_limit_is_refused(problem):
    problem(seed=2**53)
    for seed in (2**53 + 1, 2**63 - 1, -1):
        with pytest.raises(dga.InvalidArgument, match="seed"):
            problem(seed=seed)
