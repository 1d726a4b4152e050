# SPDX-License-Identifier: Apache-2.0
"""Every public object in the hands of a shell, a debugger, a notebook: repr, help, copies, pickle, completion."""

import copy
import json
import math
import os
import pickle
import pydoc
import rlcompleter

import numpy as np
import pytest

import distributed_gradient_accumulator as dga

PUBLIC = {name: getattr(dga, name) for name in dga.__all__}
#: What cannot be copied, and what its error says to do instead.
BOUND = {
    "Environment": "Call create_environment where you need one.",
    "ClientDataset": "Pickle the arrays or the name of the folder, and call create_dataset with them.",
    "FactorizationProblem": "Call create_factorization_problem again; problem.options has its options.",
}


@pytest.fixture
def instances(problem, points, tmp_path):
    """{class name: instance}, after a run that has predicted."""
    environment = dga.create_environment()
    work = problem()
    results = dga.DistributedGradientAccumulator.apply(work)
    results.predict(points[0])
    found = {"Environment": environment, "ClientDataset": dga.create_dataset(x=points[0], y=points[1]),
             "FactorizationProblem": work, "Results": results, "WorkerValues": results.error,
             "LastRun": dga.LastRun("time", dga.time._look_up), "SelfTest": dga.SelfTest(True, ["threads: ok"])}
    found.update({name: thing(f"[data] {name}") for name, thing in PUBLIC.items()
                  if isinstance(thing, type) and issubclass(thing, Exception)})
    static = {"DistributedGradientAccumulator"}
    assert set(found) | static == {name for name, thing in PUBLIC.items() if isinstance(thing, type)}
    return found


def try_everything(name, thing):
    """What a shell does with an object; the text of help."""
    assert repr(thing) and str(thing)
    assert not isinstance(thing, (dga.Environment, dga.Results, dga.LastRun)) or "\n" not in repr(thing)
    assert dir(thing)
    completer = rlcompleter.Completer({"thing": thing, "dga": dga})
    assert completer.attr_matches("thing.")
    assert any(match.startswith(f"dga.{name}") for match in completer.attr_matches(f"dga.{name[:3]}"))
    return pydoc.plain(pydoc.render_doc(thing))


@pytest.mark.parametrize("name", dga.__all__)
def test_what_the_module_offers_before_any_run(name):
    thing = PUBLIC[name]
    assert name.lower() in try_everything(name, thing).lower() or name in ("time", "error")
    for duplicate in (copy.copy(thing), copy.deepcopy(thing), pickle.loads(pickle.dumps(thing))):
        assert type(duplicate) is type(thing) and repr(duplicate) == repr(thing)


def test_help_of_the_module_itself():
    text = pydoc.plain(pydoc.render_doc(dga))
    assert "time of the last run: no run has ended yet" in text
    assert all(name in text for name in dga.__all__)
    assert pydoc.render_doc(dga._core)
    completer = rlcompleter.Completer({"dga": dga})
    completed = {match.removeprefix("dga.").rstrip("()") for match in completer.attr_matches("dga.")}
    assert set(dga.__all__) <= completed


def test_instances(instances):
    for name, thing in instances.items():
        try_everything(name, thing)
        if name in BOUND:
            continue
        for duplicate in (copy.copy(thing), copy.deepcopy(thing), pickle.loads(pickle.dumps(thing))):
            assert type(duplicate) is type(thing) and repr(duplicate) == repr(thing), name


@pytest.mark.parametrize("name", BOUND)
def test_what_belongs_to_the_process_says_so(instances, name):
    thing = instances[name]
    calls = [pickle.dumps] if name == "ClientDataset" else [pickle.dumps, copy.copy, copy.deepcopy]
    for call in calls:
        with pytest.raises(TypeError) as caught:
            call(thing)
        article = "an" if name[0] in "AEIOU" else "a"
        assert str(caught.value) == (f"[python] copy or pickle: expected an object that can be duplicated, found {article} "
                                     f"{name}, which belongs to this process. {BOUND[name]}")


def test_a_copy_of_a_dataset_is_the_dataset(instances):
    data = instances["ClientDataset"]
    assert copy.copy(data) is data and copy.deepcopy([data])[0] is data


def test_results_that_were_pickled_predict_the_same(instances, points):
    results = instances["Results"]
    for duplicate in (copy.deepcopy(results), pickle.loads(pickle.dumps(results))):
        assert np.array_equal(duplicate.predict(points[0]), results.predict(points[0]))
        assert duplicate.to_dict() == results.to_dict()


def test_copies_of_values_are_read_only_too(instances):
    values = dga.WorkerValues("error", "a fraction", None, [0.5, None])
    for duplicate in (copy.copy(values), copy.deepcopy(values), pickle.loads(pickle.dumps(values))):
        assert math.isnan(duplicate.mean()) and np.array_equal(duplicate.values, values.values, equal_nan=True)
        assert not duplicate.values.flags.writeable


def test_everything_has_a_repr_after_close_as_well(instances):
    dga.close()
    for name, thing in instances.items():
        assert repr(thing), name
    assert repr(dga.time) == "time of the last run: no run has ended yet"
    assert repr(dga.WorkerValues("time", "s", None, [])) == "time of 0 workers: mean nan (s)"


@pytest.mark.parametrize("change", [
    lambda content: content.pop("workers"), lambda content: content.pop("engine"),
    lambda content: content.update(time=None), lambda content: content.update(workers="many"),
    lambda content: content.update(epochs=3), lambda content: content["error"].update(values=["a"]),
    lambda content: content["time"].pop("mean")])
def test_damaged_results_are_refused_when_loaded_not_when_shown(instances, change):
    folder = instances["Results"].folder
    content = instances["Results"].to_dict()
    change(content)
    with open(f"{folder}/results.json", "w", encoding="utf-8") as file:
        json.dump(content, file)
    os.remove(f"{folder}/manifest.json")
    with pytest.raises(dga.StorageError, match="expected the results of a run, found something else"):
        dga.load(folder)
