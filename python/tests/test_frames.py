# SPDX-License-Identifier: Apache-2.0
"""Frames of pandas and Polars: columns by name, texts, indices."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

import distributed_gradient_accumulator as dga
from conftest import DIGITS
from frames import FRAMES, frames, picked, refused, train


@frames
def test_predictions_match_the_columns_by_name(columns, make):
    results = train(make(picked(columns, "size", "noise")), make(columns)["label"])
    expected = results.predict_scores(np.column_stack([columns["size"], columns["noise"]]))
    assert (results.predict(make(picked(columns, "noise", "size"))) == columns["label"]).mean() > 0.9
    for other in FRAMES.values():
        for names in (("size", "noise"), ("noise", "size"), ("noise", "label", "size")):
            assert np.array_equal(results.predict_scores(other(picked(columns, *names))), expected)
    assert refused(lambda: results.predict(make(picked(columns, "size", "city")))) == (
        "[python] x: expected the columns of the model, found no noise, and in addition city. Give the columns the same "
        "names, or leave the others out.")
    assert "found no noise. Give the columns the same names." in refused(
        lambda: results.predict(make(picked(columns, "size"))))
    assert "found in addition city. " in refused(
        lambda: results.predict(make(picked(columns, "city", "size", "noise"))))


def test_one_row_of_a_frame_is_one_sample_matched_by_name(columns):
    frame = pd.DataFrame(columns)
    results = train(frame[["size", "noise"]], frame.label)
    expected = results.predict_scores(frame[["size", "noise"]][:1])
    for row in (frame[["label", "size", "noise"]].iloc[0], frame[["noise", "size"]].iloc[0], frame[["size", "noise"]].to_numpy()[0]):
        assert np.array_equal(results.predict_scores(row), expected)


@frames
def test_a_test_set_is_matched_by_name(columns, make):
    x, y = make(picked(columns, "size", "noise")), columns["label"]
    plain = train(x, y, x, y)
    shuffled = train(x, y, make(picked(columns, "noise", "size", "label")), y)
    assert plain.error.mean() == shuffled.error.mean() < 0.1
    assert refused(lambda: dga.create_dataset(x=x, y=y, test_x=make(picked(columns, "size")), test_y=y)) == (
        "[data] test_x: expected the columns of x, found no noise. Give the columns the same names.")


def test_columns_without_names_go_by_position(columns):
    values = np.column_stack([columns["size"], columns["noise"]])
    named = train(pd.DataFrame(values, columns=["size", "noise"]), columns["label"])
    unnamed = train(values, columns["label"])
    numbered = train(pd.DataFrame(values), columns["label"])
    expected = named.predict_scores(values)
    for results in (named, unnamed, numbered):
        for x in (values, pd.DataFrame(values), values.tolist(), values.astype(object)):
            assert np.array_equal(results.predict_scores(x), expected)
    assert np.array_equal(unnamed.predict_scores(pd.DataFrame(values, columns=["a", "b"])), expected)
    assert np.array_equal(numbered.predict_scores(pd.DataFrame(values)[[1, 0]]), expected)
    assert "found no 0, 1, and in addition a, b." in refused(
        lambda: numbered.predict(pd.DataFrame(values, columns=["a", "b"])))


@frames
def test_drop_only_and_one_hot_choose_columns(columns, make):
    frame = make(columns)
    plain = train(make(picked(columns, "size", "noise")), columns["label"])
    for options in ({"drop": "city,label"}, {"only": "size,noise"}, {"drop": "2,-1"}, {"drop": ["city", 3]},
                    {"only": ("size", "noise")}):
        results = train(frame, columns["label"], **options)
        assert results.weights_sha256 == plain.weights_sha256
        assert np.array_equal(results.predict_scores(frame), plain.predict_scores(make(picked(columns, "noise", "size"))))
    encoded = train(make(picked(columns, "city", "noise")), columns["label"], one_hot="city", epochs=10)
    expected = encoded.predict_scores(make(picked(columns, "city", "noise")))
    assert (expected.argmax(axis=1) == columns["label"]).mean() > 0.9
    assert np.array_equal(encoded.predict_scores(make(picked(columns, "noise", "city"))), expected)
    assert np.array_equal(dga.load(encoded.folder).predict_scores(
        np.array([columns["city"], columns["noise"]], dtype=object).T), expected)
    assert refused(lambda: encoded.predict(make({"noise": [1.0, 2.0], "city": ["Rome", "Oslo"]}))) == (
        '[python] x: expected a text of the training set in column city, found "Oslo" in sample 1. Remove the sample, or '
        'train on samples like it.')


@pytest.mark.parametrize("changed", [
    lambda f: f.astype({"size": "Float64", "noise": "Float32"}), lambda f: f.astype(object),
    lambda f: f.map(Decimal).astype(object), lambda f: f.convert_dtypes(),
    lambda f: pd.DataFrame(np.asfortranarray(f), columns=f.columns)],
    ids=["nullable", "object", "decimal", "converted", "fortran"])
def test_the_type_of_a_column_does_not_matter(columns, changed):
    frame = pd.DataFrame(picked(columns, "size", "noise")).astype(np.float32).astype(float)
    plain, other = train(frame, columns["label"]), train(changed(frame), columns["label"])
    assert plain.weights_sha256 == other.weights_sha256
    assert np.array_equal(plain.predict_scores(changed(frame)), other.predict_scores(frame))


def test_flags_integers_and_categories_of_numbers_are_numbers(columns):
    frame = pd.DataFrame({"flag": columns["size"] > 0, "noise": columns["noise"].astype(int)})
    plain = train(frame.astype(float), columns["label"])
    for other in (frame, frame.astype({"flag": "boolean", "noise": "Int64"}), frame.astype("category"),
                  frame.astype({"flag": "uint8", "noise": "int16"})):
        assert train(other, columns["label"]).weights_sha256 == plain.weights_sha256


def test_names_of_any_kind_can_be_listed():
    frame = pd.DataFrame({'a,"b': [1, 2, 3, 4], "c\nd": ["x", "y"] * 2, 5: [1, 2, 3, 4]})
    data = dga.create_dataset(x=frame, y=[0, 1, 0, 1], drop=['a,"b', "c\nd"])
    assert data.num_features == 1
    assert dga.create_dataset(x=frame, y=[0, 1, 0, 1], drop='"a,""b"', one_hot=["c\nd"]).num_features == 3
    said = refused(lambda: dga.create_dataset(x=frame, y=[0, 1, 0, 1]))
    assert "in column c\\nd, found the text" in said
    strange = pd.DataFrame([[1], [2]], columns=pd.Index(["\ud800"], dtype=object))
    assert "lone surrogates" in refused(lambda: dga.create_dataset(x=strange, y=[0, 1]))
    assert "lone surrogates" in refused(lambda: dga.create_dataset(x=[["\ud800"], ["a"]], y=[0, 1], one_hot=[0]))


def test_an_index_that_was_written_with_the_data_is_left_out(columns, tmp_path, caplog):
    pd.DataFrame(picked(columns, "size", "noise")).to_csv(tmp_path / "x.csv")
    results = [train(x, columns["label"]) for x in (pd.read_csv(tmp_path / "x.csv"), pl.read_csv(tmp_path / "x.csv"),
                                                    pd.read_csv(tmp_path / "x.csv", index_col=0))]
    assert len({each.weights_sha256 for each in results}) == 1
    assert caplog.messages == ["[data] x: the first column has no name and holds different integers. It is left out, as "
                               "an index."] * 2
    assert results[2].predict(pd.read_csv(tmp_path / "x.csv")).shape == (80,)


class Arrow:
    """A table as pyarrow has it."""

    def __init__(self, columns):
        self.column_names, self.columns = list(columns), list(columns.values())
        self.shape = (len(self.columns[0]), len(self.columns))

    def __array__(self, dtype=None, copy=None):
        return np.array(self.columns).T


def test_numbers_as_names_are_matched_by_name(columns):
    frame = pd.DataFrame({2: columns["size"], 0: columns["noise"], 1: columns["label"]})
    results = train(frame[[2, 0]], frame[1])
    expected = results.predict_scores(frame[[2, 0]])
    assert np.array_equal(results.predict_scores(frame[[0, 2]]), expected)
    assert np.array_equal(results.predict_scores(frame.sort_index(axis=1)), expected)  # 0, 1, 2, as pandas numbers
    assert "found no 0. Give the columns the same names." in refused(lambda: results.predict(frame[[2]]))
    # Without names in training, the position counts.
    results = train(frame[[2, 0]].to_numpy(), frame[1])
    assert np.array_equal(results.predict_scores(pd.DataFrame(frame[[2, 0]].to_numpy())), expected)


def test_numbers_in_another_order_are_refused_where_the_training_had_no_names(columns):
    frame = pd.DataFrame({0: columns["size"], 1: columns["noise"]})
    results = train(frame.to_numpy(), columns["label"], epochs=1)
    assert "found the numbers 1, 0. Pass frame.to_numpy(), in that order." in refused(
        lambda: results.predict(frame[[1, 0]]))
    for labels in ([1.0, 0.0], [True, False]):  # no numbers that pandas makes up
        named = train(frame.set_axis(labels, axis=1), columns["label"], epochs=1)
        expected = named.predict_scores(frame.set_axis(labels, axis=1))
        swapped = frame[[1, 0]].set_axis(labels[::-1], axis=1)
        assert np.array_equal(named.predict_scores(swapped), expected)


def test_an_index_counts_as_a_column_like_in_files(columns, tmp_path):
    data = picked(columns, "size", "noise", "label")
    pd.DataFrame(data).to_csv(tmp_path / "data.csv")
    frame = pd.read_csv(tmp_path / "data.csv")
    results = train(frame.drop(columns="label"), frame.label, drop=[2], epochs=1)
    assert refused(lambda: results.predict(frame[["noise"]])).count("found no size")
    frame["Unnamed: 0"] = 1  # as after concat: no index any more, and still left out by the model
    assert results.predict(frame).shape == (80,)
    # A real feature of this name is one.
    twice = pd.DataFrame({"Unnamed: 0": np.round(columns["size"] * 3), "noise": columns["noise"]})
    real = train(twice, columns["label"], epochs=1)
    assert real.predict(twice[:1]).shape == (1,)


def test_samples_that_are_left_out_define_no_classes_and_no_categories(columns):
    frame = pd.DataFrame({"size": [*columns["size"], np.nan], "city": [*columns["city"], "Oslo"]})
    results = train(frame, [*columns["label"], 7], missing="drop", one_hot="city", epochs=1)
    assert results.predict_scores(frame[:80]).shape == (80, 2)
    assert "found \"Oslo\"" in refused(lambda: results.predict(frame.fillna(0)))


def test_categories_are_spelt_as_to_csv_writes_them(columns, tmp_path):
    codes = np.where(columns["size"] > 0, 2, 1)
    for values, other in ((codes.astype(float), codes), (codes, codes.astype(float))):
        frame = pd.DataFrame({"code": values, "noise": columns["noise"]})
        results = train(frame, columns["label"], one_hot="code", epochs=1)
        expected = results.predict_scores(frame)
        assert np.array_equal(results.predict_scores(frame.assign(code=other)), expected)
        frame.assign(label=columns["label"]).to_csv(tmp_path / "data.csv", index=False)
        of_file = dga.DistributedGradientAccumulator.apply(dga.create_factorization_problem(
            str(tmp_path / "data.csv"), num_client_items=2, hidden=[8], epochs=1, lr=0.03, one_hot="code", progress=False))
        assert np.array_equal(of_file.predict_scores(frame), expected)


def test_integers_that_f64_merges_are_a_notice(columns, caplog):
    frame = pd.DataFrame({"id": 2**60 + np.arange(80), "size": columns["size"]})
    train(frame, columns["label"], epochs=1)
    assert "column id has integers above 2^53, of which different ones may be equal in f64" in caplog.text


@pytest.mark.parametrize("numbers,told", [
    ([2**64 + i for i in range(40)], "has different values that are equal in f64"),
    ([2**64 + 4096 * i for i in range(40)], None),  # f64 holds all of them
    ([i if i % 2 else 2**64 + i for i in range(40)], "has different values that are equal in f64"),
    ([0.5 if i % 2 else 2**64 + i for i in range(40)], "has different values that are equal in f64"),
    ([-2**100 - i for i in range(40)], "has different values that are equal in f64"),
    ([2**63 + i for i in range(40)], "has integers above 2^53, of which different ones may be equal in f64"),
    ([-1 if i % 2 else 2**63 + i for i in range(40)], "has integers above 2^53, of which different ones may be equal in f64"),
    ([Decimal(i) / 10 for i in range(40)], None),
    ([Decimal("0.1") + Decimal(i) * Decimal("1e-20") for i in range(40)], "has different values that are equal in f64"),
    ([None if i % 3 else 2**64 + i for i in range(40)], "has different values that are equal in f64"),
])
def test_numbers_of_any_size_are_a_notice_where_f64_merges_them(numbers, told, caplog, tmp_path):
    y = np.arange(40) % 2
    made = {}
    ways = {"list": [[number] for number in numbers], "frame": pd.DataFrame({"id": pd.Series(numbers, dtype=object)})}
    for way, x in ways.items():
        caplog.clear()
        data = dga.create_dataset(x=x, y=y, missing="mean")
        dga.DistributedGradientAccumulator.apply(
            dga.create_factorization_problem(dataset=data, num_client_items=2, epochs=1, progress=False))
        made[way] = [message for message in caplog.messages if "f64" in message]
        dga.close()
    for way, name in (("list", "feature 0"), ("frame", "column id")):
        end = ", so the model cannot tell them apart. Leave an identifier out."
        assert made[way] == ([] if told is None else [f"[data] x: {name} {told}{end}"]), way
    pd.DataFrame({"id": [str(number or "") for number in numbers], "label": y}).to_csv(tmp_path / "a.csv", index=False)
    caplog.clear()
    dga.DistributedGradientAccumulator.apply(dga.create_factorization_problem(
        str(tmp_path / "a.csv"), num_client_items=2, epochs=1, missing="mean", progress=False))
    assert any("f64" in message for message in caplog.messages) == (told is not None)  # as of files


def test_a_table_of_arrow_is_matched_by_name(columns):
    results = train(Arrow(picked(columns, "size", "noise")), columns["label"], epochs=1)
    expected = results.predict_scores(pd.DataFrame(columns)[["size", "noise"]])
    assert np.array_equal(results.predict_scores(Arrow(picked(columns, "noise", "size"))), expected)


def test_numbers_beside_texts_in_lists_stay_numbers():
    rows = [["Rome", 1.5], ["Bonn", 2], ["Rome", True], ["Bonn", -1]]
    assert dga.create_dataset(x=rows, y=["a", "b"] * 2, one_hot=[0]).num_features == 3
    assert "in column 0, found the text \"Rome\" in sample 0. Correct it, leave the column out with drop='0'" in refused(
        lambda: dga.create_dataset(x=rows, y=[0, 1, 0, 1]))
    assert "found a value of type int in sample 1" in refused(lambda: dga.create_dataset(x=np.eye(2), y=["a", 1]))


@pytest.mark.parametrize("empty", [np.zeros((0, 2)), [], np.empty((0, 2), dtype=object), np.array([], dtype=object),
                                   pd.DataFrame({"noise": [], "size": []}), pl.DataFrame({"size": [], "noise": []}),
                                   pd.DataFrame({"noise": [], "size": []}, dtype=object)])
def test_no_samples_have_no_predictions(columns, empty):
    results = train(pd.DataFrame(picked(columns, "size", "noise")), columns["label"], epochs=1)
    assert results.predict_scores(empty).shape == (0, 2) and results.predict_scores(empty).dtype == np.float32
    assert results.predict(empty).shape == (0,) and results.predict(empty).dtype == np.int64


def test_no_samples_of_a_regression_have_no_values(columns):
    results = train(columns["size"], columns["noise"], epochs=1, task="regression")
    assert results.predict(np.zeros((0, 1))).dtype == np.float64 and results.predict([]).shape == (0,)


def test_a_model_of_files_takes_frames(tmp_path, columns):
    pd.DataFrame(columns).to_csv(tmp_path / "train.csv", index=False)
    results = dga.DistributedGradientAccumulator.apply(dga.create_factorization_problem(
        tmp_path / "train.csv", 2, hidden=[8], epochs=10, lr=0.03, one_hot="city", progress=False))
    frame = pd.read_csv(tmp_path / "train.csv")
    expected = results.predict_scores(frame)
    assert (results.predict(frame) == frame.label).mean() > 0.9
    shuffled = frame[["city", "noise", "size"]]
    assert np.array_equal(results.predict_scores(shuffled), expected)
    assert np.array_equal(results.predict_scores(pl.from_dict(shuffled.to_dict("list"))), expected)


def test_files_and_frames_train_alike(tmp_path):
    frame = pd.read_csv(DIGITS / "train.csv") if (DIGITS / "train.csv").exists() else None
    if frame is None:
        frame = pd.DataFrame(np.random.default_rng(3).integers(0, 17, size=(60, 4)), columns=list("abcd"))
        frame["label"] = np.arange(60) % 3
        frame.to_csv(tmp_path / "train.csv", index=False)
    data = tmp_path / "train.csv"
    from_file = dga.DistributedGradientAccumulator.apply(dga.create_factorization_problem(
        data, 2, hidden=[8], epochs=2, lr=0.03, progress=False))
    assert train(frame.drop(columns="label"), frame.label, epochs=2).weights_sha256 == from_file.weights_sha256


def test_neither_pandas_nor_polars_is_imported(script):
    done = script("""
import sys
import numpy as np
import distributed_gradient_accumulator as dga
results = dga.DistributedGradientAccumulator.apply(dga.create_factorization_problem(
    dataset=dga.create_dataset(x=np.eye(8), y=["a", "b"] * 4), epochs=1, progress=False))
print(results.predict(np.eye(8)).shape, "pandas" in sys.modules, "polars" in sys.modules)
""")
    assert done.stdout == "(8,) False False\n", done.stderr
