# SPDX-License-Identifier: Apache-2.0
"""Odd arguments raise an exception of Python's; none ends the interpreter or is silently taken for another."""

import inspect
import tempfile

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from hypothesis.extra import numpy as arrays

import distributed_gradient_accumulator as dga

ODD = some.one_of(some.none(), some.booleans(), some.integers(), some.floats(), some.text(max_size=8),
                  some.binary(max_size=8), some.lists(some.integers(-3, 300), max_size=4),
                  some.dictionaries(some.text(max_size=2), some.integers(), max_size=2), some.just(object()))
ARRAYS = some.one_of(ODD, arrays.arrays(
    dtype=some.sampled_from([np.float32, np.float64, np.float16, np.int8, np.uint64, np.bool_, np.complex64, "U2", "O"]),
    shape=arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=6)))
NAMES = [name for name in inspect.signature(dga.create_factorization_problem).parameters if name != "dataset"]
EXPECTED = (dga.Error, TypeError, ValueError, OSError, ImportError)

odd = settings(max_examples=300, deadline=None, derandomize=True,
               suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def attempt(call, *arguments, **named):
    try:
        return call(*arguments, **named)
    except EXPECTED as error:
        assert "\n" not in str(error), error
        return None
    finally:
        dga.close()


@odd
@given(x=ARRAYS, y=ARRAYS, held_out_x=some.one_of(some.none(), ARRAYS), held_out_y=some.one_of(some.none(), ARRAYS),
       held_out=some.sampled_from(["test", "val"]), workers=ODD)
def test_create_dataset(x, y, held_out_x, held_out_y, held_out, workers):
    data = attempt(dga.create_dataset, x=x, y=y, num_client_items=workers,
                   **{f"{held_out}_x": held_out_x, f"{held_out}_y": held_out_y})
    if data is not None:
        assert data.num_samples >= 1 and data.num_classes >= 2


@odd
@given(arguments=some.dictionaries(some.sampled_from(NAMES), ODD, max_size=4))
def test_create_factorization_problem(arguments):
    data = None if "data_dir" in arguments else dga.create_dataset(x=np.eye(6), y=[0, 1] * 3)
    work = attempt(dga.create_factorization_problem, dataset=data, **arguments)
    if work is not None:
        assert work.options["epochs"] >= 1


@settings(odd, max_examples=100)
@given(answer=some.one_of(ARRAYS, some.tuples(ARRAYS, ARRAYS), some.tuples(some.floats(), ARRAYS)), metric=ARRAYS)
def test_what_losses_and_metrics_answer(answer, metric):
    data = dga.create_dataset(x=np.eye(6), y=[0, 1] * 3)
    with tempfile.TemporaryDirectory() as folder:
        work = dga.create_factorization_problem(
            dataset=data, num_client_items=2, hidden=[2], epochs=1, batch=1, output=folder,
            loss=lambda output, target: answer, metrics={"odd": lambda output, target: metric})
        results = attempt(dga.DistributedGradientAccumulator.apply, work)
    if results is not None:
        assert np.shape(answer[1]) == (1, 2) and isinstance(results.epochs[0]["metrics"]["odd"], (float, type(None)))


@odd
@given(engine=ODD, timeout=ODD, ranks=ODD, ranks_print=ODD)
def test_create_environment(engine, timeout, ranks, ranks_print):
    attempt(dga.create_environment, engine, timeout=timeout, ranks_per_node=ranks, print_ranks=ranks_print)


@odd
@given(value=ODD)
def test_the_rest(value):
    for call in (dga.load, dga.assign_tasks, dga.prepare_data, dga.run, dga.get_results,
                 dga.DistributedGradientAccumulator.apply, dga.Create, dga.create_dataset):
        attempt(call, value)
