# SPDX-License-Identifier: Apache-2.0
"""dga: distributed training for LibTorch.

    import distributed_gradient_accumulator as dga
    problem = dga.Create(data_dir="data/digits", num_client_items=30, data_size=100, num_factorization_levels=1)
    results = dga.DistributedGradientAccumulator.apply(problem)
    print(dga.time.mean(), dga.error.mean())
    dga.Close()

docs/python.md in the repository walks through it.
"""

import logging as _logging

from . import _core
from ._environment import Environment, close, create_environment
from ._errors import DataError, DataNotFound, Error, InvalidArgument, StorageError, WorkerFailure
from ._problem import (ClientDataset, Create, DistributedGradientAccumulator, FactorizationProblem, assign_tasks,
                       create_dataset, create_factorization_problem, get_results, last_error, last_time, prepare_data,
                       run)
from ._results import Results, load
from ._self_test import SelfTest, self_test
from ._values import LastRun, WorkerValues

__version__ = _core.version()

#: Seconds of each worker, and errors of each worker, in the last run of this process.
time = LastRun("time", last_time)
error = LastRun("error", last_error)

Close = close

_logger = _logging.getLogger(__name__)
_core.send_log_to(_logger.log)

__all__ = [
    "ClientDataset", "Close", "Create", "DataError", "DataNotFound", "DistributedGradientAccumulator", "Environment",
    "Error", "FactorizationProblem", "InvalidArgument", "LastRun", "Results", "SelfTest", "StorageError",
    "WorkerFailure", "WorkerValues", "assign_tasks", "close", "create_dataset", "create_environment",
    "create_factorization_problem", "error", "get_results", "load", "prepare_data", "run", "self_test", "time",
]
