# SPDX-License-Identifier: Apache-2.0
"""The script that this library was asked for."""

import json
import os
import time

import pytest

import distributed_gradient_accumulator as dga
from conftest import DIGITS, MPIRUN, SOURCE, needs_mpi

# As it was written by those who asked; only the path is changed.
SCRIPT = """\
import distributed_gradient_accumulator as dga
dataset = dga.Create(data_dir='/path/to/data', num_client_items=30)
factorization_problem = dga.Create(data_dir='/path/to/data', num_client_items=30,
                                   data_size=100, num_factorization_levels=1)
results = dga.DistributedGradientAccumulator.apply(factorization_problem)
print(dga.time.mean(), dga.error.mean())
dga.Close()
""".replace("/path/to/data", str(DIGITS))


def numbers_of(done):
    assert (done.returncode, done.stderr) == (0, ""), done
    time, error = map(float, done.stdout.split())
    return time, error


def test_it_prints_two_numbers_and_ends_with_0(script):
    time, error = numbers_of(script(SCRIPT))
    assert 0 < time < 60
    assert error < 0.05


def test_it_ends_cleanly_when_it_never_calls_close(script):
    numbers_of(script(SCRIPT.replace("dga.Close()\n", "")))


def test_the_example_is_this_script():
    example = (SOURCE / "examples" / "quickstart.py").read_text(encoding="utf-8")
    assert SCRIPT.replace(str(DIGITS), "data/digits") in example


@needs_mpi
def test_under_mpirun_each_rank_joins_and_only_rank_0_prints(script, tmp_path):
    done = script(SCRIPT.replace("=30", "=3"), command=[*MPIRUN, "-n", "3"])
    numbers_of(done)
    (run,) = (tmp_path / "runs").iterdir()
    results = json.loads((run / "results.json").read_text(encoding="utf-8"))
    assert (results["engine"], results["workers"]) == ("mpi", 3)
    threads = dga.DistributedGradientAccumulator.apply(
        dga.create_factorization_problem(DIGITS, 3, 100, progress=False, output="threads"))
    assert results["weights_sha256"] == threads.weights_sha256


def test_it_works_where_the_terminal_is_gone(script):
    done = script("import os\nos.close(0)\nos.close(2)\n" + SCRIPT)
    assert done.returncode == 0, done
    assert len(done.stdout.split()) == 2
    assert os.listdir("runs")


@needs_mpi
def test_a_rank_that_ends_by_an_exception_ends_the_others(script):
    started = time.monotonic()
    done = script("""
import numpy as np
import distributed_gradient_accumulator as dga
problem = dga.create_factorization_problem(dataset=dga.create_dataset(x=np.eye(40), y=[0, 1] * 20), num_client_items=3,
                                           hidden=[4], epochs=3)
dga.DistributedGradientAccumulator.apply(problem)
if dga._core.launched_rank() == 2:
    raise LookupError("of rank 2")
dga.DistributedGradientAccumulator.apply(problem)
print("not to be reached")
""", command=[*MPIRUN, "-n", "3"])
    assert done.returncode == 1 and "not to be reached" not in done.stdout
    assert done.stderr.count("LookupError: of rank 2") == 1
    assert time.monotonic() - started < 30
