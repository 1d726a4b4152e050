# SPDX-License-Identifier: Apache-2.0
"""Frames with missing values or with what no model takes: what is said about them."""

import logging

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

import distributed_gradient_accumulator as dga
from frames import picked, refused, train

ERRORS = [
    # name, x (beside y of 4 labels), options, text
    ("text", {"a": [1, 2, 3, 4], "b": ["x", "y", "x", "z"]}, {},
     "[data] x: expected a number in column b, found the text \"x\" in sample 0. Correct it, leave the column out with "
     "drop='b', or encode its texts with one_hot='b'."),
    ("a name with a comma", {"a,b": ["x", "y", "x", "z"]}, {}, "drop='\"a,b\"', or encode its texts with one_hot='\"a,b\"'."),
    ("categories", {"a": pd.Categorical(["x", "y", "x", "y"])}, {}, "in column a, found the text \"x\""),
    ("one text among numbers", {"a": [1, 2.5, "?", 4]}, {}, "in column a, found the text \"?\" in sample 2."),
    ("dates", {"a": pd.date_range("2020", periods=4)}, {},
     "[data] x: expected numbers in column a, found datetime64"),
    ("dates with a time zone", {"a": pd.date_range("2020", periods=4, tz="UTC")}, {},
     "in column a, found a value of type Timestamp in sample 0. Correct it, or leave the column out with drop='a'."),
    ("a number that is too large", {"a": [1, 10**400, 3, 4]}, {}, "found a number that is too large in sample 1."),
    ("lists", {"a": [[1], [2], [3], [4]]}, {}, "in column a, found a value of type list in sample 0."),
    ("NaN", {"a": [1, 2, 3, 4], "b": [1, None, 3, 4]}, {},
     "[data] x: expected finite numbers, found nan in sample 1, column b. Remove such samples or replace the values, or set "
     "missing to mean or drop."),
    ("NA", {"b": pd.array([1, 2, None, 4], dtype="Int64")}, {}, "found nan in sample 2, column b."),
    ("NA of flags", {"b": pd.array([True, None, None, False], dtype="boolean")}, {}, "found nan in sample 1, column b."),
    ("infinity", {"b": [1, np.inf, 3, 4]}, {"missing": "drop"}, "found inf in sample 1, column b. Remove such samples or "
     "replace the values."),
    ("a missing category", {"a": ["x", None, "y", "x"]}, {"one_hot": "a"},
     "[data] x: expected a text in column a, found a missing value in sample 1. Fill it in, or leave such samples out."),
    ("a missing category and missing='mean'", {"a": ["x", None, "y", "x"]}, {"one_hot": "a", "missing": "mean"},
     "expected a text in column a, found a missing value in sample 1."),
    ("an unknown column", {"a": [1, 2, 3, 4]}, {"drop": "b"},
     "[python] create_dataset: expected columns of x (a), or numbers of columns in [-1, 1), found 'b'. Correct drop, only or "
     "one_hot."),
    ("a category that is left out", {"a": [1, 2, 3, 4], "b": [1, 2, 3, 4]}, {"drop": "a", "one_hot": "a"},
     "[python] one_hot: expected features, found column a, which is left out."),
    ("no column left", {"a": [1, 2, 3, 4]}, {"drop": "a"}, "expected at least one sample with one feature"),
    ("no samples", {"a": []}, {}, "expected at least one sample"),
]


@pytest.mark.parametrize("x,options,text", [case[1:] for case in ERRORS], ids=[case[0] for case in ERRORS])
def test_what_cannot_be_used_is_named(x, options, text):
    count = len(next(iter(x.values())))
    said = refused(lambda: dga.create_dataset(x=pd.DataFrame(x), y=[0, 1, 0, 1][:count], **options), ValueError)
    assert text in said


def test_categories_that_are_times_are_refused(columns):
    frame = pd.DataFrame({"when": pd.date_range("2026-01-01", periods=80), "size": columns["size"]})
    assert "found datetime64" in refused(lambda: dga.create_dataset(x=frame, y=columns["label"], one_hot="when"))


def test_a_series_that_is_a_column_is_no_sample(columns):
    frame = pd.DataFrame(picked(columns, "size", "noise"))
    results = train(frame, columns["label"], epochs=1)
    for column in (frame["size"][:2], pl.Series("size", [1.0, 2.0])):
        assert refused(lambda column=column: results.predict(column)) == (
            "[python] x: expected samples of 2 features, found the one column size. Pass the whole frame, or for a single "
            "sample a list or an array.")
    assert len(results.predict(frame.iloc[0])) == len(results.predict([1.0, 2.0])) == 1


def test_numbers_that_no_array_can_hold_are_named(columns):
    frame = pd.DataFrame({"size": columns["size"], "far": [0.0] * 79 + [1e300]})
    assert refused(lambda: train(frame, columns["label"])) == (
        "[data] x: expected numbers that f32 can hold, at most 3.4e38, found 1e+300 in sample 79, column far. Scale them "
        "down.")
    assert "expected names or numbers of columns, found an empty name" in refused(
        lambda: dga.create_dataset(x=frame, y=columns["label"], drop=[""]), dga.InvalidArgument)


def test_masked_values_are_missing_values():
    x = np.ma.MaskedArray(np.eye(4), mask=np.eye(4) == 1)
    assert "found nan in sample 0, feature 0." in refused(lambda: dga.create_dataset(x=x, y=[0, 1, 0, 1]))
    y = np.ma.MaskedArray([0, 1, 0, 1], mask=[0, 0, 1, 0])
    assert "found a missing value in sample 2." in refused(lambda: dga.create_dataset(x=np.eye(4), y=y))


@pytest.mark.parametrize("a,text", [
    (pl.Series([[1, 2]] * 4, dtype=pl.Array(pl.Int64, 2)), "[data] x: expected numbers in column a, found arrays. Convert"),
    (pl.Series(["x", "y"] * 2, dtype=pl.Categorical), "[data] x: expected a number in column a, found the text \"x\" in"),
    (pl.Series([1, None, 3, 4]), "found nan in sample 1, column a."),
    (pl.Series([True, None, False, True]), "found nan in sample 1, column a."),
    (pl.Series(range(4)).cast(pl.Date), "[data] x: expected numbers in column a, found datetime64[D]."),
])
def test_what_cannot_be_used_of_polars_is_named_too(a, text):
    assert text in refused(lambda: dga.create_dataset(x=pl.DataFrame({"a": a}), y=[0, 1, 0, 1]))


def test_two_columns_of_one_name_are_refused():
    frame = pd.DataFrame(np.eye(4), columns=["a", "b", "a", "c"])
    assert "expected columns of different names, found a more than once. Rename one" in refused(
        lambda: dga.create_dataset(x=frame, y=[0, 1, 0, 1]))


def test_missing_values_are_filled_or_left_out_where_that_is_asked(columns, caplog):
    frame = pd.DataFrame(picked(columns, "size", "noise", "city"))
    frame.loc[3, "noise"] = frame.loc[7, "noise"] = np.nan
    frame.loc[9, "city"] = None
    numbers = frame[["size", "noise"]]
    with caplog.at_level(logging.WARNING, logger="distributed_gradient_accumulator"):
        filled = train(numbers, columns["label"], missing="mean")
        left = train(frame, columns["label"], one_hot="city", missing="drop")
    assert caplog.messages == [
        "[data] x: 2 of 80 samples have missing values. The values are replaced by the mean of their column.",
        "[data] x: 3 of 80 samples have missing values. They are left out."]
    kept = frame.drop([3, 7, 9])
    assert left.weights_sha256 == train(kept, np.delete(columns["label"], [3, 7, 9]), one_hot="city").weights_sha256
    assert np.isfinite(filled.predict_scores(numbers)).all()
    mean = numbers.fillna(numbers.noise.mean())
    assert np.allclose(filled.predict_scores(numbers)[3], filled.predict_scores(mean)[3], atol=0.2)
    assert refused(lambda: left.predict(frame)).startswith(
        "[python] x: expected a text in column city, found a missing value in sample 9.")
    assert "found nan in sample 3, column noise. Remove such samples" in refused(lambda: left.predict(frame[:9]))
    assert np.isfinite(train(np.where(numbers == 1, 1, numbers), columns["label"], missing="mean").predict_scores(
        numbers.to_numpy())).all()


def test_numbers_that_a_prediction_cannot_take_are_named(columns):
    results = train(pd.DataFrame(picked(columns, "size", "noise")), columns["label"], epochs=1)
    for bad in (np.nan, -np.inf, 1e300):
        assert refused(lambda bad=bad: results.predict(pd.DataFrame({"noise": [1, bad], "size": [1, 2]}))) == (
            f"[python] x: expected finite numbers that float32 can hold, found {bad} in sample 1, column noise. Remove such "
            f"samples, or fill them in.")


CELLS = some.one_of(some.none(), some.floats(-9, 9), some.integers(-9, 9), some.booleans(), some.sampled_from("ab"))


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=some.lists(some.tuples(CELLS, CELLS), min_size=4, max_size=8), one_hot=some.sampled_from(["", "p", "q", "p,q"]),
       missing=some.sampled_from(["error", "mean", "drop"]))
def test_any_frame_is_read_or_refused(cells, one_hot, missing):
    frame = pd.DataFrame({"p": pd.Series([a for a, _ in cells], dtype=object),
                          "q": pd.Series([b for _, b in cells], dtype=object)})
    try:
        data = dga.create_dataset(x=frame, y=np.arange(len(frame)) % 2, one_hot=one_hot or None, missing=missing)
    except dga.DataError as error:
        assert "\n" not in str(error)
        return
    complete = ~frame.isna().any(axis=1).to_numpy()
    assert missing != "error" or complete.all()
    assert data.num_samples == (complete.sum() if missing == "drop" else len(frame))
    texts = [name for name in "pq" if frame[name].map(lambda cell: isinstance(cell, str)).any()]
    assert set(texts) <= set(one_hot.split(","))
