# SPDX-License-Identifier: Apache-2.0
"""Keyword arguments from the table of options in C++: names, types, defaults and help come from there.

Types are checked here, values by the table.
"""

from __future__ import annotations

import inspect
import numbers
import operator
import os
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar, Union

from . import _core
from ._errors import InvalidArgument

_Function = TypeVar("_Function", bound=Callable[..., Any])

#: The rows of the table by their names in Python.
OPTIONS = {row["argument"]: row for row in _core.option_table()}

_CALLS = {"environment": "create_environment", "dataset": "create_dataset", "problem": "create_factorization_problem"}


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


def _takes_names(row: _core.OptionRow) -> bool:
    return row["placeholder"] == "COLUMN,…"


def _names(name: str, value: Iterable[Any]) -> str:
    """Names and numbers of columns as one text, quoted as in CSV."""
    names = [str(integer(name, each)) if isinstance(each, numbers.Integral) else text(name, each) for each in value]
    if "" in names:
        raise InvalidArgument(f"[python] {name}: expected names or numbers of columns, found an empty name. Give the "
                              f"number of a column without a name.")
    return ",".join('"' + each.replace('"', '""') + '"' for each in names)


def _converted(name: str, row: _core.OptionRow, value: Any) -> Any:
    """`value` as a plain bool, int, float, str or list of int, as the kind of the option has it."""
    kind, word = row["kind"], row["zero_word"]
    if _takes_names(row) and isinstance(value, Iterable) and not isinstance(value, (str, bytes, os.PathLike)):
        return _names(name, value)
    if kind in ("text", "choice"):
        return text(name, value)
    if kind == "interval":
        return text(name, value) if isinstance(value, str) else str(integer(name, value) or word)
    if kind == "flag":
        if not isinstance(value, bool):
            raise wrong_type(name, "True or False", value)
        return value
    if isinstance(value, str):
        if word and value == word:
            return value
        nouns = {"integer": "an integer", "number": "a number", "sizes": "integers"}
        raise TypeError(f"[python] {name}: expected {nouns[kind]}{f' or {word!r}' if word else ''}, found {value!r}.")
    if kind == "sizes":
        if isinstance(value, bytes) or not isinstance(value, Iterable):
            return [integer(name, value)]
        return [integer(name, size) for size in value]
    if kind == "integer":
        whole = integer(name, value)
        return word if word and whole == 0 else whole
    result = number(name, value)
    if result != result or result in (float("inf"), float("-inf")):
        raise InvalidArgument(f"[python] {name}: expected a finite number, found {result}.")
    return result


def checked(call: Callable[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Those arguments of `call` that are not None, as the bindings take them.

    Raises TypeError for a name that `call` does not have and for a value of another type.
    """
    names = list(inspect.signature(call).parameters)
    options: dict[str, Any] = {}
    for name, value in arguments.items():
        if name not in names:
            raise _unknown(call.__name__, name, names)
        if value is not None:
            options[name] = _converted(name, OPTIONS[name], value)
    return options


def _unknown(call: str, name: str, names: Sequence[str]) -> TypeError:
    other = _CALLS.get(OPTIONS[name]["scope"]) if name in OPTIONS else None
    near = _core.nearest(name.encode(errors="replace").decode(), list(names))
    hint = f" Give it to {other}." if other else f" Did you mean {near}?" if near else ""
    return TypeError(f"[python] {call}: expected the name of an argument, found {name!r}.{hint}")


def _annotation(row: _core.OptionRow) -> Any:
    if _takes_names(row):
        return Union[str, Sequence[Union[str, int]]]
    plain: Any = {"flag": bool, "integer": int, "number": float, "sizes": Union[int, Sequence[int]],
                  "choice": Literal[tuple(row["choices"])], "interval": Union[int, str],
                  "text": Union[str, os.PathLike] if row["placeholder"] in ("PATH", "DIR", "FILE") else str}[row["kind"]]
    return Union[plain, Literal[row["zero_word"]]] if row["zero_word"] and row["kind"] != "interval" else plain


def _documented(row: _core.OptionRow) -> str:
    default = "" if row["default"] == "" else f" Default: {row['default']!r}."
    bounds = "" if row["kind"] in ("text", "flag") else f" Expects {row['expectation']}."
    return textwrap.fill(f"{row['argument']}: {row['help']}{bounds}{default}", 100, initial_indent="    ",
                         subsequent_indent="        ", break_long_words=False, break_on_hyphens=False).lstrip()


def takes_options(*scopes: str) -> Callable[[_Function], _Function]:
    """Gives a function with **options the signature and the documentation of the options of `scopes`.

    Its docstring says {options} where they go; an option that its own signature names is documented too.
    """
    def decorate(function: _Function) -> _Function:
        own = inspect.signature(function)
        rows = [row for row in OPTIONS.values() if row["scope"] in scopes]
        parameters = [parameter for parameter in own.parameters.values()
                      if parameter.kind is not inspect.Parameter.VAR_KEYWORD]
        parameters += [inspect.Parameter(row["argument"], inspect.Parameter.KEYWORD_ONLY, default=row["default"],
                                         annotation=_annotation(row))
                       for row in rows if row["argument"] not in own.parameters]
        function.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
        rows = [row for row in rows if row["argument"] in own.parameters or not row["positional"]]
        function.__doc__ = (function.__doc__ or "").replace("{options}", "\n    ".join(map(_documented, rows)))
        return function
    return decorate
