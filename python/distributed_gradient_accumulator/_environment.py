# SPDX-License-Identifier: Apache-2.0
"""The parallel environment of this process."""

from __future__ import annotations

import io
import os
import sys
import threading
from types import TracebackType
from typing import Any, NoReturn, Optional

from . import _core
from ._arguments import bound_to_process, integer, number, text
from ._errors import InvalidArgument

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


def create_environment(engine: str = "auto", *, timeout: float = 300.0, ranks_per_node: int = 0,
                       print_ranks: str = "first") -> Environment:
    """Opens the parallel environment of this process.

    engine: "threads", "processes", "mpi", or "auto": mpi under mpirun or srun, else threads.
    timeout: seconds one worker waits for another before the run fails.
    ranks_per_node: MPI: how many ranks count as one node; 0 asks MPI.
    print_ranks: MPI: "first" sends what print() says to nowhere on all ranks but 0, until the
    environment is closed; "all" leaves standard output alone.

    Raises InvalidArgument (a ValueError) when one is open already or an argument makes no sense.

    >>> with create_environment(engine="threads") as environment:
    ...     print(environment.engine)
    threads
    """
    global _open
    seconds = number("timeout", timeout)
    if not 0 < seconds <= 1e9:
        raise InvalidArgument(f"[python] timeout: expected more than 0 and at most 1e9 seconds, found {seconds}.")
    ranks = integer("ranks_per_node", ranks_per_node)
    if not 0 <= ranks <= 4096:
        raise InvalidArgument(f"[python] ranks_per_node: expected 0 to 4096, found {ranks}.")
    if print_ranks not in ("first", "all"):
        raise InvalidArgument(f"[python] print_ranks: expected 'first' or 'all', found {print_ranks!r}.")
    with _lock:
        info = _core.create_environment(text("engine", engine), seconds, ranks, _WORKER_PROGRAM)
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
