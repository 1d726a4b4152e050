# SPDX-License-Identifier: Apache-2.0
# Written by: dga options --python > python/distributed_gradient_accumulator/_option_types.pyi
"""The options of a run as keyword arguments, for type checkers: each call takes one of these."""

import os
from collections.abc import Sequence
from typing import Literal, Optional, TypedDict, Union

class EnvironmentOptions(TypedDict, total=False):
    carriers: Optional[Union[int, Literal["auto"]]]
    """Number of threads, processes or MPI ranks that carry the workers, in turn. The results do not depend on it. auto: one for each worker, but no more than there are cores; under MPI, all ranks. Default: auto."""
    ranks_per_node: Optional[Union[int, Literal["auto"]]]
    """Number of MPI ranks that count as one node. auto: ask MPI. Default: auto."""
    timeout: Optional[float]
    """Timeout for waiting on another worker, in seconds. Default: 300."""
    max_restarts: Optional[int]
    """How often to start the workers again after one of them has died, hung or thrown. The run then goes on from its last checkpoint, or begins anew without one. After two failures in a row at the same step it ends. With MPI it is an option of dga launch. Default: 0."""

class DatasetOptions(TypedDict, total=False):
    test_data_dir: Optional[Union[str, os.PathLike[str]]]
    """Test samples: a folder or a file, as a path or a URI. Default: the data files with test in their names; if there are none, --test-fraction of the data is held out."""
    val_data_dir: Optional[Union[str, os.PathLike[str]]]
    """Validation samples: a folder or a file, as a path or a URI. Not trained on; used for early stopping and to choose the best epoch. Default: the validation files of the dataset, else none."""
    label: Optional[str]
    """Label column of CSV: a name in the header, or a number (0 is the first, -1 the last column). Default: the column named label, class, target or y, else the last."""
    header: Optional[Literal["auto", "yes", "no"]]
    """Whether the first line of a CSV file holds the names of the columns. auto: compare it with the next hundred lines. Default: auto."""
    decimal: Optional[Literal[".", ","]]
    """Decimal mark of the numbers in CSV files. Default: .."""
    drop: Optional[Union[str, Sequence[Union[str, int]]]]
    """Columns of CSV to leave out."""
    only: Optional[Union[str, Sequence[Union[str, int]]]]
    """Columns of CSV to use as features. Default: all but the label."""
    one_hot: Optional[Union[str, Sequence[Union[str, int]]]]
    """Columns of CSV with categories. Each category becomes one feature that is 0 or 1."""
    missing: Optional[Literal["error", "mean", "drop"]]
    """What to do with samples that have missing values (an empty field, NA, nan, ?). error: refuse the file; mean: use the column's mean over the training samples; drop: leave the sample out. Default: error."""
    resize: Optional[str]
    """Height and width to which all images are resized, such as 224x224. Default: they must have one size."""
    task: Optional[Literal["auto", "classification", "regression"]]
    """Task type: classification, or regression for real-valued labels. auto: classification, with an error for labels that look like mistakes, such as 5% or a word among integers; it never chooses regression. Default: auto."""
    stream: Optional[bool]
    """Leave the features in the files and read them in blocks, for datasets that are larger than memory. Needs --shard contiguous, and uncompressed files of NPY, safetensors, IDX, CIFAR, CSV or LIBSVM. Default: false."""
    stream_index: Optional[Union[str, os.PathLike[str]]]
    """Folder that keeps what --stream finds when it first reads the files, so that later runs need not read them for it again. Default: stream-index, beside the folder of the results."""

class ProblemOptions(DatasetOptions, total=False):
    test_fraction: Optional[float]
    """Fraction of the data to hold out when there is no test set. Default: 0.2."""
    shard: Optional[Literal["iid", "contiguous", "by-label"]]
    """How the samples are sharded over the workers. iid: at random; contiguous: in their order; by-label: sorted by label, so each worker sees few classes. Default: iid."""
    shuffle_window: Optional[Union[int, Literal["auto"]]]
    """Number of samples that are shuffled at a time, taken from random places of a shard. auto: the whole shard, or with --stream the samples of 2 MiB. Default: auto."""
    hidden: Optional[Union[int, Sequence[int], Literal["none"]]]
    """Number of neurons in each hidden layer. none: a linear model. Default: 100."""
    dropout: Optional[float]
    """Dropout probability after each hidden layer. Default: 0."""
    epochs: Optional[int]
    """Number of passes over the training samples. Default: 40."""
    batch: Optional[int]
    """Number of samples per worker in a micro-step, which is one forward and backward pass. Default: 16."""
    micro_steps: Optional[int]
    """Number of micro-steps whose gradients are accumulated before a step of the optimiser. Default: 1."""
    optimizer: Optional[Literal["sgd", "adam", "adamw", "muon"]]
    """Optimiser that updates the weights. muon: Muon for the hidden matrices, AdamW for the rest. Default: adam."""
    lr: Optional[Union[float, Literal["auto"]]]
    """Learning rate. auto: the optimiser's default (sgd 0.05, adam 0.003, adamw 0.003, muon 0.003). Default: auto."""
    momentum: Optional[float]
    """Momentum of sgd and muon. Default: 0.9."""
    weight_decay: Optional[float]
    """Weight decay: decoupled with adamw and muon, added to the gradient with the other optimisers. Default: 0."""
    clip_norm: Optional[Union[float, Literal["off"]]]
    """Maximum gradient norm, over all parameters. Larger gradients are scaled down. off: no clipping. Default: off."""
    on_nonfinite: Optional[Literal["throw", "skip", "ignore"]]
    """What a step does if a gradient is infinite or NaN. throw: stop with an error that names the parameter and the worker; skip: discard the gradients, on all workers, and go on; ignore: do not look. Default: throw."""
    schedule: Optional[Literal["constant", "step", "cosine", "warmup-cosine"]]
    """Learning rate schedule. step: divided by 10 at 1/3 and again at 2/3 of the steps; cosine: half a cosine down to 0; warmup-cosine: linear warm-up over the first 5 % of steps, then cosine. Default: constant."""
    class_weights: Optional[Literal["none", "balanced"]]
    """Weight of each class in the loss. balanced: inversely proportional to the class's number of training samples, normalised so that the mean weight over the training samples is 1. Default: none."""
    ema: Optional[float]
    """Decay of an exponential moving average of the weights, such as 0.999. The average is then evaluated and saved instead of the weights. 0: no average. Default: 0."""
    patience: Optional[int]
    """Stop early after this number of epochs without improvement. Improvement is a new lowest error on the validation set or, if there is none, on the held-out set; if nothing is held out either, a new lowest loss. 0: never. Default: 0."""
    coalesce: Optional[bool]
    """Compute the samples of all workers of a carrier as one batch. Much faster with many workers on few carriers, but the last bits of the weights then depend on the number of carriers. Refused for models with batch-norm. Default: false."""
    keep_best: Optional[bool]
    """Save the weights of the best epoch instead of the last one. The best epoch has the lowest error on the validation set or, if there is none, on the held-out set; if nothing is held out either, the lowest loss. Default: false."""
    seed: Optional[int]
    """Seed of all random numbers. The same seed and number of workers give the same weights. Default: 42."""
    output: Optional[Union[str, os.PathLike[str]]]
    """Folder for the results, as a path or a URI. Without --resume it must not already contain a run. Default: runs/<date-time>."""
    checkpoint_every: Optional[Union[int, str]]
    """Save a checkpoint after every N epochs, after every N steps (such as 200steps) or every N seconds (30s), and after the last epoch, in DIR/checkpoints. off: only when a signal stops the run. Default: off."""
    keep_checkpoints: Optional[int]
    """Number of checkpoints to keep; older ones are removed. Default: 2."""
    resume: Optional[Union[str, os.PathLike[str]]]
    """Go on from a checkpoint: its folder, or auto for the newest good one of --output. The weights are those of a run that was never interrupted. Epochs, learning rate, engine and carriers may be others. So may the number of workers: then the weights are others."""
    tensorboard: Optional[bool]
    """Also write losses, errors, times and options for TensorBoard (tensorboard --logdir DIR). Default: false."""
    trace: Optional[bool]
    """Also write trace.json, the timeline of each worker's compute, reduce, wait and data, for Perfetto (ui.perfetto.dev) or chrome://tracing. Default: false."""
