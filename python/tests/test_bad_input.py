# SPDX-License-Identifier: Apache-2.0
"""Each wrong argument raises the right exception with a text of one line."""

import numpy as np
import pytest

import distributed_gradient_accumulator as dga

X = np.eye(6, dtype=np.float32)
Y = [0, 1] * 3
NAN = np.where(X == 1, np.nan, X)


def dataset(**changes):
    return dga.create_dataset(**{"x": X, "y": Y, **changes})


def make(**options):
    return dga.create_factorization_problem(dataset=dataset(), **{"progress": False, **options})


CASES = [
    # name, call, exception, part of the text
    ("a folder that is not there", lambda: dga.create_dataset("/nowhere"), FileNotFoundError,
     "/nowhere: expected a folder or a file with data, found nothing there."),
    ("an unknown scheme", lambda: dga.create_dataset("s3://bucket"), ValueError, 'found the scheme "s3"'),
    ("no data at all", lambda: dga.create_dataset(), ValueError, "expected either data_dir or x and y, found neither"),
    ("both kinds of data", lambda: dataset(data_dir="x"), ValueError, "found both"),
    ("x without y", lambda: dataset(y=None), ValueError, "expected y beside x"),
    ("a folder that is a number", lambda: dga.create_dataset(3), TypeError, "data_dir: expected a text, found int"),
    ("x that is no array", lambda: dataset(x=object()), TypeError, "x: expected an array of"),
    ("x of texts", lambda: dataset(x=[["a"]] * 6), ValueError, "x: expected a number in column 0, found the text \"a\" in "
     "sample 0. Correct it, leave the column out with drop='0', or encode its texts with one_hot='0'."),
    ("x of complex numbers", lambda: dataset(x=X + 1j), TypeError, "x: expected an array of real numbers"),
    ("x of records", lambda: dataset(x=np.zeros(6, dtype=[("a", "f4"), ("b", "f4")])), TypeError,
     "x: expected an array of real numbers, found one of void"),
    ("a single number", lambda: dataset(x=3.0), ValueError, "found a single number"),
    ("ragged lists", lambda: dataset(x=[[1, 2], [3]]), TypeError, "x: expected an array"),
    ("NaN in x", lambda: dataset(x=NAN), ValueError, "x: expected finite numbers, found nan in sample 0, feature 0."),
    ("numbers that float32 cannot hold", lambda: dataset(x=np.full((6, 2), 1e300)), ValueError,
     "[data] x: expected numbers that f32 can hold, at most 3.4e38, found 1e+300 in sample 0, feature 0. Scale them down."),
    ("an empty array", lambda: dataset(x=np.empty((0, 3)), y=[]), ValueError, "expected at least one sample"),
    ("no features", lambda: dataset(x=np.empty((6, 0))), ValueError, "expected at least one sample with one feature"),
    ("too few labels", lambda: dataset(y=[0, 1]), ValueError, "y: expected one label a sample, shape (6,)"),
    ("labels of another shape", lambda: dataset(y=np.zeros((6, 2))), ValueError, "found shape (6, 2)"),
    ("real labels", lambda: dataset(y=[0.5] * 6), ValueError, "expected whole numbers as labels"),
    ("one class only", lambda: dataset(y=[1] * 6), ValueError, "expected labels of at least 2 classes"),
    ("test labels out of range", lambda: dataset(test_x=X[:2], test_y=[0, 9]), ValueError,
     "test_y: sample 1: expected a label of the training set"),
    ("test samples of another width", lambda: dataset(test_x=X[:2, :3], test_y=[0, 1]), ValueError,
     "test_x: expected samples like those of x"),
    ("validation labels out of range", lambda: dataset(val_x=X[:2], val_y=[0, 9]), ValueError,
     "val_y: sample 1: expected a label of the training set"),
    ("validation samples of another width", lambda: dataset(val_x=X[:2, :3], val_y=[0, 1]), ValueError,
     "val_x: expected samples like those of x"),
    ("validation samples without labels", lambda: dataset(val_x=X[:2]), ValueError, "and val_y beside val_x"),
    ("no validation samples", lambda: dataset(val_x=X[:0], val_y=[]), ValueError,
     "[data] val_x: expected at least one sample, found none. Pass some, or leave it out."),
    ("no test samples", lambda: dataset(test_x=X[:0], test_y=[]), ValueError,
     "[data] test_x: expected at least one sample, found none. Pass some, or leave it out."),
    ("NaN in a target", lambda: dataset(y=[np.nan] + [1.0] * 5, task="regression"), ValueError, "y: expected finite"),
    ("an unknown task", lambda: dataset(task="guess"), ValueError, "[python] task: expected auto, classification or regression, found 'guess'."),
    ("more workers than samples", lambda: dataset(num_client_items=7), ValueError, "6 samples for 7 workers"),
    ("negative workers", lambda: make(num_client_items=-1), ValueError,
     "[python] num_client_items: expected an integer from 1 to 4096, or auto, found -1. Correct the value."),
    ("a million workers", lambda: make(num_client_items=10**6), ValueError,
     "num_client_items: expected an integer from 1 to 4096"),
    ("workers that are a text", lambda: make(num_client_items="4"), TypeError,
     "num_client_items: expected an integer or 'auto', found '4'."),
    ("workers that are a fraction", lambda: make(num_client_items=2.5), TypeError, "expected an integer, found float"),
    ("no neurons", lambda: make(data_size=0), ValueError, "hidden: expected up to 64 integers from 1"),
    ("neurons that are a flag", lambda: make(data_size=True), TypeError, "data_size: expected an integer, found bool"),
    ("levels that are not there yet", lambda: make(num_factorization_levels=2), ValueError,
     "levels: expected 1 (data parallelism), found 2: pipeline parallelism is not there yet."),
    ("a negative rate", lambda: make(lr=-1), ValueError, "lr: expected a number above 0"),
    ("a rate that is a list", lambda: make(lr=[1]), TypeError, "lr: expected a number, found list"),
    ("a rate that is NaN", lambda: make(lr=float("nan")), ValueError, "lr: expected a finite number, found nan"),
    ("an unknown optimiser", lambda: make(optimizer="magic"), ValueError, "optimizer: expected sgd, adam, adamw or muon"),
    ("a rate that is a text", lambda: make(lr="high"), TypeError, "lr: expected a number or 'auto', found 'high'."),
    ("a number that is a text", lambda: make(epochs="3"), TypeError, "epochs: expected an integer, found '3'."),
    ("a layer that is a text", lambda: make(hidden="100"), TypeError, "hidden: expected integers or 'none', found '100'."),
    ("a flag that is a number", lambda: make(keep_best=1), TypeError, "keep_best: expected True or False, found int."),
    ("neurons and layers that differ", lambda: make(data_size=3, hidden=[4]), ValueError,
     "data_size: expected it alone, or equal to hidden, found both, and they differ. Pass one of them."),
    ("an unknown argument", lambda: make(epoch=3), TypeError,
     "[python] create_factorization_problem: expected the name of an argument, found 'epoch'. Did you mean epochs?"),
    ("an argument like none", lambda: make(frobnicate=3), TypeError, "found 'frobnicate'."),
    ("an argument of another call", lambda: make(engine="mpi"), TypeError,
     "found 'engine'. Give it to create_environment."),
    ("an option of the command line only", lambda: make(quiet=True), TypeError, "found 'quiet'."),
    ("a problem's argument of a dataset", lambda: dataset(epochs=3), TypeError,
     "create_dataset: expected the name of an argument, found 'epochs'. Give it to create_factorization_problem."),
    ("a column's name beside arrays", lambda: dataset(label="y"), ValueError,
     "label: expected it beside data_dir, found arrays. Leave one out."),
    ("a callback that cannot be called", lambda: make(on_epoch=3), TypeError, "on_epoch: expected a callable"),
    ("a dataset that is none", lambda: dga.create_factorization_problem(dataset=X), TypeError,
     "dataset: expected a ClientDataset, found ndarray"),
    ("a problem that is none", lambda: dga.DistributedGradientAccumulator.apply(3), TypeError,
     "expected a FactorizationProblem, found int"),
    ("an unknown engine", lambda: dga.create_environment("magic"), ValueError, "magic"),
    ("a timeout of nothing", lambda: dga.create_environment(timeout=0), ValueError, 
     "[python] timeout: expected a number above 0 to 10000000, found 0.0. Correct the value."),
    ("ranks that are none", lambda: dga.create_environment(ranks_per_node=-1), ValueError,
     "ranks_per_node: expected an integer from 1 to 4096, or auto, found -1."),
    ("an environment's unknown argument", lambda: dga.create_environment(timeouts=3), TypeError,
     "create_environment: expected the name of an argument, found 'timeouts'. Did you mean timeout?"),
    ("time before any run", lambda: dga.time.mean(), ValueError, "expected a run that has ended, found none"),
    ("error before any run", lambda: list(dga.error), ValueError, "expected a run that has ended, found none"),
    ("results before the run", lambda: dga.get_results(make()), ValueError, "expected a run that has ended"),
    ("a run before its preparation", lambda: dga.run(make()), ValueError, "Call assign_tasks(problem)"),
    ("a run that is not there", lambda: dga.load("/nowhere"), OSError, "/nowhere/results.json: expected a readable file, found \"No such file"),
]


@pytest.mark.parametrize("call,kind,text", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_bad_input(call, kind, text):
    with pytest.raises(kind) as caught:
        call()
    said = str(caught.value)
    assert text in said
    assert "\n" not in said


def test_more_workers_than_training_samples_is_said_before_the_run():
    with pytest.raises(ValueError, match="workers"):
        dga.assign_tasks(make(num_client_items=6))


def test_a_closed_environment_is_named(problem):
    work = problem()
    dga.close()
    with pytest.raises(ValueError, match="assign_tasks: expected an open environment, found it closed"):
        dga.DistributedGradientAccumulator.apply(work)


def test_a_second_run_while_one_goes_on_is_refused(problem):
    inner = problem(output="inner")
    caught = []

    def again(epoch):
        dga.assign_tasks(inner)
        dga.prepare_data(inner)
        try:
            dga.run(inner)
        except dga.Error as error:
            caught.append(error)

    dga.DistributedGradientAccumulator.apply(problem(on_epoch=again, epochs=1))
    assert [type(error) for error in caught] == [dga.InvalidArgument]
    assert "expected one run at a time, found another going on in this process" in str(caught[0])


def test_a_folder_with_a_run_is_refused(problem):
    dga.DistributedGradientAccumulator.apply(problem(output="out"))
    with pytest.raises(OSError, match="expected a folder without a run") as caught:
        dga.DistributedGradientAccumulator.apply(problem(output="out"))
    assert isinstance(caught.value, dga.StorageError)


def test_data_that_is_damaged_is_named_with_its_line(tmp_path):
    (tmp_path / "a.csv").write_text("1,2,0\n1,x,1\n")
    with pytest.raises(dga.DataError, match=r"a\.csv:2: expected a number in column 2"):
        dga.create_dataset(tmp_path / "a.csv")


@pytest.mark.parametrize(("text", "options", "found"), [
    ("a,income,label\n1,x7,0\n2,y8,1\n", {}, "leave the column out with drop=income, or encode its texts with one_hot=income."),
    ("1,2,x\n3,4,y\n", {}, "Say which with header=yes or header=no."),
    ("a,class,label\n1,2,0\n3,4,1\n", {}, "Choose one with label=."),
    ("a,b\n1,0\n2,1\n", {"label": "income"}, "found label=income where the header has a, b. Correct label=."),
    ("a,b\n1,0\n,1\n", {}, "Fill it in, or use missing=drop, or mean for numbers."),
    ("a,b\n1,0.5\n2,1.5\n", {"task": "classification"}, "To train on real-valued labels use task=regression."),
    ("a,b\r1,0\r2,1\r", {"stream": True}, "found CR alone. Save it so, or leave stream out."),
])
def test_errors_about_files_name_the_arguments_of_python(tmp_path, text, options, found):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8", newline="")
    with pytest.raises(dga.DataError) as caught:
        dga.create_dataset(tmp_path / "a.csv", **options)
    assert found in str(caught.value) and "--" not in str(caught.value)
