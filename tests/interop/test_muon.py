# SPDX-License-Identifier: Apache-2.0
"""dga's Muon beside PyTorch's, and the golden values of tests/parallel remade."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch


SOURCE = Path(__file__).resolve().parents[2]
PROGRAM = SOURCE / os.environ["DGA_BIN"] / "muon_steps"
SHAPES = [(64, 100), (100, 64), (32, 32), (7, 130), (256, 96)]
STEPS = 50


def torchs(first, gradients, **options):
    matrices = [torch.nn.Parameter(torch.from_numpy(matrix.copy())) for matrix in first]
    optimizer = torch.optim.Muon(matrices, **options)
    for step in gradients:
        for matrix, gradient in zip(matrices, step):
            matrix.grad = torch.from_numpy(gradient)
        optimizer.step()
    return [matrix.detach().numpy() for matrix in matrices]


@pytest.mark.parametrize("adjust", ["original", "match_rms_adamw", "spectral_unclamped"])
@pytest.mark.parametrize("nesterov", [True, False])
def test_the_accumulators_muon_is_pytorchs(adjust, nesterov, tmp_path):
    """50 steps on one worker, the iteration in bf16: equal within 1e-6."""
    torch.set_num_threads(1)
    random = np.random.default_rng(7)
    first = [random.standard_normal(shape, np.float32) for shape in SHAPES]
    gradients = [[random.standard_normal(shape, np.float32) for shape in SHAPES] for _ in range(STEPS)]
    with (tmp_path / "in").open("wb") as file:
        np.array([len(SHAPES), STEPS, *sum(SHAPES, ())], np.int64).tofile(file)
        for matrices in [first, *gradients]:
            for matrix in matrices:
                matrix.tofile(file)
    subprocess.run([PROGRAM, tmp_path / "in", tmp_path / "out", "0.02", "0.1", "0.95", str(int(nesterov)), adjust, "bf16"],
                   check=True, timeout=120)
    found = np.fromfile(tmp_path / "out", np.float32)
    expected = torchs(first, gradients, lr=0.02, weight_decay=0.1, momentum=0.95, nesterov=nesterov, adjust_lr_fn=adjust)
    largest = np.abs(found - np.concatenate([matrix.ravel() for matrix in expected])).max()
    moved = np.abs(found - np.concatenate([matrix.ravel() for matrix in first])).max()
    print(f"largest difference {largest}, largest movement {moved}")
    assert moved > 0.1
    assert largest <= 1e-6


def test_the_golden_values_are_what_numpy_gives():
    """tests/parallel/muon_golden.inc, remade: NumPy's sums may differ in their last bits."""
    script = SOURCE / "tests/parallel/muon_golden.py"
    remade = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, timeout=60).stdout
    kept = script.with_suffix(".inc").read_text()
    numbers = [[float(text) for text in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", content.split("\n", 1)[1])]
               for content in (remade, kept)]
    np.testing.assert_allclose(numbers[0], numbers[1], rtol=0, atol=1e-12)
