# SPDX-License-Identifier: Apache-2.0
"""Datasets whose features stay in their files."""

import numpy as np
import pytest

import distributed_gradient_accumulator as dga


@pytest.fixture
def arrays(points):
    np.save("x.npy", points[0])
    np.save("y.npy", points[1])
    return "."


def run(**options):
    work = dga.create_factorization_problem(num_client_items=3, hidden=[4], epochs=2, progress=False, shard="contiguous",
                                            **options)
    return dga.DistributedGradientAccumulator.apply(work).weights_sha256


@pytest.mark.parametrize("engine", ["threads", "processes"])
def test_a_stream_gives_the_weights_of_the_same_order_in_memory(arrays, engine):
    with dga.create_environment(engine):
        weights = [run(shuffle_window=10, **options)
                   for options in ({"data_dir": arrays}, {"data_dir": arrays, "stream": True},
                                   {"dataset": dga.create_dataset(arrays, stream=True)})]
    assert len(set(weights)) == 1


def test_a_dataset_that_is_a_stream_needs_shards_of_its_order(arrays):
    dataset = dga.create_dataset(arrays, stream=True)
    with pytest.raises(dga.InvalidArgument, match="shard: expected contiguous with stream, so"):
        work = dga.create_factorization_problem(dataset=dataset, num_client_items=3, progress=False)
        dga.DistributedGradientAccumulator.apply(work)
