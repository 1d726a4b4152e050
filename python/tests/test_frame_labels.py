# SPDX-License-Identifier: Apache-2.0
"""Labels and targets beside frames: texts, integers of all kinds, missing ones."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

import distributed_gradient_accumulator as dga
from frames import picked, refused, train


def test_labels_of_half_precision_give_no_warning(columns, recwarn):
    dga.create_dataset(x=columns["size"][:, None], y=columns["label"].astype(np.float16))
    assert not recwarn.list


def test_the_label_among_the_features_is_refused(columns):
    frame = pd.DataFrame(picked(columns, "size", "label"))
    assert refused(lambda: dga.create_dataset(x=frame, y=frame.label)) == (
        "[data] x: expected features, found column label, which has the name of y. Leave it out with drop='label', or "
        "rename it.")


@pytest.mark.parametrize("kind", [list, np.array, pd.Series, pl.Series, pd.Categorical,
                                  lambda y: pd.DataFrame({"species": y}), lambda y: np.array(y, dtype=object)[:, None]])
def test_labels_that_are_texts_come_back(columns, kind):
    texts = ["oak" if label else "ash" for label in columns["label"]]
    results = train(columns["size"], kind(texts), epochs=10)
    answer = results.predict(columns["size"])
    assert answer.dtype.kind == "U" and (answer == np.array(texts)).mean() > 0.9
    assert results.predict([]).dtype.kind == "U"
    model = dga.load(results.folder)._load_model()
    assert model.class_names == ["ash", "oak"] and model.text_labels


def test_labels_of_other_kinds_are_integers(columns):
    flags = columns["size"] > 0
    for y in (flags, pd.Series(flags), pd.array(flags, dtype="boolean"), pd.Categorical(flags.astype(int)), pl.Series(flags),
              flags.astype(object), pd.Series(flags.astype(int), dtype="Int64"), [Decimal(int(flag)) for flag in flags]):
        data = dga.create_dataset(x=columns["size"], y=y)
        assert data.class_names == ["0", "1"]
    big = 2**62 + np.arange(80) % 2
    assert dga.create_dataset(x=columns["size"], y=big.astype(object)).class_names == [str(2**62), str(2**62 + 1)]


@pytest.mark.parametrize("y,text", [
    (["a", None, "b", "a"], "[data] y: expected a label for each sample, found a missing value in sample 1. Remove such "
     "samples, or fill in their labels."),
    ([0, 1, np.nan, 1], "found a missing value in sample 2."),
    (pd.array([0, 1, None, 1], dtype="Int64"), "found a missing value in sample 2."),
    (pd.array([True, None, True, False], dtype="boolean"), "found a missing value in sample 1."),
    (np.array(["a", 1, "b", 1], dtype=object), "[data] y: expected texts as labels like others of them, found a value of "
     "type int in sample 1. Convert all labels to texts, or all to numbers."),
    ([object()] * 4, "[data] y: expected whole numbers or texts as labels, found a value of type object in sample 0."),
    (["a"] * 4, "expected labels of at least 2 classes, found only a in all 4 samples."),
    ([2**70, 1, 2, 3], f"[data] y: expected labels from -2^63 to 2^63 - 1, found {2**70}. Use smaller ones."),
    ([2**63, 1, 2, 3], f"[data] y: expected labels from -2^63 to 2^63 - 1, found {2**63}. Use smaller ones."),
    ([2**63 + 1, -1, 2, 3], f"[data] y: expected labels from -2^63 to 2^63 - 1, found {2**63 + 1}. Use smaller ones."),
    ([1, -2**63 - 1, 2, 3], f"[data] y: expected labels from -2^63 to 2^63 - 1, found {-2**63 - 1}. Use smaller ones."),
    ([2**53 + 1, 0.0, 2, 3], "[data] y: expected whole numbers as labels, found others."),
])
def test_labels_that_cannot_be_used_are_named(y, text):
    assert text in refused(lambda: dga.create_dataset(x=np.eye(4), y=y))


def test_targets_that_f64_merges_are_a_notice(caplog):
    for numbers, told in (([2**64 + i for i in range(8)], True), ([2**64 + 4096 * i for i in range(8)], False)):
        caplog.clear()
        dga.create_dataset(x=np.eye(8), y=numbers, task="regression")
        assert caplog.messages == ["[data] y: the target has different values that are equal in f64, so the model cannot tell them "
                                   "apart. Leave an identifier out."] * told


def test_targets_that_are_texts_or_missing_are_refused():
    assert "[data] y: expected numbers as labels, found the text \"a\" in sample 0." in refused(
        lambda: dga.create_dataset(x=np.eye(4), y=["a", "b", "c", "d"], task="regression"))
    assert "[data] y: expected finite numbers, found nan in sample 1." in refused(
        lambda: dga.create_dataset(x=np.eye(4), y=pd.array([1, None, 2, 3], dtype="Int64"), task="regression"))


def test_unix_times_and_targets_around_them_are_learnt():
    random = np.random.default_rng(2)
    seconds = random.integers(0, 86_400, size=200)
    x = pd.DataFrame({"time": 1_700_000_000 + seconds})
    learnt = train(x, seconds > 43_200, x, seconds > 43_200, epochs=20)
    assert learnt.error.mean() < 0.05 and (learnt.predict(x) == (seconds > 43_200)).mean() > 0.95
    y = 1.7e9 + seconds / 1000.0
    fitted = train(pd.DataFrame({"seconds": seconds}), y, epochs=20, task="regression")
    assert np.abs(fitted.predict(pd.DataFrame({"seconds": seconds})) - y).mean() < 10
