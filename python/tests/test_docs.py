# SPDX-License-Identifier: Apache-2.0
"""The examples in docstrings are run, and everything public has one."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import distributed_gradient_accumulator as dga

MODULES = [name for _, name, _ in pkgutil.iter_modules(dga.__path__) if name != "_core"]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    module = importlib.import_module(f"distributed_gradient_accumulator.{name}")
    names = {public: getattr(dga, public) for public in dga.__all__}
    failed, _ = doctest.testmod(module, extraglobs=names)
    assert failed == 0


@pytest.mark.parametrize("name", dga.__all__)
def test_everything_public_says_what_it_is(name):
    thing = getattr(dga, name)
    documented = thing if inspect.isclass(thing) or inspect.isfunction(thing) else type(thing)
    assert inspect.getdoc(documented)
    if inspect.isclass(thing):
        for member, value in vars(thing).items():
            if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                assert inspect.getdoc(value), f"{name}.{member}"


def test_the_version_is_the_package_s():
    from importlib.metadata import version
    assert dga.__version__ == version("distributed-gradient-accumulator")


def test_the_self_test_passes():
    report = dga.self_test()
    assert report.passed, report
    assert "processes: 3 workers, weights" in repr(report)
