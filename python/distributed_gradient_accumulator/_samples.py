# SPDX-License-Identifier: Apache-2.0
"""Samples in memory, as training and predictions take them: arrays by position, frames by name."""

from __future__ import annotations

import logging
import math
from typing import Any, Optional

import numpy as np
import numpy.typing as npt

from . import _core
from ._arguments import shown
from ._arrays import features, labels, table_of, table_of_array
from ._columns import (Choice, Column, Use, choose, encode, input_names, is_input, match, unnamed,
                       warn_of_merged_features)
from ._errors import DataError, InvalidArgument
from ._frames import is_named_column, is_series, label_name, table_of_row

_LARGEST = float(np.finfo(np.float32).max)


def dataset_of(train: tuple[Any, Any], test: tuple[Any, Any], validation: tuple[Any, Any], regression: bool,
               choice: Choice, workers: int) -> _core.ClientDataset:
    """A dataset of pairs of x and y; a set without x is none."""
    rows, columns = _training(train[0], label_name(train[1]), choice)
    y_rows, texts = labels("y", train[1], len(rows), regression)
    others: list[Optional[tuple[npt.NDArray[Any], npt.NDArray[Any], list[str]]]] = []
    for prefix, (x, y) in (("test_", test), ("val_", validation)):
        if x is None:
            others.append(None)
            continue
        like = _like_training(f"{prefix}x", x, columns, choice.missing == "drop")
        if len(like) == 0:
            raise DataError(f"[data] {prefix}x: expected at least one sample, found none. Pass some, or leave it out.")
        others.append((like, *labels(f"{prefix}y", y, len(like), regression)))
    if workers > len(rows):
        raise InvalidArgument(f"[python] num_client_items: expected at least one sample a worker, found "
                              f"{len(rows)} samples for {workers} workers. Use fewer workers or more data.")
    return _core.dataset_from_arrays((rows, y_rows, texts), others[0], others[1], columns, choice.missing)


def _training(x: Any, label: Optional[str], choice: Choice) -> tuple[npt.NDArray[Any], list[Column]]:
    table = table_of("x", x)
    if table is None:
        rows = features("x", x)
        if not (choice.left_out or choice.only_features or choice.encoded):
            return rows, unnamed(math.prod(rows.shape[1:])) if choice.missing != "error" else []
        if rows.ndim > 2:
            raise DataError(f"[data] x: expected columns to choose from, (samples, features), found shape "
                            f"{tuple(rows.shape)}. Leave out drop, only and one_hot.")
        table = table_of_array(rows)
    if table.index_columns > 0:
        logging.getLogger(__package__).warning("[data] x: the first column has no name and holds different integers. It "
                                               "is left out, as an index.")
    columns = choose(table, label, choice)
    places = [i for i, column in enumerate(columns) if is_input(column)]
    rows = encode("[data] x", table, places, columns, choice.missing == "drop")
    warn_of_merged_features("[data] x", table, columns)
    return rows, columns


def _like_training(name: str, x: Any, columns: list[Column], leave_out: bool) -> npt.NDArray[Any]:
    table = table_of(name, x)
    if table is None:
        rows = features(name, x)
        if not columns or rows.ndim > 2 or _is_plain(columns, rows.shape[1]):
            return rows
        table = table_of_array(rows)
    columns = columns or unnamed(len(table.columns) - table.index_columns)
    places = match(f"[data] {name}", table, columns, "x")
    return encode(f"[data] {name}", table, places, columns, leave_out)


def rows_for(model: _core.Model, x: Any) -> npt.NDArray[Any]:
    """(samples, features) of `x` as the model takes them; a single sample may come without its first dimension."""
    columns = model.columns or unnamed(model.num_features)
    wanted = sum(map(is_input, columns))
    if is_series(x) and wanted > 1 and is_named_column(x):
        raise DataError(f"[python] x: expected samples of {wanted} features, found the one column {shown(x.name)}. Pass "
                        f"the whole frame, or for a single sample a list or an array.")
    table = table_of_row(x) if is_series(x) and wanted > 1 else table_of("x", x)
    if table is None:
        rows = features("x", x)
        if rows.shape == (0, 1):
            rows = rows.reshape(0, wanted)
        if rows.shape == (wanted, 1) and wanted != 1:
            rows = rows.reshape(1, -1)
        if rows.ndim > 2 or _is_plain(columns, rows.shape[1]) or not model.columns:
            return _checked(model, columns, rows)
        table = table_of_array(rows)
    elif table.names is None and len(table.columns) == 1 != wanted:
        table = table_of_array(table.columns[0].reshape(-1 if table.samples else 0, wanted)
                               if table.samples in (0, wanted) else table.columns[0])
    places = match("[python] x", table, columns, "the model")
    return _checked(model, columns, encode("[python] x", table, places, columns))


def _is_plain(columns: list[Column], width: int) -> bool:
    """Whether rows of this width are the features of `columns` as they are."""
    uses = [use for _, use, _ in columns]
    return Use.category not in uses and width == uses.count(Use.feature)


def _checked(model: _core.Model, columns: list[Column], rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if math.prod(rows.shape[1:]) != model.num_features:
        raise DataError(f"[python] x: expected samples of {model.num_features} features, found shape "
                        f"{tuple(rows.shape)}. Pass samples like those the model was trained on.")
    rows = np.ascontiguousarray(rows.reshape(len(rows), model.num_features))
    bad = ~(np.abs(rows) <= _LARGEST)
    if model.missing == "mean":
        bad &= ~np.isnan(rows)
    if bad.any():
        sample, feature = np.argwhere(bad)[0]
        raise DataError(f"[python] x: expected finite numbers that float32 can hold, found {rows[sample, feature]} in "
                        f"sample {sample}, {input_names(columns)[feature]}. Remove such samples, or fill them in.")
    return rows
