# SPDX-License-Identifier: Apache-2.0
"""Is the package installed well?"""

from __future__ import annotations

import os
import tempfile

import numpy as np

from . import _core
from ._environment import _WORKER_PROGRAM, close, create_environment
from ._errors import Error, InvalidArgument
from ._problem import DistributedGradientAccumulator, create_dataset, create_factorization_problem


class SelfTest:
    """What self_test found: `passed`, and `lines` in words."""

    def __init__(self, passed: bool, lines: list[str]) -> None:
        self.passed = passed
        self.lines = lines

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        return "\n".join([*self.lines, "passed" if self.passed else "FAILED"])


def _weights(engine: str) -> str:
    """The hash of a tiny training on `engine`, with dropout and micro-steps."""
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 4)).astype(np.float32)
    with create_environment(engine=engine, timeout=60), tempfile.TemporaryDirectory() as folder:
        problem = create_factorization_problem(
            dataset=create_dataset(x=x, y=(x.sum(axis=1) > 0).astype(np.int64)), num_client_items=3, hidden=[8],
            dropout=0.2, epochs=2, batch=4, micro_steps=2, progress=False, output=os.path.join(folder, "run"))
        return DistributedGradientAccumulator.apply(problem).weights_sha256


def self_test() -> SelfTest:
    """Trains a tiny network on the engines that can be tried from here, and compares the weights bit for bit.

    Takes seconds, leaves no files. The environment must be closed, and is closed afterwards. Under MPI
    all ranks call it.

    >>> self_test().passed
    True
    """
    if _core.launched_rank() is not None:
        report = _core.self_test()
        return SelfTest(report["passed"], report["lines"])
    lines = [f"dga {_core.version()} ({_core.build_description()})"]
    reference = ""
    passed = True
    for engine in ("threads", "processes"):
        try:
            weights = _weights(engine)
            same = weights == (reference or weights)
            reference = reference or weights
            passed = passed and same
            lines.append(f"{engine}: 3 workers, weights {weights[:12]}"
                         + (", ok" if same else ", which differ from the first engine's"))
        except InvalidArgument:
            raise
        except (Error, OSError) as error:
            passed = False
            lines.append(f"{engine}: failed: {error}")
            close()
    if not os.access(_WORKER_PROGRAM, os.X_OK):
        lines.append(f"missing: {_WORKER_PROGRAM}, which worker processes are. Install the package again.")
        passed = False
    mpi = _core.mpi_version()
    lines.append(f"mpi: {mpi}, not tried: this program was not started by mpirun or srun" if mpi else
                 "mpi: missing: the package was built without one")
    return SelfTest(passed, lines)
