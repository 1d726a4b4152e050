# SPDX-License-Identifier: Apache-2.0
"""Arrays of any library as NumPy arrays, without a copy where the layout allows."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
import numpy.typing as npt

from ._arguments import wrong_type
from ._errors import DataError


def as_numpy(name: str, value: Any) -> npt.NDArray[Any]:
    """Through DLPack, the buffer or the array protocol, or as a nested sequence of numbers."""
    try:
        if hasattr(value, "__dlpack__") and not isinstance(value, np.ndarray):
            return np.from_dlpack(value)
        array = np.asarray(value)
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TypeError(f"[python] {name}: expected an array of numbers in main memory, found "
                        f"{type(value).__name__} ({reason}).") from None
    if array.dtype.kind not in "biuf":
        raise wrong_type(name, "an array of real numbers", array.dtype.type())
    return array


def features(name: str, value: Any) -> npt.NDArray[np.float32]:
    """(samples, …) float32 in C order; one-dimensional input is one feature a sample."""
    array = as_numpy(name, value)
    if array.ndim == 0:
        raise DataError(f"[data] {name}: expected an array of samples, (samples, features), found a single number. "
                        f"Pass a two-dimensional array.")
    with np.errstate(over="ignore"):
        result = np.ascontiguousarray(array, dtype=np.float32)
    return result.reshape(-1, 1) if result.ndim == 1 else result


def labels(name: str, value: Any, samples: int, regression: Optional[bool]) -> npt.NDArray[Any]:
    """(samples) int64 for classification, float32 for regression."""
    array = as_numpy(name, value)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or array.shape[0] != samples:
        raise DataError(f"[data] {name}: expected one label a sample, shape ({samples},), found shape "
                        f"{tuple(array.shape)}. Pass as many labels as samples.")
    if regression:
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(array, dtype=np.float32)
    if array.dtype.kind == "f":
        if not np.all(np.isfinite(array)) or np.any(array != np.trunc(array)) or np.any(np.abs(array) > 2**53):
            raise DataError(f"[data] {name}: expected whole numbers as labels, found others. "
                            f"Pass task='regression' for real ones.")
    elif array.dtype.kind == "u" and array.size and int(array.max()) >= 2**63:
        raise DataError(f"[data] {name}: expected labels below 2^63, found {int(array.max())}. Use smaller ones.")
    return np.ascontiguousarray(array, dtype=np.int64)
