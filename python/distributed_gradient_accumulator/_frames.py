# SPDX-License-Identifier: Apache-2.0
"""Frames and series of pandas and Polars as columns, by what they look like: neither package is imported."""

from __future__ import annotations

import re
from typing import Any, NamedTuple, Optional

import numpy as np
import numpy.typing as npt


class Table(NamedTuple):
    """Samples by column."""

    samples: int
    columns: list[npt.NDArray[Any]]  # each (samples), of any type
    names: Optional[list[str]]  # None: the columns have only positions
    numbered: bool = False  # whether the names are 0, 1, … as pandas makes them up
    index_columns: int = 0  # how many of the first columns are an index, as pandas' to_csv writes it


def is_frame(value: Any) -> bool:
    """Whether `value` is two-dimensional with named columns: a frame, or a table of Arrow."""
    return (_dimensions(value) == 2 and hasattr(value, "columns")
            and (hasattr(value, "dtypes") or hasattr(value, "column_names")))


def is_series(value: Any) -> bool:
    """Whether `value` is one column with a name."""
    return (_dimensions(value) == 1 and hasattr(value, "name") and hasattr(value, "dtype")
            and hasattr(value, "to_numpy"))


def table_of_frame(frame: Any) -> Table:
    """The columns of a frame, in its order."""
    if hasattr(frame, "column_names"):
        labels, columns = list(frame.column_names), list(frame.columns)
    else:
        labels = list(frame.columns)
        columns = [frame.iloc[:, i] if hasattr(frame, "iloc") else frame[label] for i, label in enumerate(labels)]
    values = [np.asarray(column) for column in columns]
    index = 0
    while index + 1 < len(labels) and _is_index(labels[index], values[index]):
        index += 1
    return Table(int(frame.shape[0]), values, _names(labels), _are_counted(labels), index)


def _are_counted(labels: list[Any]) -> bool:
    """Whether labels are the integers 0, 1, …"""
    integers = all(isinstance(label, (int, np.integer)) and not isinstance(label, bool) for label in labels)
    return integers and labels == list(range(len(labels)))


def _is_index(label: Any, values: npt.NDArray[Any]) -> bool:
    """Whether a column is an index that was written with a table and read back, perhaps twice."""
    unnamed = isinstance(label, str) and re.fullmatch(r"(Unnamed: \d+(\.\d+)?)?", label) is not None
    return unnamed and (values.size == 0 or values.dtype.kind in "iu" and np.unique(values).size == values.size)


def table_of_series(series: Any) -> Table:
    """A table of one column."""
    values = np.asarray(series)
    return Table(len(values), [values], None if series.name in (None, "") else _names([series.name]))


def is_named_column(series: Any) -> bool:
    """Whether a series is a column of a frame, such as frame["a"], and no row, such as frame.iloc[0]."""
    labels = getattr(series, "index", None)
    counted = labels is None or not any(isinstance(label, str) for label in labels)
    return isinstance(series.name, str) and series.name != "" and counted


def table_of_row(series: Any) -> Table:
    """One sample, as frame.iloc[0] has it: its index holds the names of the columns."""
    labels = list(getattr(series, "index", range(len(series))))
    values = np.asarray(series, dtype=object)
    return Table(1, [values[i:i + 1] for i in range(len(values))], _names(labels), _are_counted(labels))


def label_name(y: Any) -> Optional[str]:
    """The name of the label, where y has one."""
    if is_frame(y) and y.shape[1] == 1:
        return _names(list(y.columns))[0]
    return str(y.name) if is_series(y) and y.name not in (None, "") else None


def is_missing(value: Any) -> bool:
    """Whether an object stands for a missing value: None, NaN, NaT or pandas' NA."""
    return value is None or type(value).__name__ in ("NAType", "NaTType") or (
        isinstance(value, (float, np.floating)) and bool(value != value))


def _dimensions(value: Any) -> int:
    shape = getattr(value, "shape", None)
    return len(shape) if isinstance(shape, tuple) else -1


def _names(labels: list[Any]) -> list[str]:
    return [str(label) if str(label) else f"column {i + 1}" for i, label in enumerate(labels)]
