# SPDX-License-Identifier: Apache-2.0
"""Losses and metrics that are Python functions."""

import numpy as np
import pytest

import distributed_gradient_accumulator as dga
from conftest import MPIRUN, needs_mpi


def cross_entropy(output, target):
    """The mean of -log softmax(output)[target], and its derivative: softmax minus one-hot."""
    rows = np.arange(len(target))
    exponentials = np.exp(output.astype(np.float64) - output.max(axis=1, keepdims=True))
    chances = exponentials / exponentials.sum(axis=1, keepdims=True)
    value = -np.log(chances[rows, target]).mean()
    chances[rows, target] -= 1
    return value, chances / len(target)


def part_wrong(output, target):
    return (output.argmax(axis=1) != target).mean()


def apply(problem):
    with dga.create_environment():
        return dga.DistributedGradientAccumulator.apply(problem())


def losses(results):
    return np.array([epoch["loss"] for epoch in results.epochs])


def test_a_loss_of_ones_own_trains_like_the_same_loss_of_libtorch(problem):
    own = apply(lambda: problem(loss=cross_entropy, epochs=20))
    built_in = apply(lambda: problem(epochs=20))
    np.testing.assert_allclose(losses(own), losses(built_in), rtol=1e-4)
    assert losses(own)[-1] < 0.8 * losses(own)[0]


def test_a_loss_of_ones_own_gives_the_same_bits_twice(problem):
    assert (apply(lambda: problem(loss=cross_entropy, num_client_items=7)).weights_sha256
            == apply(lambda: problem(loss=cross_entropy, num_client_items=7)).weights_sha256)


def test_the_gradient_that_is_answered_is_the_one_that_is_used(problem):
    def flat(output, target):
        return 1.0, np.zeros_like(output)
    np.testing.assert_array_equal(losses(apply(lambda: problem(loss=flat))), 1.0)


def test_a_regression_sees_normalised_targets_in_the_loss_and_the_datas_units_in_metrics():
    x = np.linspace(0, 1, 60).reshape(-1, 1)
    y = 300 * x[:, 0] + 1000

    def squares(output, target):
        assert output.shape == target.shape and output.dtype == target.dtype == np.float32
        assert abs(target).max() < 3
        return ((output - target) ** 2).mean(), 2 * (output - target) / output.size

    def squares_in_units(output, target):
        assert target.min() >= 1000
        return ((output - target) ** 2).mean()

    with dga.create_environment():
        data = dga.create_dataset(x=x, y=y, task="regression")
        results = dga.DistributedGradientAccumulator.apply(dga.create_factorization_problem(
            dataset=data, num_client_items=2, hidden=[16], epochs=60, task="regression", progress=False, loss=squares,
            metrics={"mse": squares_in_units}))
    assert results.epochs[-1]["metrics"]["mse"] == pytest.approx(results.epochs[-1]["test_error"], rel=1e-3)
    assert results.epochs[-1]["metrics"]["mse"] < 0.05 * y.var()


def test_metrics_are_means_over_the_held_out_samples(problem):
    results = apply(lambda: problem(metrics={"wrong": part_wrong, "one": lambda output, target: 1}, num_client_items=7))
    assert list(results.to_pandas()["wrong"]) == [epoch["metrics"]["wrong"] for epoch in results.epochs]
    for epoch in results.epochs:
        assert epoch["metrics"]["wrong"] == pytest.approx(epoch["test_error"], abs=1e-12)
        assert epoch["metrics"]["one"] == pytest.approx(1)


def test_arguments_may_be_kept_after_the_call(problem):
    kept = []

    def loss(output, target):
        kept.append((output, target, output.copy(), target.copy()))
        return cross_entropy(output, target)

    apply(lambda: problem(loss=loss))
    dga.close()
    assert kept
    for output, target, output_then, target_then in kept:
        np.testing.assert_array_equal(output, output_then)
        np.testing.assert_array_equal(target, target_then)


def test_what_a_function_raises_comes_out_of_the_run(problem):
    def failing(output, target):
        raise LookupError("no such thing")
    with pytest.raises(LookupError, match="no such thing"):
        apply(lambda: problem(loss=failing, num_client_items=4))
    with pytest.raises(LookupError, match="no such thing"):
        apply(lambda: problem(metrics={"failing": failing}))


@pytest.mark.parametrize("answer, kind, text", [
    (lambda output: 1.0, TypeError, r"loss: expected it to return a tuple \(value, gradient\), found float."),
    (lambda output: (1.0, output[:, :1]), ValueError, r"loss: expected a gradient by the outputs, of shape \(\d+, 2\), "
                                                      r"found \(\d+, 1\)."),
    (lambda output: (1.0, output + 1j), TypeError, "loss: expected a gradient of real numbers, found complex64."),
    (lambda output: (1.0, None), TypeError, "loss: expected a gradient of real numbers, found object."),
    (lambda output: ("high", output), TypeError, "loss: expected a number, found str."),
    (lambda output: ("1.5", output), TypeError, "loss: expected a number, found str."),
])
def test_an_answer_of_another_kind_is_named(problem, answer, kind, text):
    with pytest.raises(kind, match=text):
        apply(lambda: problem(loss=lambda output, target: answer(output)))


def test_a_loss_that_is_no_number_is_an_error_that_names_the_parameter(problem):
    def loss(output, target):
        return np.nan, np.full_like(output, np.nan)
    with pytest.raises(dga.Error, match="gradient.*(weight|bias)"):
        apply(lambda: problem(loss=loss))


def test_a_metric_must_answer_a_number(problem):
    with pytest.raises(TypeError, match=r"metrics\['wrong'\]: expected a number, found NoneType."):
        apply(lambda: problem(metrics={"wrong": lambda output, target: None}))


@pytest.mark.parametrize("options, kind, text", [
    ({"loss": 1}, TypeError, "loss: expected a callable, found int."),
    ({"metrics": [part_wrong]}, TypeError, "metrics: expected a dict of names and callables, found list."),
    ({"metrics": {1: part_wrong}}, TypeError, "metrics: expected names that are texts, found int."),
    ({"metrics": {"wrong": None}}, TypeError, r"metrics\['wrong'\]: expected a callable, found NoneType."),
    ({"metrics": {"loss": part_wrong}}, ValueError, "metrics: expected a name that is not reserved, found 'loss'."),
    ({"metrics": {"": part_wrong}}, ValueError, "metrics: expected a name for every metric, found an empty one."),
    ({"loss": cross_entropy, "class_weights": "balanced"}, ValueError, "class_weights: expected none with a custom loss"),
])
def test_functions_of_another_kind_are_refused_before_the_run(problem, options, kind, text):
    with dga.create_environment(), pytest.raises(kind, match=text):
        problem(**options)


def test_worker_processes_have_no_interpreter_to_call_them(problem):
    with dga.create_environment(engine="processes"):
        for options in ({"loss": cross_entropy}, {"metrics": {"wrong": part_wrong}}):
            with pytest.raises(ValueError, match="engine: expected no loss, metric or model functions on engine "
                                                 "processes.* Use engine threads or mpi."):
                problem(**options)


@needs_mpi
def test_ranks_of_mpi_call_functions_of_their_own(script):
    text = """
import sys
import numpy as np
import distributed_gradient_accumulator as dga

def squares(output, target):
    off = output - np.eye(2, dtype=np.float32)[target]
    return (off ** 2).mean(), 2 * off / off.size

random = np.random.default_rng(1)
x = random.normal(size=(80, 3)).astype(np.float32)
with dga.create_environment(engine=sys.argv[1]):
    data = dga.create_dataset(x=x, y=(x.sum(axis=1) > 0).astype(int))
    problem = dga.create_factorization_problem(dataset=data, num_client_items=3, hidden=[4], epochs=3, loss=squares,
                                               metrics={"one": lambda output, target: 1.0}, progress=False)
    results = dga.DistributedGradientAccumulator.apply(problem)
    print(results.weights_sha256, results.epochs[-1]["metrics"]["one"])
"""
    ranks = script(text, "mpi", command=[*MPIRUN, "-n", "3"])
    threads = script(text, "threads")
    assert ranks.returncode == threads.returncode == 0, ranks.stderr + threads.stderr
    assert ranks.stdout == threads.stdout and len(ranks.stdout.split()) == 2


def test_functions_that_refer_to_their_problem_are_no_leak(script):
    text = """
import gc, weakref
import numpy as np
import distributed_gradient_accumulator as dga

class Kept:
    pass

def make():
    kept = Kept()
    def metric(output, target):
        return 0.0 if (kept, work) else 1.0
    def told(epoch):
        return work is None
    with dga.create_environment():
        work = dga.create_factorization_problem(dataset=dga.create_dataset(x=np.eye(8), y=[0, 1] * 4), epochs=1,
                                                metrics={"zero": metric}, on_epoch=told, progress=False)
        dga.DistributedGradientAccumulator.apply(work)
    return weakref.ref(kept)

kept = make()
gc.collect()
print(kept())
work = None
def loss(output, target):
    return 0.0 if work else 1.0, 0 * output
dga.create_environment()
work = dga.create_factorization_problem(dataset=dga.create_dataset(x=np.eye(8), y=[0, 1] * 4), loss=loss)
raise SystemExit("the end")
"""
    done = script(text)
    assert (done.stdout, done.stderr, done.returncode) == ("None\n", "the end\n", 1)
