# SPDX-License-Identifier: Apache-2.0
"""The problem API: create, assign, prepare, run, get results."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn, Optional, Union

from . import _core
from ._arguments import bound_to_process, checked, integer, shown, takes_options, wrong_type
from ._columns import Choice
from ._environment import require_environment
from ._errors import InvalidArgument
from ._functions import LossFunction, MetricFunction, checked_loss, checked_metrics
from ._progress import EpochCallback, Progress, StepCallback
from ._results import Results
from ._samples import dataset_of
from ._values import WorkerValues

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._option_types import DatasetOptions, ProblemOptions

Path = Union[str, "os.PathLike[str]"]


class ClientDataset:
    """Samples in memory, shared by all problems that use them."""

    def __init__(self, core: _core.ClientDataset) -> None:
        self._core = core

    @property
    def num_samples(self) -> int:
        """The number of training samples, with those to be held out where the data has no test set."""
        return self._core.num_samples

    @property
    def num_features(self) -> int:
        """The number of features of a sample."""
        return self._core.num_features

    @property
    def num_classes(self) -> int:
        """The number of classes; 0 for regression."""
        return self._core.num_classes

    @property
    def num_test_samples(self) -> int:
        """The number of samples in the data's own test set; 0 without one."""
        return self._core.num_test_samples

    @property
    def num_validation_samples(self) -> int:
        """The number of samples in the validation set; 0 without one."""
        return self._core.num_validation_samples

    @property
    def summary(self) -> dict[str, Any]:
        """What the data was taken for: files (path, use, reason), label, features, classes (name, samples), notices."""
        return self._core.summary

    @property
    def class_names(self) -> list[str]:
        """The labels as the data spells them, in the order of the classes."""
        return self._core.class_names

    def __copy__(self) -> ClientDataset:
        return self  # nothing changes it

    def __deepcopy__(self, memo: dict[int, Any]) -> ClientDataset:
        return self

    def __reduce__(self) -> NoReturn:
        raise bound_to_process("a ClientDataset", "Pickle the arrays or the name of the folder, and call create_dataset "
                                                  "with them.")

    def __repr__(self) -> str:
        kind = f"{self.num_classes} classes" if self.num_classes else "regression"
        return f"ClientDataset of {self.num_samples} samples, {self.num_features} features, {kind}"


class FactorizationProblem:
    """Work to be split over workers."""

    def __init__(self, core: _core.FactorizationProblem, progress: Progress) -> None:
        self._core = core
        self._progress = progress

    @property
    def options(self) -> dict[str, Any]:
        """Every option of its runs, by its name on the command line."""
        return self._core.options

    def __reduce__(self) -> NoReturn:
        raise bound_to_process("a FactorizationProblem", "Call create_factorization_problem again; problem.options has "
                                                         "its options.")

    def __repr__(self) -> str:
        options = self.options
        return f"FactorizationProblem of {options['workers']} workers on {shown(options['data'])}"


@takes_options("dataset")
def create_dataset(data_dir: Optional[Path] = None, num_client_items: int = 0, *, x: Any = None, y: Any = None,
                   test_x: Any = None, test_y: Any = None, val_x: Any = None, val_y: Any = None,
                   **options: Unpack[DatasetOptions]) -> ClientDataset:
    """A dataset from files, or from arrays.

    num_client_items: Number of workers that will share it; 0: not known.
    x, y: Arrays, instead of data_dir: x (samples, …) real numbers, y (samples) integers or texts, or
        real numbers with task="regression". Anything with DLPack, the buffer or the array protocol,
        nested lists, and frames and series of pandas and Polars; float32 in C order is used in
        place, without a copy (do not change it while it is in use).
    test_x, test_y: The held-out samples, as arrays too. The columns of frames are matched by name.
    val_x, val_y: The validation samples, as arrays too: never trained on, they decide early stopping
        and the best epoch.
    {options}

    Raises DataNotFound (a FileNotFoundError) for a path with nothing there, DataError (a
    ValueError) for data that cannot be used, InvalidArgument (a ValueError) for a value that is out of
    bounds, TypeError for a value of another type.

    >>> import numpy as np
    >>> create_dataset(x=np.eye(4), y=[0, 1, 0, 1])
    ClientDataset of 4 samples, 4 features, 2 classes
    """
    given = checked(create_dataset, {"data_dir": data_dir, **options})
    workers = _workers(num_client_items)
    _core.check_options(given)
    if (x is None) == (data_dir is None):
        raise InvalidArgument("[python] create_dataset: expected either data_dir or x and y, found "
                              f"{'both' if x is not None else 'neither'}. Pass one of them.")
    if x is None:
        if any(array is not None for array in (y, test_x, test_y, val_x, val_y)):
            raise InvalidArgument("[python] create_dataset: expected x beside y, test_x, test_y, val_x and val_y, found "
                                  "none.")
        require_environment()
        return ClientDataset(_core.dataset_from_folder(given, workers))
    regression = given.pop("task", None) == "regression"
    choice = Choice(*_core.choice_of(given))
    if y is None or (test_x is None) != (test_y is None) or (val_x is None) != (val_y is None):
        raise InvalidArgument("[python] create_dataset: expected y beside x, test_y beside test_x, and val_y beside "
                              "val_x, found one of them missing.")
    require_environment()
    return ClientDataset(dataset_of((x, y), (test_x, test_y), (val_x, val_y), regression, choice, workers))


def _workers(num_client_items: Any) -> int:
    """The number of workers, 0 where it is left open."""
    given = checked(create_factorization_problem, {"num_client_items": num_client_items})
    _core.check_options(given)
    workers = given.get("num_client_items")
    return workers if isinstance(workers, int) else 0


@takes_options("dataset", "problem")
def create_factorization_problem(
        data_dir: Optional[Path] = None, num_client_items: int = 0, data_size: Optional[int] = None,
        num_factorization_levels: Optional[int] = None, *, dataset: Optional[ClientDataset] = None,
        loss: Optional[LossFunction] = None, metrics: Optional[Mapping[str, MetricFunction]] = None,
        progress: Optional[bool] = None, on_epoch: Optional[EpochCallback] = None,
        on_step: Optional[StepCallback] = None, **options: Unpack[ProblemOptions]) -> FactorizationProblem:
    """A problem: the work of training a network, split over workers.

    data_size: Number of neurons of the one hidden layer; or give hidden.
    dataset: Samples that create_dataset read, instead of data_dir.
    loss: Your own loss function, loss(output, target) -> (value, gradient): the mean over the batch
        and its derivative by output. output: (B, outputs) float32; target: (B,) int64 class numbers,
        or (B, 1) float32, normalised as the network is trained on it.
    metrics: {name: function(output, target) -> number}: means over the samples that the function
        gets, measured on the held-out set after each epoch; for a regression in the data's own units.
    progress: True shows a bar (tqdm), False none, None one in terminals and notebooks.
    on_epoch: Called after each epoch with its dict; returning True ends the training there.
    on_step: Called after each step with a dict: steps (done so far), epoch, loss (worker 0's).
    {options}

    The options are those of dga train. None means the default, and 0 workers mean 'auto'.

    Worker 0 calls the callbacks while the other workers wait, so they must be quick. Each worker
    calls loss and metrics, one worker at a time. Engine processes refuses them: its workers have no
    interpreter. An exception in any of them ends the run, which raises it.

    Raises InvalidArgument (a ValueError), TypeError, DataNotFound (a FileNotFoundError), DataError.

    >>> import numpy as np
    >>> data = create_dataset(x=np.eye(8), y=[0, 1] * 4)
    >>> create_factorization_problem(dataset=data, num_client_items=2, data_size=4)
    FactorizationProblem of 2 workers on (in memory)
    """
    for name, callback in (("on_epoch", on_epoch), ("on_step", on_step)):
        if callback is not None and not callable(callback):
            raise wrong_type(name, "a callable", callback)
    if progress is not None and not isinstance(progress, bool):
        raise wrong_type("progress", "True, False or None", progress)
    if dataset is not None and not isinstance(dataset, ClientDataset):
        raise wrong_type("dataset", "a ClientDataset", dataset)
    given = checked(create_factorization_problem, {
        "data_dir": data_dir, "num_client_items": num_client_items,
        "num_factorization_levels": num_factorization_levels, **options})
    if data_size is not None:
        hidden = [integer("data_size", data_size)]
        if given.setdefault("hidden", hidden) != hidden:
            raise InvalidArgument("[python] data_size: expected it alone, or equal to hidden, found both, and they "
                                  "differ. Pass one of them.")
    if (dataset is None) == (data_dir is None):
        raise InvalidArgument("[python] create_factorization_problem: expected either data_dir or dataset, found "
                              f"{'both' if dataset is not None else 'neither'}. Pass one of them.")
    own_loss = checked_loss(loss)
    own_metrics = checked_metrics(metrics)
    _core.check_options(given)
    require_environment()
    told = Progress(progress, on_epoch, on_step)
    return FactorizationProblem(
        _core.create_problem(given, None if dataset is None else dataset._core, told if told.listens else None,
                             told.step_interval, own_loss, own_metrics), told)


def _core_of(step: str, problem: Any) -> _core.FactorizationProblem:
    if not isinstance(problem, FactorizationProblem):
        raise wrong_type(step, "a FactorizationProblem", problem)
    return problem._core


def assign_tasks(problem: FactorizationProblem) -> list[dict[str, Any]]:
    """Assigns a shard to each worker, and each worker to a node. Under MPI all ranks must call it.

    Raises InvalidArgument (a ValueError) on all ranks if their options or data differ.
    Returns a dict for each worker: worker, node, host, num_samples, num_test_samples, samples (their numbers).
    """
    return _core.assign_tasks(_core_of("assign_tasks", problem))


def prepare_data(problem: FactorizationProblem) -> None:
    """Splits off the held-out samples and measures the normalisation. After assign_tasks."""
    _core.prepare_data(_core_of("prepare_data", problem))


def run(problem: FactorizationProblem) -> None:
    """Trains, and stores the results in files. After prepare_data.

    Ctrl-C ends the run before its next step, saves the model and the results of the finished epochs in
    the run's folder, and raises KeyboardInterrupt. Raises WorkerFailure when a worker failed,
    StorageError when files cannot be written, and what a callback raised.
    """
    core = _core_of("run", problem)
    try:
        _core.run(core)
    finally:
        problem._progress.close()


def get_results(problem: FactorizationProblem) -> Results:
    """The results of the problem's last run. After run."""
    summary = _core.get_results(_core_of("get_results", problem))
    return Results(summary.to_dict(), summary.folder)


class DistributedGradientAccumulator:
    """All steps in one call."""

    @staticmethod
    def apply(problem: FactorizationProblem) -> Results:
        """assign_tasks, prepare_data, run and get_results.

        >>> import numpy as np, tempfile
        >>> data = create_dataset(x=np.repeat(np.eye(2), 8, axis=0), y=[0] * 8 + [1] * 8)
        >>> problem = create_factorization_problem(dataset=data, num_client_items=2, data_size=8, epochs=300,
        ...                                        output=tempfile.mkdtemp())
        >>> DistributedGradientAccumulator.apply(problem).error.mean()
        0.0
        """
        assign_tasks(problem)
        prepare_data(problem)
        run(problem)
        return get_results(problem)


def Create(data_dir: Optional[Path] = None, num_client_items: int = 0, data_size: Optional[int] = None,
           num_factorization_levels: Optional[int] = None, **options: Any
           ) -> Union[ClientDataset, FactorizationProblem]:
    """create_factorization_problem where data_size or num_factorization_levels is given, else create_dataset.

    The arguments are theirs.
    """
    if data_size is None and num_factorization_levels is None:
        return create_dataset(data_dir, num_client_items, **options)
    return create_factorization_problem(data_dir, num_client_items, data_size, num_factorization_levels, **options)


def _signature_of_both() -> inspect.Signature:
    both = {**inspect.signature(create_factorization_problem).parameters, **inspect.signature(create_dataset).parameters}
    return inspect.Signature(list(both.values()), return_annotation=inspect.signature(Create).return_annotation)


Create.__signature__ = _signature_of_both()  # type: ignore[attr-defined]


def last_time() -> WorkerValues:
    """Of the last run of this process."""
    values = _core.time()
    return WorkerValues("time", "s", values["mean"], values["values"])


def last_error() -> WorkerValues:
    """Of the last run of this process."""
    values = _core.error()
    return WorkerValues("error", "of a worker's share of the held-out samples", values["mean"], values["values"])
