# SPDX-License-Identifier: Apache-2.0
"""The caller's own losses and metrics: what they return is checked here, as they are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Optional, Union

import numpy as np
import numpy.typing as npt

from ._arguments import wrong_type
from ._errors import InvalidArgument

Array = npt.NDArray[Any]
LossFunction = Callable[[Array, Array], "tuple[Any, Any]"]
MetricFunction = Callable[[Array, Array], Any]


def _real(name: str, value: Any) -> float:
    """What a function returned, as a float; unlike an argument it may be an array or a tensor of one number."""
    if isinstance(value, (str, bytes)):
        raise wrong_type(name, "a number", value)
    try:
        return float(value)
    except (TypeError, ValueError):
        raise wrong_type(name, "a number", value) from None


def checked_loss(loss: Optional[LossFunction]) -> Optional[Callable[[Array, Array], tuple[float, Array]]]:
    """`loss` as the core calls it: it returns a float, and float32 of the scores' shape in C order."""
    if loss is None:
        return None
    if not callable(loss):
        raise wrong_type("loss", "a callable", loss)
    function = loss

    def call(output: Array, target: Array) -> tuple[float, Array]:
        answer = function(output, target)
        if not isinstance(answer, tuple) or len(answer) != 2:
            raise TypeError(f"[python] loss: expected it to return a tuple (value, gradient), found "
                            f"{type(answer).__name__}.")
        gradient = np.asarray(answer[1])
        if gradient.dtype.kind not in "fiu":
            raise TypeError(f"[python] loss: expected a gradient of real numbers, found {gradient.dtype}.")
        if gradient.shape != output.shape:
            raise InvalidArgument(f"[python] loss: expected a gradient by the outputs, of shape {output.shape}, found "
                                  f"{gradient.shape}.")
        return _real("loss", answer[0]), np.ascontiguousarray(gradient, dtype=np.float32)

    return call


def checked_metrics(metrics: Optional[Mapping[str, MetricFunction]]
                    ) -> list[tuple[str, Callable[[Array, Array], float]]]:
    """`metrics` as the core calls them: each returns a float."""
    if metrics is None:
        return []
    if not isinstance(metrics, Mapping):
        raise wrong_type("metrics", "a dict of names and callables", metrics)

    def checked(name: Union[str, Any], function: Any) -> tuple[str, Callable[[Array, Array], float]]:
        if not isinstance(name, str):
            raise wrong_type("metrics", "names that are texts", name)
        if not callable(function):
            raise wrong_type(f"metrics[{name!r}]", "a callable", function)
        return name, lambda output, target: _real(f"metrics[{name!r}]", function(output, target))

    return [checked(name, function) for name, function in metrics.items()]
