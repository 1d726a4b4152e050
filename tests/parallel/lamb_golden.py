# SPDX-License-Identifier: Apache-2.0
"""LAMB in NumPy, f64: 20 steps on vectors and gradients that follow a formula, as tests/parallel/lamb_test.cpp has it.

    python3 tests/parallel/lamb_golden.py >tests/parallel/lamb_golden.inc

Written from algorithm 2 of You et al., "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes", ICLR 2020,
with the identity as phi.
"""

import numpy as np

# elements, lr, betas, eps, weight decay, factor of the first weights
CASES = [(6, 0.02, (0.9, 0.999), 1e-6, 0.01, 1.0),
         (5, 0.1, (0.5, 0.9), 1e-3, 0.0, 1.0),
         (4, 0.01, (0.0, 0.99), 1e-6, 0.3, 0.0)]


def train(elements, lr, betas, eps, decay, factor):
    i = np.arange(elements)
    x = factor * ((7 * i) % 11 - 5) / 8
    m, v = np.zeros(elements), np.zeros(elements)
    for step in range(1, 21):
        g = ((5 * i + 13 * step + i * i * step) % 31 - 15) / 16
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        r = (m / (1 - betas[0] ** step)) / (np.sqrt(v / (1 - betas[1] ** step)) + eps)
        update = r + decay * x
        norms = np.linalg.norm(x), np.linalg.norm(update)
        ratio = norms[0] / norms[1] if norms[0] > 0 and norms[1] > 0 else 1.0
        x = x - lr * ratio * update
    return x


print("// Written by lamb_golden.py.")
for case in CASES:
    print("{" + ", ".join(repr(float(value)) for value in train(*case)) + "},")
