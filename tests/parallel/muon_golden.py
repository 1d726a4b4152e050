# SPDX-License-Identifier: Apache-2.0
"""Muon in NumPy, f64: 50 steps on matrices and gradients that follow a formula, as tests/parallel/muon_test.cpp has it.

    python3 tests/parallel/muon_golden.py >tests/parallel/muon_golden.inc

Written from the definition: Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024), with the scalings
of Liu et al., "Muon is scalable for LLM training" (arXiv 2502.16982).
"""

import numpy as np

JORDAN = (3.4445, -4.7750, 2.0315)
# rows, columns, lr, weight decay, momentum, Nesterov, coefficients, steps of the iteration, adjustment
CASES = [(6, 4, 0.02, 0.1, 0.95, True, JORDAN, 5, "original"),
         (4, 6, 0.05, 0.1, 0.9, False, JORDAN, 5, "match_rms_adamw"),
         (5, 5, 0.02, 0.0, 0.5, True, (2.0, -1.5, 0.5), 3, "spectral_unclamped"),
         (7, 3, 0.01, 0.3, 0.0, True, JORDAN, 6, "spectral_unclamped"),
         (1, 9, 0.01, 0.01, 0.95, True, JORDAN, 5, "original")]
EPS = 1e-7


def first_weight(rows, columns):
    i, j = np.indices((rows, columns))
    return ((7 * i + 3 * j) % 11 - 5) / 8


def gradient(rows, columns, step):
    i, j = np.indices((rows, columns))
    return ((5 * i + 11 * j + 13 * step + i * j * step) % 31 - 15) / 16


def orthogonalized(matrix, coefficients, steps):
    a, b, c = coefficients
    x = matrix / max(np.sqrt((matrix ** 2).sum()), EPS)
    for _ in range(steps):
        # On either side of x it is the same polynomial of its singular values.
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x


def train(rows, columns, lr, weight_decay, momentum, nesterov, coefficients, steps, adjustment):
    weight, average = first_weight(rows, columns), np.zeros((rows, columns))
    scale = {"original": np.sqrt(max(1, rows / columns)),
             "match_rms_adamw": 0.2 * np.sqrt(max(rows, columns)),
             "spectral_unclamped": np.sqrt(rows / columns)}[adjustment]
    for step in range(50):
        now = gradient(rows, columns, step)
        average = momentum * average + (1 - momentum) * now
        update = momentum * average + (1 - momentum) * now if nesterov else average
        weight = weight * (1 - lr * weight_decay) - lr * scale * orthogonalized(update, coefficients, steps)
    return weight


if __name__ == "__main__":
    print("// Written by muon_golden.py.")
    for case in CASES:
        values = [f"{value:.17g}" for value in train(*case).ravel()]
        lines = [", ".join(values[at:at + 4]) for at in range(0, len(values), 4)]
        print("{" + ",\n ".join(lines) + "},")
