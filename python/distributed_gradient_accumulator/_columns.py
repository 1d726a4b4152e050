# SPDX-License-Identifier: Apache-2.0
"""What the columns of x are used for: chosen for training, matched by name for a test set and for predictions."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from decimal import Decimal
from numbers import Real
from typing import Any, NamedTuple, NoReturn, Optional

import numpy as np
import numpy.typing as npt

from . import _core
from ._arguments import shown
from ._errors import DataError, InvalidArgument
from ._frames import Table, is_missing

Use = _core.ColumnUse

#: (name, use, categories); the name is "" without names.
Column = tuple[str, _core.ColumnUse, list[str]]


class Choice(NamedTuple):
    """What create_dataset was told about columns, which are names or numbers, and about missing values."""

    left_out: list[str]
    only_features: list[str]  # empty: all
    encoded: list[str]
    missing: str


def is_input(column: Column) -> bool:
    """Whether the model sees the column."""
    return column[1] in (Use.feature, Use.category)


def unnamed(features: int) -> list[Column]:
    """Features without names, and their label."""
    columns: list[Column] = [("", Use.feature, [])] * features
    return [*columns, ("", Use.label, [])]


def choose(table: Table, label: Optional[str], choice: Choice) -> list[Column]:
    """The columns of a training set, and its label."""
    for name in table.names or ():
        if (table.names or []).count(name) > 1:
            raise DataError(f"[data] x: expected columns of different names, found {shown(name)} more than once. "
                            f"Rename one of them.")
    uses = [Use.dropped if i < table.index_columns else Use.feature for i in range(len(table.columns))]
    if choice.only_features:
        wanted = [_called(table, name) for name in choice.only_features]
        uses = [Use.feature if i in wanted else Use.dropped for i in range(len(uses))]
    for name in choice.left_out:
        uses[_called(table, name)] = Use.dropped
    for name in choice.encoded:
        at = _called(table, name)
        if uses[at] == Use.dropped:
            raise InvalidArgument(f"[python] one_hot: expected features, found {_column(table, at)}, which is left out. "
                                  f"Correct one_hot.")
        uses[at] = Use.category
    names = [""] * len(uses) if table.names is None else list(table.names)
    if label in names and table.names is not None:
        at = names.index(label)
        if uses[at] != Use.dropped:
            raise DataError(f"[data] x: expected features, found column {shown(label)}, which has the name of y. Leave "
                            f"it out with drop={_listed(table, at)}, or rename it.")
        uses[at] = Use.label
    elif table.names is not None:
        label = "label" if label is None else label
    for name in [*names, label or ""]:
        _check_utf8(name)
    kept = np.ones(table.samples, bool)  # a sample that is left out defines no category
    if choice.missing == "drop":
        kept = ~_missing_in_any(table, [i for i, use in enumerate(uses) if use in (Use.feature, Use.category)])
    columns = [(name, use, _categories(table, i, kept) if use == Use.category else []) for i, (name, use) in
               enumerate(zip(names, uses))]
    if table.names is None:
        return [*columns, ("", Use.label, [])]
    return columns if label in names else [*columns, (str(label), Use.label, [])]


def match(where: str, table: Table, columns: Sequence[Column], origin: str) -> list[int]:
    """For each feature of `columns` its place in `table`: by name where both have names, else by position.

    The label and the columns that were left out in training may be there or not.
    """
    features = [column for column in columns if is_input(column)]
    known = {column[0] for column in columns}
    index = 0  # columns of an index, which the training did not have
    while index < table.index_columns and table.names is not None and table.names[index] not in known:
        index += 1
    count = len(table.columns) - index
    # pandas numbers the columns of a frame that has no names for them. Where the training had numbers too, they are
    # names: they may stand in another order there.
    numbers = any(column[0].isdecimal() for column in features)
    if table.names is None or not columns[0][0] or (table.numbered and not numbers):
        others = [column for column in columns if column[1] != Use.label]
        _refuse_shuffled_numbers(where, table)
        if count == len(features):
            return list(range(index, index + count))
        if count == len(others):
            return [index + i for i, column in enumerate(others) if column[1] != Use.dropped]
        raise DataError(f"{where}: expected {len(features)} columns, as in {origin}, found {count}. "
                        f"Pass the same columns.")
    names = table.names
    missing = [column[0] for column in features if column[0] not in names]
    extra = [name for i, name in enumerate(names) if i >= index and (name not in known or name in names[:i])]
    if missing or extra:
        found = [f"no {shown(', '.join(missing))}"] if missing else []
        found += [f"in addition {shown(', '.join(extra))}"] if extra else []
        raise DataError(f"{where}: expected the columns of {origin}, found {', and '.join(found)}. "
                        f"Give the columns the same names{', or leave the others out' if extra else ''}.")
    return [names.index(column[0]) for column in features]


def _refuse_shuffled_numbers(where: str, table: Table) -> None:
    """Refuses columns 2, 0, 1 where the training had no names: is 2 a name, or the third place?"""
    names = table.names or []
    if names and not table.numbered and sorted(names) == sorted(map(str, range(len(names)))):
        raise DataError(f"{where}: expected columns in the order of the training, which has no names for them, found the "
                        f"numbers {shown(', '.join(names))[:200]}. Pass frame.to_numpy(), in that order.")


def encode(where: str, table: Table, places: Sequence[int], columns: Sequence[Column], leave_out: bool = False
           ) -> npt.NDArray[Any]:
    """(samples, features) float32, or float64 where a column needs it; a missing number is NaN.

    leave_out: whether a sample with a missing value is NaN in its categories too, so that it is left out later.
    """
    features = [column for column in columns if is_input(column)]
    dropped = _missing_in_any(table, places) if leave_out else np.zeros(table.samples, bool)
    parts = [_one_hot(where, table, place, column[2], dropped) if column[1] == Use.category
             else _numbers(where, table, place)[:, None] for place, column in zip(places, features)]
    width = sum(part.shape[1] for part in parts)
    wide = any(part.dtype == np.float64 for part in parts)
    rows = np.empty((table.samples, width), np.float64 if wide else np.float32)
    at = 0
    for part in parts:
        rows[:, at:at + part.shape[1]] = part
        at += part.shape[1]
    return rows


def input_names(columns: Sequence[Column]) -> list[str]:
    """The column of each input of the model, for errors."""
    names: list[str] = []
    for i, (name, use, categories) in enumerate(columns):
        described = f"column {shown(name) if name else i}"
        names += [described] * {Use.feature: 1, Use.category: len(categories)}.get(use, 0)
    return names


def real_dtype(dtype: np.dtype[Any]) -> Any:
    """float32 where that holds every value of the type, else float64."""
    return np.float32 if np.can_cast(dtype, np.float32, "safe") else np.float64


def numbers_of(values: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Optional[tuple[int, Any]]]:
    """An array as numbers, NaN for missing ones; and the first that is none, with its position."""
    if values.dtype.kind in "biuf":
        return values.astype(real_dtype(values.dtype), copy=False), None
    result = np.empty(values.shape, np.float64)
    flat = result.reshape(-1)
    for i, value in enumerate(values.reshape(-1).tolist()):
        if is_missing(value):
            flat[i] = np.nan
        elif isinstance(value, (Real, Decimal, np.bool_)):
            try:
                flat[i] = float(value)
            except OverflowError:
                return result, (i, value)
        else:
            return result, (i, value)
    return result, None


def are_merged(values: npt.NDArray[Any]) -> bool:
    """Whether different numbers among objects are equal as float64.

    Not where all are integers below 2^64: the core tells of those, also of arrays.
    """
    rounded: dict[float, Any] = {}  # what float64 does not hold
    exact: set[float] = set()
    merged = identifiers = False
    for value in values.reshape(-1).tolist():
        if is_missing(value) or not isinstance(value, (Real, Decimal)):
            continue
        try:
            number = float(value)
        except OverflowError:
            continue  # refused elsewhere
        if not math.isfinite(number):
            continue
        if _is_kept(value, number):
            exact.add(number)
        else:
            merged = merged or rounded.setdefault(number, value) != value
        identifiers = identifiers or 2**53 <= abs(number)
    merged = merged or any(number in exact for number in rounded)
    numbers = [*rounded, *exact]
    told = identifiers and all(abs(number) < 2**64 and number.is_integer() for number in numbers)
    return merged and not told


def _is_kept(value: Any, number: float) -> bool:
    """Whether float64 holds a number; a decimal, if its digits are those of the float."""
    if not isinstance(value, Decimal):
        return bool(number == value)
    digits = len(value.as_tuple().digits)
    return digits <= 15 or Decimal(f"{number:.{digits - 1}e}") == value


def warn_of_merged(what: str) -> None:
    logging.getLogger(__package__).warning("%s has different values that are equal in f64, so the model cannot tell them "
                                           "apart. Leave an identifier out.", what)


def warn_of_merged_features(where: str, table: Table, columns: Sequence[Column]) -> None:
    """A line for each feature of a training set of which float64 merges numbers."""
    places = [i for i, column in enumerate(columns[:len(table.columns)]) if is_input(column)]
    for feature, place in enumerate(places):
        if columns[place][1] == Use.feature and table.columns[place].dtype.kind == "O" and are_merged(table.columns[place]):
            warn_of_merged(f"{where}: {f'feature {feature}' if table.names is None else _column(table, place)}")


def quoted(value: Any) -> str:
    """A text or an object of another kind, as errors show it."""
    if isinstance(value, str):
        text = shown(value)
        return f'the text "{text if len(text) <= 40 else text[:40] + "..."}"'
    return "a number that is too large" if isinstance(value, Real) else f"a value of type {type(value).__name__}"


def _check_utf8(text: str) -> None:
    if text != text.encode(errors="replace").decode():
        raise DataError(f"[data] x: expected names and texts that UTF-8 can say, found {shown(text)}, which has lone "
                        f"surrogates. Rename it.")


def _column(table: Table, at: int) -> str:
    if table.names is not None and table.names[at] == f"column {at + 1}":  # made up for one without a name
        return table.names[at]
    return f"column {at if table.names is None else shown(table.names[at])}"


def _listed(table: Table, at: int) -> str:
    """How a column is given to drop and the like."""
    name = str(at) if table.names is None else table.names[at]
    plain = not any(c in name for c in ',"')
    return f"{shown(name if plain else chr(34) + name.replace(chr(34), chr(34) * 2) + chr(34))!r}"


def _called(table: Table, name: str) -> int:
    count = len(table.columns)
    if table.names is not None and name in table.names:
        return table.names.index(name)
    try:
        at = int(name)
    except ValueError:
        at = count
    if -count <= at < count:
        return at % count
    known = "" if table.names is None else f"columns of x ({shown(', '.join(table.names))[:200]}), or "
    raise InvalidArgument(f"[python] create_dataset: expected {known}numbers of columns in [{-count}, {count}), found "
                          f"{shown(name)!r}. Correct drop, only or one_hot.")


def _numbers(where: str, table: Table, at: int) -> npt.NDArray[Any]:
    values = table.columns[at]
    if values.dtype.kind not in "biufOU" or values.ndim != 1:
        found = values.dtype.name if values.ndim == 1 else "arrays"
        raise DataError(f"{where}: expected numbers in {_column(table, at)}, found {found}. Convert the "
                        f"column to numbers, or leave it out with drop={_listed(table, at)}.")
    numbers, other = numbers_of(values)
    if other is not None:
        sample, value = other
        ways = f"leave the column out with drop={_listed(table, at)}"
        if isinstance(value, str):
            ways += f", or encode its texts with one_hot={_listed(table, at)}"
        raise DataError(f"{where}: expected a number in {_column(table, at)}, found {quoted(value)} in sample {sample}. "
                        f"Correct it, {'or ' if not isinstance(value, str) else ''}{ways}.")
    return numbers


def _missing_in_any(table: Table, places: Sequence[int]) -> npt.NDArray[np.bool_]:
    """By sample: whether one of these columns has no value."""
    missing = np.zeros(table.samples, bool)
    for place in places:
        values = table.columns[place]
        if values.dtype.kind == "f" and values.ndim == 1:
            missing |= np.isnan(values)
        elif values.dtype.kind == "O":
            missing |= np.fromiter(map(is_missing, values.tolist()), bool, table.samples)
    return missing


def _texts(values: npt.NDArray[Any]) -> list[Optional[str]]:
    """Categories as texts, as pandas' to_csv writes them; None where they are missing."""
    # NumPy's own numbers know how many digits tell them apart: 0.1 in float32 is "0.1".
    texts = [None if is_missing(value) else str(value) for value in (values if values.dtype.kind == "f" else values.tolist())]
    if values.dtype.kind == "f" and None in texts and all(text is None or text.endswith(".0") for text in texts):
        texts = [text and text[:-2] for text in texts]  # pandas has integers as floats where others are missing
    return texts


def _other_spelling(text: str) -> str:
    """A whole number with or without a decimal point: a column may be integers in one frame and floats in another."""
    if text.endswith(".0"):
        return text[:-2]
    return text + ".0" if text.lstrip("-").isdecimal() else text


def _categories(table: Table, at: int, kept: npt.NDArray[np.bool_]) -> list[str]:
    if table.columns[at].dtype.kind in "mM":
        raise DataError(f"[data] x: expected texts or numbers in {_column(table, at)}, found {table.columns[at].dtype.name}. "
                        f"Convert the column to texts, or leave it out with drop={_listed(table, at)}.")
    categories = sorted({text for text in _texts(table.columns[at][kept]) if text is not None})
    for category in categories:
        _check_utf8(category)
    if len(categories) > _core.MOST_CATEGORIES:
        raise DataError(f"[data] x: expected at most {_core.MOST_CATEGORIES} different texts in {_column(table, at)}, found "
                        f"{len(categories)}. Leave the column out with drop={_listed(table, at)}.")
    return categories


def _one_hot(where: str, table: Table, at: int, categories: Sequence[str], dropped: npt.NDArray[np.bool_]
             ) -> npt.NDArray[np.float32]:
    position = {_other_spelling(category): i for i, category in enumerate(categories)}
    position.update({category: i for i, category in enumerate(categories)})
    part = np.zeros((table.samples, len(categories)), np.float32)
    for sample, text in enumerate(_texts(table.columns[at])):
        if dropped[sample]:
            part[sample] = np.nan
        elif text is None:
            raise DataError(f"{where}: expected a text in {_column(table, at)}, found a missing value in sample "
                            f"{sample}. Fill it in, or leave such samples out.")
        elif text in position:
            part[sample, position[text]] = 1
        else:
            _refuse_category(where, table, at, sample, text)
    return part


def _refuse_category(where: str, table: Table, at: int, sample: int, text: str) -> NoReturn:
    raise DataError(f"{where}: expected a text of the training set in {_column(table, at)}, found {quoted(text)[9:]} in "
                    f"sample {sample}. Remove the sample, or train on samples like it.")
