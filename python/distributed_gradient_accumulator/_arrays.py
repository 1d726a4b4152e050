# SPDX-License-Identifier: Apache-2.0
"""Arrays of any library as NumPy arrays, without a copy where the layout allows."""

from __future__ import annotations

from typing import Any, NoReturn, Optional

import numpy as np
import numpy.typing as npt

from ._arguments import wrong_type
from ._columns import are_merged, numbers_of, quoted, real_dtype, warn_of_merged
from ._errors import DataError
from ._frames import Table, is_frame, is_missing, is_series, table_of_frame, table_of_series


def as_numpy(name: str, value: Any) -> npt.NDArray[Any]:
    """Through DLPack, the buffer or the array protocol, or as a nested sequence: numbers, texts or objects."""
    try:
        if hasattr(value, "__dlpack__") and not isinstance(value, np.ndarray):
            return np.from_dlpack(value)
        if isinstance(value, np.ma.MaskedArray) and np.any(value.mask):
            value = np.ma.filled(value.astype(np.float64 if value.dtype.kind in "biuf" else object), np.nan)
        array = np.asarray(value)
        if array.dtype.kind == "U" and not isinstance(value, np.ndarray):
            array = np.asarray(value, dtype=object)  # numbers beside texts stay numbers
        elif array.dtype.kind == "f" and isinstance(value, (list, tuple)) and np.any(np.abs(array) >= 2**53):
            objects = np.asarray(value, dtype=object)
            if any(isinstance(number, (int, np.integer)) for number in objects.flat):
                array = objects  # NumPy has integers as floats beside negative ones or floats
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TypeError(f"[python] {name}: expected an array of numbers in main memory, found "
                        f"{type(value).__name__} ({reason}).") from None
    if array.dtype.kind == "O" and array.ndim == 0:
        raise wrong_type(name, "an array of real numbers", value)
    if array.dtype.kind not in "biufOU":
        raise TypeError(f"[python] {name}: expected an array of real numbers, found one of {array.dtype.name}.")
    return array


def table_of(name: str, value: Any) -> Optional[Table]:
    """The columns of a frame, a series with a name, or an array of objects or texts; None for an array of numbers."""
    if is_frame(value):
        return table_of_frame(value)
    if is_series(value):
        return table_of_series(value)
    array = as_numpy(name, value)
    return table_of_array(array) if array.dtype.kind in "OU" and array.ndim <= 2 else None


def table_of_array(array: npt.NDArray[Any]) -> Table:
    """The columns of an array of one or two dimensions."""
    columns = array.reshape(len(array), -1) if array.size else array.reshape(len(array), *array.shape[1:2] or (1,))
    return Table(len(array), list(columns.T), None)


def features(name: str, value: Any) -> npt.NDArray[Any]:
    """(samples, …) in C order; one-dimensional input is one feature a sample.

    float32 where that holds every value of the type, else float64.
    """
    array = as_numpy(name, value)
    if array.ndim == 0:
        raise DataError(f"[data] {name}: expected an array of samples, (samples, features), found a single number. "
                        f"Pass a two-dimensional array.")
    array, other = numbers_of(array)
    if other is not None:
        raise DataError(f"[data] {name}: expected numbers, found {quoted(other[1])}. Pass numbers only.")
    result = np.ascontiguousarray(array, dtype=real_dtype(array.dtype))
    return result.reshape(-1, 1) if result.ndim == 1 else result


def labels(name: str, value: Any, samples: int, regression: bool) -> tuple[npt.NDArray[Any], list[str]]:
    """(samples) int64 labels, or positions in the texts beside them; of a regression real numbers, and no texts."""
    if is_frame(value) and value.shape[1] == 1:
        value = table_of_frame(value).columns[0]
    array = as_numpy(name, value)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or array.shape[0] != samples:
        raise DataError(f"[data] {name}: expected one label a sample, shape ({samples},), found shape "
                        f"{tuple(array.shape)}. Pass as many labels as samples.")
    if array.dtype.kind == "U":
        array = array.astype(object)
    if regression and array.dtype.kind == "O" and are_merged(array):
        warn_of_merged(f"[data] {name}: the target")
    if array.dtype.kind == "O":
        if not regression and any(isinstance(label, str) for label in array):
            return _text_labels(name, array)
        array = _number_labels(name, array, regression)
    if regression:
        return np.ascontiguousarray(array, dtype=real_dtype(array.dtype)), []
    if array.dtype.kind == "f":
        array = array.astype(np.float64, copy=False)
        if np.any(np.isnan(array)):
            _refuse_missing(name, int(np.argmax(np.isnan(array))))
        if not np.all(np.isfinite(array)) or np.any(array != np.trunc(array)) or np.any(np.abs(array) >= 2**53):
            raise DataError(f"[data] {name}: expected whole numbers as labels, found others. "
                            f"Pass task='regression' for real ones.")
    elif array.dtype.kind == "u" and array.size and int(array.max()) >= 2**63:
        _refuse_long(name, int(array.max()))
    return np.ascontiguousarray(array, dtype=np.int64), []


def _refuse_missing(name: str, sample: int) -> None:
    raise DataError(f"[data] {name}: expected a label for each sample, found a missing value in sample {sample}. "
                    f"Remove such samples, or fill in their labels.")


def _refuse_long(name: str, label: int) -> NoReturn:
    raise DataError(f"[data] {name}: expected labels from -2^63 to 2^63 - 1, found {label}. Use smaller ones.")


def _text_labels(name: str, array: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Texts, sorted, and the position of each label in them."""
    for sample, label in enumerate(array):
        if is_missing(label):
            _refuse_missing(name, sample)
        if not isinstance(label, str):
            raise DataError(f"[data] {name}: expected texts as labels like others of them, found a value of type "
                            f"{type(label).__name__} in sample {sample}. Convert all labels to texts, or all to numbers.")
    texts = sorted({str(label) for label in array})
    for text in texts:
        if text != text.encode(errors="replace").decode():
            raise DataError(f"[data] {name}: expected labels that UTF-8 can say, found one with lone surrogates. "
                            f"Rename it.")
    position = {text: i for i, text in enumerate(texts)}
    return np.array([position[label] for label in array], dtype=np.int64), texts


def _number_labels(name: str, array: npt.NDArray[Any], regression: bool) -> npt.NDArray[Any]:
    """Objects as integers, or as real numbers for a regression."""
    numbers, other = numbers_of(array)
    if other is not None:
        raise DataError(f"[data] {name}: expected {'numbers' if regression else 'whole numbers or texts'} as labels, "
                        f"found {quoted(other[1])} in sample {other[0]}. Convert them.")
    if not regression and all(isinstance(label, (int, np.integer)) for label in array):
        for label in array:
            if not -2**63 <= int(label) < 2**63:
                _refuse_long(name, int(label))
        return np.array([int(label) for label in array], dtype=np.int64)
    return numbers
