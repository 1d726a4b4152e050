# SPDX-License-Identifier: Apache-2.0
"""A quantity that each worker has one of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Optional

import numpy as np
import numpy.typing as npt

from ._errors import InvalidArgument


class WorkerValues:
    """One value a worker: seconds, or errors.

    >>> WorkerValues("error", "a fraction", 0.25, [0.5, 0.0, None])
    error of 3 workers: mean 0.25, from 0 to 0.5 (a fraction)
    """

    def __init__(self, name: str, unit: str, mean: Optional[float], values: Sequence[Optional[float]]) -> None:
        self._name = name
        self._unit = unit
        self._mean = float("nan") if mean is None else float(mean)
        self._values = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        self._values.flags.writeable = False

    def mean(self) -> float:
        """The mean over the workers, of errors weighted by samples; NaN where no worker has a value."""
        return self._mean

    @property
    def values(self) -> npt.NDArray[np.float64]:
        """(workers) float64, read-only; NaN where a worker has nothing to say."""
        return self._values

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[float]:
        return iter(self._values.tolist())

    def __getitem__(self, worker: int) -> float:
        return float(self._values[worker])

    def __reduce__(self) -> tuple[Any, ...]:
        # NumPy's own copies of an array can be written to.
        return WorkerValues, (self._name, self._unit, self._mean, self._values.tolist())

    def __repr__(self) -> str:
        known = self._values[~np.isnan(self._values)]
        span = f", from {known.min():.4g} to {known.max():.4g}" if known.size else ""
        workers = f"{len(self)} worker{'' if len(self) == 1 else 's'}"
        return f"{self._name} of {workers}: mean {self._mean:.4g}{span} ({self._unit})"


class LastRun:
    """The WorkerValues of the last run of this process, looked up at each use.

    Before any run everything but repr raises InvalidArgument with what to do.
    """

    def __init__(self, name: str, look_up: Callable[[], WorkerValues]) -> None:
        self._name = name
        self._look_up = look_up

    def mean(self) -> float:
        """See WorkerValues.mean."""
        return self._look_up().mean()

    @property
    def values(self) -> npt.NDArray[np.float64]:
        """See WorkerValues.values."""
        return self._look_up().values

    def __len__(self) -> int:
        return len(self._look_up())

    def __iter__(self) -> Iterator[float]:
        return iter(self._look_up())

    def __getitem__(self, worker: int) -> float:
        return self._look_up()[worker]

    def __repr__(self) -> str:
        try:
            return repr(self._look_up())
        except InvalidArgument:
            return f"{self._name} of the last run: no run has ended yet"
