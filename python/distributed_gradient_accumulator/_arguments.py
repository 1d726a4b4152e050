# SPDX-License-Identifier: Apache-2.0
"""Python arguments as options of a run. Types are checked here, values by the table of options in C++."""

from __future__ import annotations

import json
import numbers
import operator
import os
from collections.abc import Iterable, Mapping
from typing import Any

from . import _core
from ._errors import InvalidArgument

#: Options with another name in Python, after those who asked for this library.
NAMES = {"data_dir": "data", "test_data_dir": "test-data", "num_client_items": "workers",
         "num_factorization_levels": "levels"}

_KINDS = {row["name"]: row["kind"] for row in _core.option_table()}


def wrong_type(name: str, expected: str, value: object) -> TypeError:
    """The error for an argument of another type."""
    return TypeError(f"[python] {name}: expected {expected}, found {type(value).__name__}.")


def bound_to_process(kind: str, instead: str) -> TypeError:
    """The error for copying or pickling an object that belongs to this process."""
    return TypeError(f"[python] copy or pickle: expected an object that can be duplicated, found {kind}, which belongs "
                     f"to this process. {instead}")


def integer(name: str, value: Any) -> int:
    """`value` as an int; NumPy's integers are fine, bools are not."""
    if isinstance(value, bool):
        raise wrong_type(name, "an integer", value)
    try:
        number = operator.index(value)
    except TypeError:
        raise wrong_type(name, "an integer", value) from None
    if not -2**63 <= number < 2**63:
        raise InvalidArgument(f"[python] {name}: expected an integer of at most 64 bits, found {number:.3e}.")
    return number


def number(name: str, value: Any) -> float:
    """`value` as a float."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise wrong_type(name, "a number", value)
    try:
        return float(value)
    except OverflowError:
        raise InvalidArgument(f"[python] {name}: expected a number that a float can hold.") from None


def text(name: str, value: Any) -> str:
    """`value` as a str; paths are fine."""
    if not isinstance(value, (str, os.PathLike)):
        raise wrong_type(name, "a text", value)
    result = os.fspath(value)
    if not isinstance(result, str):
        raise wrong_type(name, "a text", value)
    if "\0" in result:
        raise InvalidArgument(f"[python] {name}: expected a text without NUL characters, found one.")
    try:
        result.encode()
    except UnicodeEncodeError:
        raise InvalidArgument(f"[python] {name}: expected a text that UTF-8 can say, found one with lone "
                              f"surrogates.") from None
    return result


def shown(path: str) -> str:
    """A path as errors show it: on one line."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in path)


def _converted(name: str, kind: str, value: Any) -> Any:
    if kind == "flag":
        if not isinstance(value, bool):
            raise wrong_type(name, "True or False", value)
        return value
    if kind == "sizes":
        if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
            return [integer(name, value)]
        return [integer(name, size) for size in value]
    if kind == "integer":
        return value if isinstance(value, str) else integer(name, value)  # a word such as "auto"
    if kind == "number":
        return value if isinstance(value, str) else number(name, value)
    return text(name, value)


def options_json(arguments: Mapping[str, Any]) -> str:
    """The options of a run, from those arguments that are not None, as the text of a config.json."""
    options: dict[str, Any] = {}
    for name, value in arguments.items():
        if value is None:
            continue
        option = NAMES.get(name, name.replace("_", "-"))
        converted = _converted(name, _KINDS[option], value)
        if option == "workers" and converted == 0:
            converted = "auto"
        if converted != converted or converted in (float("inf"), float("-inf")):
            raise InvalidArgument(f"[python] {name}: expected a finite number, found {converted}.")
        options[option] = converted
    return json.dumps(options)
