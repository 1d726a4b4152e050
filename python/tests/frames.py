# SPDX-License-Identifier: Apache-2.0
"""What the tests of frames share: two kinds of frames, a small run, the text of an error."""

import pandas as pd
import polars as pl
import pytest

import distributed_gradient_accumulator as dga

FRAMES = {"pandas": pd.DataFrame, "polars": pl.DataFrame}
frames = pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES)


def train(x, y, test_x=None, test_y=None, epochs=8, task="auto", **options):
    data = dga.create_dataset(x=x, y=y, test_x=test_x, test_y=test_y, task=task, **options)
    return dga.DistributedGradientAccumulator.apply(dga.create_factorization_problem(
        dataset=data, num_client_items=2, hidden=[8], epochs=epochs, lr=0.03, progress=False))


def refused(call, kind=dga.DataError):
    with pytest.raises(kind) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def picked(columns, *names):
    return {name: columns[name] for name in names}
