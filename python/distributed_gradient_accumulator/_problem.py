# SPDX-License-Identifier: Apache-2.0
"""The problem API: create, assign, prepare, run, get results."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, Optional, Union

from . import _arrays, _core
from ._arguments import bound_to_process, integer, options_json, shown, text, wrong_type
from ._environment import require_environment
from ._errors import InvalidArgument
from ._functions import LossFunction, MetricFunction, checked_loss, checked_metrics
from ._progress import EpochCallback, Progress, StepCallback
from ._results import Results
from ._values import WorkerValues

Path = Union[str, "os.PathLike[str]"]


class ClientDataset:
    """Samples in memory, shared by all problems that use them."""

    def __init__(self, core: _core.ClientDataset) -> None:
        self._core = core

    @property
    def num_samples(self) -> int:
        """Training samples, held-out ones included unless the data has a test set of its own."""
        return self._core.num_samples

    @property
    def num_features(self) -> int:
        """Numbers a sample."""
        return self._core.num_features

    @property
    def num_classes(self) -> int:
        """0 for regression."""
        return self._core.num_classes

    @property
    def num_test_samples(self) -> int:
        """Samples of the data's own test set; 0 without one."""
        return self._core.num_test_samples

    @property
    def class_names(self) -> list[str]:
        """The labels as the data spelt them, in the order of the classes."""
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
        """Every option as resolved, by its name on the command line."""
        return self._core.options

    def __reduce__(self) -> NoReturn:
        raise bound_to_process("a FactorizationProblem", "Call create_factorization_problem again; problem.options has "
                                                         "its options.")

    def __repr__(self) -> str:
        options = self.options
        return f"FactorizationProblem of {options['workers']} workers on {shown(options['data'])}"


def _is_regression(task: str) -> bool:
    if task not in ("auto", "classification", "regression"):
        raise InvalidArgument(f"[python] task: expected 'auto', 'classification' or 'regression', found {task!r}.")
    return task == "regression"


def create_dataset(data_dir: Optional[Path] = None, num_client_items: int = 0, *, x: Any = None, y: Any = None,
                   test_x: Any = None, test_y: Any = None, test_data_dir: Optional[Path] = None, label: str = "",
                   task: str = "auto") -> ClientDataset:
    """A dataset from a folder, or from arrays.

    data_dir: a folder, file or file:// URI with samples in a format recognised by its content.
    num_client_items: the workers that will share it, if that is known.
    x, y: arrays instead: x (samples, …) real numbers, y (samples) integers, or real numbers with
    task="regression". Anything with DLPack, the buffer or the array protocol, or nested lists;
    float32 in C order is used where it lies, without a copy (do not change it while in use).
    test_x, test_y, test_data_dir: a test set, given the same way.
    label: the label's column in CSV; the last one unless given.

    Raises DataNotFound (a FileNotFoundError) for a path with nothing there, DataError (a
    ValueError) for data that cannot be used, TypeError for what is no array.

    >>> import numpy as np
    >>> create_dataset(x=np.eye(4), y=[0, 1, 0, 1])
    ClientDataset of 4 samples, 4 features, 2 classes
    """
    workers = _workers(num_client_items)
    regression = _is_regression(text("task", task))
    if (x is None) == (data_dir is None):
        raise InvalidArgument("[python] create_dataset: expected either data_dir or x and y, found "
                              f"{'both' if x is not None else 'neither'}. Pass one of them.")
    if x is None:
        if y is not None or test_x is not None or test_y is not None:
            raise InvalidArgument("[python] create_dataset: expected x beside y, test_x and test_y, found none.")
        require_environment()
        return ClientDataset(_core.dataset_from_folder(
            text("data_dir", data_dir), workers, "" if test_data_dir is None else text("test_data_dir", test_data_dir),
            text("label", label), regression))
    if y is None or (test_x is None) != (test_y is None):
        raise InvalidArgument("[python] create_dataset: expected y beside x, and test_y beside test_x, found one of "
                              "them missing.")
    features = _arrays.features("x", x)
    labels = _arrays.labels("y", y, len(features), regression)
    test_features = None if test_x is None else _arrays.features("test_x", test_x)
    test_labels = None if test_features is None else _arrays.labels("test_y", test_y, len(test_features), regression)
    if workers > len(features):
        raise InvalidArgument(f"[python] num_client_items: expected at least one sample a worker, found "
                              f"{len(features)} samples for {workers} workers. Use fewer workers or more data.")
    require_environment()
    if regression:
        return ClientDataset(_core.dataset_from_arrays(features, None, labels, test_features, None, test_labels))
    return ClientDataset(_core.dataset_from_arrays(features, labels, None, test_features, test_labels, None))


def _workers(num_client_items: Any) -> int:
    workers = integer("num_client_items", num_client_items)
    if not 0 <= workers <= 4096:
        raise InvalidArgument(f"[python] num_client_items: expected 1 to 4096 workers, or 0 for as many as MPI started, "
                              f"found {workers}.")
    return workers


def create_factorization_problem(
        data_dir: Optional[Path] = None, num_client_items: int = 0, data_size: int = 100,
        num_factorization_levels: int = 1, *, dataset: Optional[ClientDataset] = None,
        hidden: Optional[Sequence[int]] = None, dropout: Optional[float] = None,
        test_data_dir: Optional[Path] = None, test_fraction: Optional[float] = None, label: Optional[str] = None,
        task: Optional[str] = None, shard: Optional[str] = None, epochs: Optional[int] = None,
        batch: Optional[int] = None, micro_steps: Optional[int] = None, optimizer: Optional[str] = None,
        lr: Optional[float] = None, momentum: Optional[float] = None, weight_decay: Optional[float] = None,
        clip_norm: Optional[float] = None, schedule: Optional[str] = None, seed: Optional[int] = None,
        output: Optional[Path] = None, patience: Optional[int] = None, keep_best: Optional[bool] = None,
        ema: Optional[float] = None, class_weights: Optional[str] = None, tensorboard: Optional[bool] = None,
        trace: Optional[bool] = None, loss: Optional[LossFunction] = None,
        metrics: Optional[Mapping[str, MetricFunction]] = None, progress: Optional[bool] = None, on_epoch: Optional[EpochCallback] = None,
        on_step: Optional[StepCallback] = None) -> FactorizationProblem:
    """Splits the work of training a network over workers.

    data_dir: a folder, file or file:// URI with samples; or dataset: one that create_dataset made.
    num_client_items: workers, each with its own disjoint share of the samples; 0: as many as MPI
    started, else 1.
    data_size: hidden neurons of the network; hidden: sizes of all hidden layers, instead.
    num_factorization_levels: kinds of parallelism: 1 data; 2 to 4 are to come.
    loss: a function of your own, loss(output, target) -> (value, gradient): the mean over the batch
    and its derivative by output. output: (B, outputs) float32; target: (B,) int64 class numbers, or
    (B, 1) float32 normalised as the network is trained on it.
    metrics: {name: function(output, target) -> number}, means over the samples given, measured
    after each epoch on the held-out ones; regression in the data's own units.
    progress: True shows a bar (tqdm), False none, None one in terminals and notebooks.
    on_epoch: called after each epoch with its dict; True ends the training there.
    on_step: called after each step with a dict: steps (done so far), epoch, loss (worker 0's).
    The others have the meaning and the defaults of the command line's options (docs/cli.md).

    Callbacks are called on worker 0 while the others wait, so they had better be quick. Losses and
    metrics are called on every worker, one at a time as Python goes, and not with engine processes,
    whose workers have no interpreter. What any of them raises ends the run and comes out of it.

    Raises InvalidArgument (a ValueError), TypeError, DataNotFound (a FileNotFoundError), DataError.

    >>> import numpy as np
    >>> data = create_dataset(x=np.eye(8), y=[0, 1] * 4)
    >>> create_factorization_problem(dataset=data, num_client_items=2, data_size=4)
    FactorizationProblem of 2 workers on (in memory)
    """
    arguments = dict(locals())
    for name in ("data_dir", "data_size", "dataset", "loss", "metrics", "progress", "on_epoch", "on_step"):
        del arguments[name]
    for name, callback in (("on_epoch", on_epoch), ("on_step", on_step)):
        if callback is not None and not callable(callback):
            raise wrong_type(name, "a callable", callback)
    if progress is not None and not isinstance(progress, bool):
        raise wrong_type("progress", "True, False or None", progress)
    if dataset is not None and not isinstance(dataset, ClientDataset):
        raise wrong_type("dataset", "a ClientDataset", dataset)
    if (dataset is None) == (data_dir is None):
        raise InvalidArgument("[python] create_factorization_problem: expected either data_dir or dataset, found "
                              f"{'both' if dataset is not None else 'neither'}. Pass one of them.")
    own_loss = checked_loss(loss)
    own_metrics = checked_metrics(metrics)
    arguments["num_client_items"] = _workers(num_client_items)
    arguments["hidden"] = [integer("data_size", data_size)] if hidden is None else hidden
    if data_dir is not None:
        arguments["data_dir"] = text("data_dir", data_dir)
    options = options_json(arguments)
    require_environment()
    told = Progress(progress, on_epoch, on_step)
    return FactorizationProblem(
        _core.create_problem(options, None if dataset is None else dataset._core, told if told.listens else None,
                             told.step_interval, own_loss, own_metrics), told)


def _core_of(step: str, problem: Any) -> _core.FactorizationProblem:
    if not isinstance(problem, FactorizationProblem):
        raise wrong_type(step, "a FactorizationProblem", problem)
    return problem._core


def assign_tasks(problem: FactorizationProblem) -> list[dict[str, Any]]:
    """Decides which worker gets which shard, on which node. Under MPI all ranks must call it.

    One dict a worker: worker, node, host, num_samples, num_test_samples, samples (their numbers).
    """
    return _core.assign_tasks(_core_of("assign_tasks", problem))


def prepare_data(problem: FactorizationProblem) -> None:
    """Gives each node its part: splits off the held-out samples, measures the normalisation. After assign_tasks."""
    _core.prepare_data(_core_of("prepare_data", problem))


def run(problem: FactorizationProblem) -> None:
    """Trains, and stores results in files. After prepare_data.

    Ctrl-C ends the run before its next step and raises KeyboardInterrupt. Raises WorkerFailure when
    a worker failed, StorageError when files cannot be written, and what a callback raised.
    """
    core = _core_of("run", problem)
    try:
        _core.run(core)
    finally:
        problem._progress.close()


def get_results(problem: FactorizationProblem) -> Results:
    """What the last run of the problem came to. After run."""
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
    """create_factorization_problem where data_size or num_factorization_levels is given, else create_dataset."""
    if data_size is None and num_factorization_levels is None:
        return create_dataset(data_dir, num_client_items, **options)
    return create_factorization_problem(data_dir, num_client_items, 100 if data_size is None else data_size,
                                        1 if num_factorization_levels is None else num_factorization_levels,
                                        **options)


def last_time() -> WorkerValues:
    """Of the last run of this process."""
    values = _core.time()
    return WorkerValues("time", "s", values["mean"], values["values"])


def last_error() -> WorkerValues:
    """Of the last run of this process."""
    values = _core.error()
    return WorkerValues("error", "of a worker's share of the held-out samples", values["mean"], values["values"])
