# SPDX-License-Identifier: Apache-2.0
"""Keyword arguments are the table of options, and nothing beside it."""

import inspect
import pydoc
import re
import subprocess
import sys

import pytest

import distributed_gradient_accumulator as dga

TABLE = dga._core.option_table()
CALLS = {"create_environment": {"environment"}, "create_dataset": {"dataset"},
         "create_factorization_problem": {"dataset", "problem"}, "Create": {"dataset", "problem"}}


def other_value(row):
    """A value that the option accepts and that is not its default."""
    if row["kind"] == "flag":
        return not row["default"]
    if row["kind"] == "choice":
        return next(word for word in reversed(row["choices"]) if word not in ("auto", row["default"]))
    if row["kind"] == "text":
        return "other"
    if row["kind"] == "sizes":
        return [7, 5]
    if row["kind"] == "interval":
        return "7steps"
    middle = (row["least"] + min(row["most"], 10)) / 2
    return middle if row["kind"] == "number" else int(middle) + 1


@pytest.mark.parametrize("call", CALLS)
def test_signatures_have_the_options_with_their_defaults(call):
    parameters = inspect.signature(getattr(dga, call)).parameters
    for row in TABLE:
        if row["positional"]:
            continue
        if row["scope"] not in CALLS[call]:
            assert row["argument"] not in parameters
        else:
            parameter = parameters[row["argument"]]
            assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
            assert parameter.default == row["default"]
    assert not any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())


@pytest.mark.parametrize("call", ["create_environment", "create_dataset", "create_factorization_problem"])
def test_help_shows_every_option_with_what_it_does(call):
    text = " ".join(pydoc.render_doc(getattr(dga, call), renderer=pydoc.plaintext).split())
    parameters = inspect.signature(getattr(dga, call)).parameters
    rows = [row for row in TABLE if row["scope"] in CALLS[call] and row["argument"] in parameters]
    assert rows
    for row in rows:
        assert f"{row['argument']}: {row['help']}" in text


def test_the_asking_script_s_names_come_first():
    for call in ("create_factorization_problem", "Create"):
        assert list(inspect.signature(getattr(dga, call)).parameters)[:4] == [
            "data_dir", "num_client_items", "data_size", "num_factorization_levels"]


def test_every_option_is_taken_as_it_is_given(tmp_path):
    (tmp_path / "data.csv").write_text("0,5;1,5;0\n2,5;1;1\n" * 20)
    rows = [row for row in TABLE if row["scope"] in ("dataset", "problem") and row["kind"] != "text"
            and row["name"] not in ("levels", "task", "stream")]  # test_streams.py has the stream
    given = {row["argument"]: other_value(row) for row in rows}
    work = dga.create_factorization_problem(tmp_path / "data.csv", output="elsewhere", progress=False, **given)
    assert len(rows) > 15 and work.options["output"] == "elsewhere"
    for row in rows:
        assert work.options[row["name"]] == given[row["argument"]] != row["default"], row["name"]


def test_options_of_the_environment_are_taken_as_they_are_given(problem):
    with dga.create_environment("processes", timeout=7, ranks_per_node=3):
        options = problem().options
    assert (options["engine"], options["timeout"], options["ranks-per-node"]) == ("processes", 7, 3)


def test_none_and_the_words_for_what_is_left_open_mean_the_defaults(problem):
    plain = problem().options
    words = {row["argument"]: row["zero_word"] for row in TABLE
             if row["zero_word"] and row["default"] == row["zero_word"] and row["scope"] == "problem"}
    assert words["lr"] == "auto"
    del words["num_client_items"]
    assert problem(**words).options == plain
    assert problem(**dict.fromkeys(words)).options == plain
    assert problem(hidden="none").options["hidden"] == "none"
    for open_end in (0, "auto", None):
        assert problem(num_client_items=open_end).options["workers"] == "auto"


def test_completion_offers_the_options():
    from IPython.core.completer import IPCompleter
    completer = IPCompleter(namespace={"dga": dga}, use_jedi=False)
    completer.text_until_cursor = "dga.create_factorization_problem(wei"
    assert "weight_decay=" in completer.python_func_kw_matches("wei")


def test_type_checkers_know_the_options(tmp_path):
    lines = {
        "dga.create_factorization_problem('x', epochs=3, lr='auto', hidden=[3], shard='iid', output=None)": "",
        "dga.create_dataset('x', label='y', drop=['a', 3], only='b')": "",
        "dga.create_environment('threads', timeout=3.0)": "",
        "dga.create_factorization_problem('x', epoch=3)": 'Unexpected keyword argument "epoch"',
        "dga.create_factorization_problem('x', epochs='3')": 'has incompatible type "str"; expected "int | None"',
        "dga.create_factorization_problem('x', shard='odd')": "has incompatible type",
        "dga.create_dataset('x', epochs=3)": 'Unexpected keyword argument "epochs"',
    }
    (tmp_path / "program.py").write_text("\n".join(["import distributed_gradient_accumulator as dga", *lines]),
                                         encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "mypy", "--strict", "program.py"], cwd=tmp_path, capture_output=True,
                          text=True, timeout=300, check=False)
    found = {int(number): text for number, text in re.findall(r"^program\.py:(\d+): error: (.*)$", done.stdout, re.MULTILINE)}
    assert set(found) == {number for number, error in enumerate(lines.values(), 2) if error}, done.stdout
    for number, error in enumerate(lines.values(), 2):
        assert error in found.get(number, ""), done.stdout


def test_an_interval_is_a_number_of_epochs_or_a_text(problem):
    for given, kept in ((5, "5"), ("5", "5"), ("200steps", "200steps"), ("off", "off"), (0, "off")):
        assert problem(checkpoint_every=given).options["checkpoint-every"] == kept
    for wrong in (-1, "5min"):
        with pytest.raises(dga.InvalidArgument, match="checkpoint_every: expected a number of epochs, or such as 200steps"):
            problem(checkpoint_every=wrong)
    with pytest.raises(TypeError):
        problem(checkpoint_every=1.5)
