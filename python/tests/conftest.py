# SPDX-License-Identifier: Apache-2.0
"""What the tests share: a closed environment before and after each, a folder of its own, small data."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import distributed_gradient_accumulator as dga

SOURCE = Path(__file__).resolve().parents[2]
DIGITS = SOURCE / "data" / "digits"
MPIRUN = ["mpirun", "--allow-run-as-root", "--oversubscribe", "--mca", "mpi_yield_when_idle", "1", "--mca",
          "btl_vader_single_copy_mechanism", "none"]
needs_mpi = pytest.mark.skipif(not dga._core.mpi_version() or shutil.which("mpirun") is None, reason="built without MPI")


@pytest.fixture(autouse=True)
def closed(tmp_path, monkeypatch):
    """Every test starts closed, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    dga.close()
    yield
    dga.close()


@pytest.fixture
def points():
    """Two classes that a line separates: x (80, 3) float32, y (80) int64."""
    random = np.random.default_rng(1)
    x = random.normal(size=(80, 3)).astype(np.float32)
    return x, (x.sum(axis=1) > 0).astype(np.int64)


@pytest.fixture
def columns():
    """Two classes that `size` decides: size, noise and city beside the label."""
    random = np.random.default_rng(1)
    size = random.normal(size=80)
    return {"size": size, "noise": 20 * random.normal(size=80), "city": np.where(size > 0, "Rome", "Bonn").astype(object),
            "label": (size > 0).astype(int)}


@pytest.fixture
def problem(points):
    """Makes a small problem on the points, with the options given."""
    def make(**options):
        options = {"num_client_items": 2, "hidden": [4], "epochs": 3, "progress": False, **options}
        return dga.create_factorization_problem(dataset=dga.create_dataset(x=points[0], y=points[1]), **options)
    return make


@pytest.fixture
def script(tmp_path):
    """Runs a program's text in an interpreter of its own; returns the finished process."""
    def run(text, *arguments, command=(), timeout=120):
        file = tmp_path / "program.py"
        file.write_text(text, encoding="utf-8")
        return subprocess.run([*command, sys.executable, str(file), *map(str, arguments)], cwd=tmp_path,
                              env=os.environ.copy(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=timeout, check=False)
    return run
