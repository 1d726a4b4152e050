# SPDX-License-Identifier: Apache-2.0
"""Ranks of a script that differ are refused on all of them, and the script can go on."""

import numpy as np
import pytest

import distributed_gradient_accumulator as dga
from conftest import MPIRUN, needs_mpi


@needs_mpi
def test_ranks_that_differ(script):
    done = script("""
import numpy as np
import distributed_gradient_accumulator as dga
rank = dga._core.launched_rank()

def error_of(call):
    try:
        call()
    except dga.InvalidArgument as error:
        return str(error)
    return ""

def apply(shift, **options):
    x = np.eye(20) + shift
    dataset = dga.create_dataset(x=x, y=[0, 1] * 10)
    return dga.DistributedGradientAccumulator.apply(dga.create_factorization_problem(
        dataset=dataset, num_client_items=2, hidden=[4], epochs=1, output=f"out{rank}", **options))

alone = error_of(lambda: dga.create_environment(engine="threads"))
assert "expected mpi or auto on one of several MPI ranks, found threads" in alone, alone
options = error_of(lambda: apply(0, lr=0.1 + rank))
assert "lr: expected the same on all ranks, found 0.1 on rank 0 and 1.1 on rank 1." in options, options
data = error_of(lambda: apply(rank))
assert "training data: expected the same on all ranks, found 20 samples of 20 features, 2 classes, checksum" in data, data
assert dga.self_test().passed
print(apply(0).workers)
""", command=[*MPIRUN, "-n", "2"])
    assert (done.returncode, done.stdout, done.stderr) == (0, "2\n", ""), done


def test_a_prediction_that_is_not_finite_names_the_sample(problem):
    results = dga.DistributedGradientAccumulator.apply(problem())
    x = np.ones((5, 3), dtype=np.float32)
    x[3] = 3e38
    for predict in (results.predict, results.predict_scores):
        with pytest.raises(dga.DataError, match=r"^\[predict\] sample 3: expected a finite prediction, found nan\."):
            predict(x)
