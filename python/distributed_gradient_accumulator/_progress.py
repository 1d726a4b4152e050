# SPDX-License-Identifier: Apache-2.0
"""How far a run has come: a tqdm bar in terminals and notebooks, and the caller's callbacks."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, Optional

EpochCallback = Callable[[dict[str, Any]], Optional[bool]]
StepCallback = Callable[[dict[str, Any]], None]


def _is_interactive() -> bool:
    if "ipykernel" in sys.modules:
        return True
    # A dumb terminal cannot redraw a line.
    return bool(sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM", "") not in ("", "dumb"))


def _tqdm(wanted: Optional[bool]) -> Any:
    if wanted is False or (wanted is None and not _is_interactive()):
        return None
    try:
        from tqdm.auto import tqdm
    except ImportError:
        if wanted:
            raise ImportError("[python] progress: expected the package tqdm, found none. pip install tqdm.") from None
        return None
    return tqdm


class Progress:
    """Called by worker 0 with the GIL held, one call at a time."""

    def __init__(self, show: Optional[bool], on_epoch: Optional[EpochCallback],
                 on_step: Optional[StepCallback]) -> None:
        self._tqdm = _tqdm(show)
        self._on_epoch = on_epoch
        self._on_step = on_step
        self._bar: Any = None

    @property
    def listens(self) -> bool:
        """Whether there is anybody to tell: without, the workers are spared the calls."""
        return self._tqdm is not None or self._on_epoch is not None or self._on_step is not None

    @property
    def step_interval(self) -> float:
        """Seconds between calls of step_done: a bar cannot be read faster, a callback hears of each step."""
        return 0.0 if self._on_step is not None else 0.1

    def started(self, facts: dict[str, Any]) -> None:
        self.close()
        if self._tqdm is not None:
            self._bar = self._tqdm(total=facts["epochs"] * facts["steps_per_epoch"], unit="step",
                                   desc=f"{facts['workers']} workers", leave=False)

    def step_done(self, step: dict[str, Any]) -> None:
        if self._bar is not None:
            self._bar.update(step["steps"] - self._bar.n)
        if self._on_step is not None:
            self._on_step(step)

    def epoch_done(self, epoch: dict[str, Any]) -> bool:
        if self._bar is not None:
            errors = (epoch.get(name) for name in ("val_error", "test_error", "train_error"))
            error = next((each for each in errors if each is not None), None)
            self._bar.set_postfix(epoch=epoch["epoch"], loss=f"{epoch['loss'] or 0:.4g}",
                                  error="-" if error is None else f"{error:.4g}")
        return self._on_epoch is not None and self._on_epoch(epoch) is True

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
