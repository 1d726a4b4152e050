# SPDX-License-Identifier: Apache-2.0
"""Trains on NumPy arrays: two moons, which are not linearly separable. Prints the held-out error."""

import tempfile

import numpy as np

import distributed_gradient_accumulator as dga

random = np.random.default_rng(7)
angle = random.uniform(0, np.pi, size=2000)
upper = np.arange(2000) % 2 == 0
x = np.where(upper[:, None], np.stack([np.cos(angle), np.sin(angle)], axis=1),
             np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1))
x = (x + random.normal(scale=0.1, size=x.shape)).astype(np.float32)  # float32: used without a copy

with dga.create_environment(engine="threads"), tempfile.TemporaryDirectory() as folder:
    problem = dga.create_factorization_problem(
        dataset=dga.create_dataset(x=x, y=upper), num_client_items=4, hidden=[32, 32], epochs=30,
        output=f"{folder}/run")
    results = dga.DistributedGradientAccumulator.apply(problem)
    print(f"held-out error {results.error.mean():.4f}, {results.time}")
