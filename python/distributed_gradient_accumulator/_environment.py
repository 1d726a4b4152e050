# SPDX-License-Identifier: Apache-2.0
"""The parallel environment of this process."""

from __future__ import annotations

import io
import os
import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Optional

from . import _core
from ._arguments import bound_to_process, checked, takes_options
from ._errors import InvalidArgument

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._option_types import EnvironmentOptions

_WORKER_PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "dga-worker")
_lock = threading.Lock()
_open: Optional[Environment] = None
_ends_others = False
_silenced: Any = None  # the standard output of a rank that does not print


class _Nowhere(io.TextIOBase):
    """What ranks other than 0 print to."""

    def write(self, text: str) -> int:
        return len(text)

    def writable(self) -> bool:
        return True


class Environment:
    """The parallel environment, opened by create_environment; closes itself at the end of a with block."""

    def __init__(self, engine: str, machine: str) -> None:
        self._engine = engine
        self._machine = machine

    @property
    def engine(self) -> str:
        """What workers are made of: "threads", "processes" or "mpi"."""
        return self._engine

    @property
    def machine(self) -> str:
        """The machine in words."""
        return self._machine

    def close(self) -> None:
        """Closes it, if it is still the open one."""
        if _open is self:
            close()

    def __enter__(self) -> Environment:
        return self

    def __exit__(self, kind: Optional[type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise bound_to_process("an Environment", "Call create_environment where you need one.")

    def __repr__(self) -> str:
        state = "open" if _open is self else "closed"
        return f"Environment of {self._engine}, {state}: {self._machine}"


@takes_options("environment")
def create_environment(engine: str = "auto", *, print_ranks: str = "first",
                       **options: Unpack[EnvironmentOptions]) -> Environment:
    """Opens the parallel environment of this process.

    {options}
    print_ranks: With MPI, which ranks print: "first" discards what all ranks but 0 print() until the
        environment is closed; "all" leaves standard output alone.

    Raises InvalidArgument (a ValueError) when one is open already, when a value is out of bounds, and
    for the engines threads and processes on one of several MPI ranks; TypeError for a value of
    another type.

    >>> with create_environment(engine="threads") as environment:
    ...     print(environment.engine)
    threads
    """
    global _open
    given = checked(create_environment, {"engine": engine, **options})
    if print_ranks not in ("first", "all"):
        raise InvalidArgument(f"[python] print_ranks: expected 'first' or 'all', found {print_ranks!r}.")
    with _lock:
        info = _core.create_environment(given, _WORKER_PROGRAM)
        _open = Environment(info["engine"], info["machine"])
        if info["engine"] == "mpi":
            _end_the_others_when_this_fails()
            if print_ranks == "first" and _core.launched_rank() not in (None, 0):
                _silence()
        return _open


def require_environment() -> None:
    """Opens a default environment where none is open."""
    with _lock:
        if _open is not None:
            return
    create_environment()


def close() -> None:
    """Closes the environment and forgets data and results. Does nothing when none is open.

    A program that never calls it ends cleanly all the same.
    """
    global _open
    with _lock:
        _core.close()
        _open = None
        _unsilence()


def _end_the_others_when_this_fails() -> None:
    """The other ranks wait for one that ends by an exception, and it would wait for them."""
    global _ends_others
    if _ends_others:
        return
    _ends_others = True
    show = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: Optional[TracebackType]) -> None:
        show(kind, error, trace)
        _core.end_without_others()

    sys.excepthook = hook


def _silence() -> None:
    global _silenced
    if _silenced is None:
        _silenced = sys.stdout
        sys.stdout = _Nowhere()


def _unsilence() -> None:
    global _silenced
    if _silenced is not None:
        if isinstance(sys.stdout, _Nowhere):
            sys.stdout = _silenced
        _silenced = None
