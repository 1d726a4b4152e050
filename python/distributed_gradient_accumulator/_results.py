# SPDX-License-Identifier: Apache-2.0
"""What a run came to, and the model it trained."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Optional

import numpy as np
import numpy.typing as npt

from . import _core
from ._arguments import shown, text
from ._errors import InvalidArgument, StorageError
from ._samples import rows_for
from ._values import WorkerValues

if TYPE_CHECKING:
    import pandas


class Results:
    """The results of a run, and the folder with its files."""

    def __init__(self, content: dict[str, Any], folder: str) -> None:
        self._content = content
        self._folder = folder
        self._model: Optional[_core.Model] = None

    @property
    def folder(self) -> str:
        """Where the run's files are."""
        return self._folder

    @property
    def time(self) -> WorkerValues:
        """Seconds each worker took from its first to its last step, waits included, evaluation not."""
        return WorkerValues("time", "s", self._content["time"]["mean"], self._content["time"]["values"])

    @property
    def error(self) -> WorkerValues:
        """The part of its held-out samples that the model gets wrong; of a regression, the mean squared error."""
        return WorkerValues("error", "of a worker's share of the held-out samples", self._content["error"]["mean"],
                            self._content["error"]["values"])

    @property
    def val_error(self) -> float:
        """The saved model's error on the validation set; NaN without one."""
        value = self._content.get("val_error")
        return float("nan") if value is None else float(value)

    @property
    def epochs(self) -> list[dict[str, Any]]:
        """One dict an epoch: epoch (from 1), loss, train_error, test_error, seconds; val_error where there is a
        validation set."""
        return [dict(epoch) for epoch in self._content["epochs"]]

    @property
    def weights_sha256(self) -> str:
        """Hash of the trained weights: equal for equal weights."""
        return str(self._content["weights_sha256"])

    @property
    def engine(self) -> str:
        """What workers were made of: "threads", "processes" or "mpi"."""
        return str(self._content["engine"])

    @property
    def workers(self) -> int:
        """How many there were."""
        return int(self._content["workers"])

    def predict(self, x: Any) -> npt.NDArray[Any]:
        """What the trained model says of samples.

        x: (samples, …) real numbers as the data has them, of any array library; they are normalised as
        the training samples were. A single sample may come without its first dimension. The columns of
        a frame of pandas or Polars are matched by name with those of the training; the label and columns
        that were left out may be there.

        (samples) the labels, int64, or texts where the labels are; of a regression the values, float64,
        in the units of the data. Raises DataError for samples of another width, other columns, numbers
        that are not finite, categories that the training set lacks, and predictions that are not finite.
        """
        answer = self._answer(x)
        return answer["values"] if "values" in answer else _labels_of(self._load_model())[answer["classes"]]

    def predict_scores(self, x: Any) -> npt.NDArray[np.float32]:
        """(samples, classes) float32, the probability of each class; a row sums to 1. Classification only."""
        answer = self._answer(x)
        if "scores" not in answer:
            raise InvalidArgument("[python] predict_scores: expected a model of classes, found a regression. "
                                  "Call predict(x).")
        return answer["scores"]

    def _load_model(self) -> _core.Model:
        if self._model is None:
            self._model = _core.Model(self._folder)
        return self._model

    def _answer(self, x: Any) -> dict[str, npt.NDArray[Any]]:
        model = self._load_model()
        return model.predict(rows_for(model, x))

    def to_dict(self) -> dict[str, Any]:
        """The content of results.json."""
        return dict(json.loads(json.dumps(self._content)))

    def to_pandas(self) -> pandas.DataFrame:
        """The epochs as a DataFrame, indexed by epoch, with a column for each metric. Needs pandas."""
        try:
            import pandas as pd
        except ImportError:
            raise ImportError("[python] to_pandas: expected the package pandas, found none. pip install pandas."
                              ) from None
        rows = [{**epoch, **epoch.get("metrics", {})} for epoch in self.epochs]
        return pd.DataFrame(rows).drop(columns="metrics", errors="ignore").set_index("epoch")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Copies the run's files to the new folder `path`, a path or URI, which appears whole or not at all.

        Raises StorageError when something has that name already, the copy cannot be written, or a file is not as
        the run's manifest.json says.
        """
        _core.copy_run(self._folder, text("path", path))

    def __getstate__(self) -> dict[str, Any]:
        # The model is loaded again from the run's folder when it is needed.
        return {**self.__dict__, "_model": None}

    def __repr__(self) -> str:
        return (f"Results of {self.workers} workers ({self.engine}): mean time {self.time.mean():.4g} s, "
                f"mean error {self.error.mean():.4g}, files in {shown(self._folder)}")


def _labels_of(model: _core.Model) -> npt.NDArray[Any]:
    """The label of each class: int64, or texts where the data has texts or names that are no integers."""
    names = model.class_names
    try:
        integers = [] if model.text_labels else [int(name) for name in names]
    except ValueError:
        integers = []
    return np.array(integers, dtype=np.int64) if integers else np.array(names, dtype=np.str_)


def load(path: str | os.PathLike[str]) -> Results:
    """The results of a run that ended, from its folder, a path or URI.

    Raises StorageError where there is no such run, or its results are damaged or not as its manifest.json says.
    """
    folder = _core.expand_home(text("path", path))
    file = _core.path_in(folder, "results.json")
    try:
        content = json.loads(_core.run_file(folder, "results.json"))
    except StorageError as error:
        raise StorageError(f"{error} Give the folder of a run that has ended.") from None
    except ValueError:
        content = None
    try:
        if content["schema"] != 1 or not isinstance(content["epochs"], list):
            raise ValueError
        results = Results(content, folder)
        repr(results)  # needs a bit of everything
    except (AttributeError, KeyError, IndexError, OverflowError, TypeError, ValueError):
        raise StorageError(f"[python] {shown(file)}: expected the results of a run, found something else. "
                           f"Was the file changed, or written by another version?") from None
    return results
