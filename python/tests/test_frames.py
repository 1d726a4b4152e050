# SPDX-License-Identifier: Apache-2.0
"""Frames of pandas and Polars: columns by name, texts, missing values, labels that are texts."""

import logging
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

import distributed_gradient_accumulator as dga
from conftest import DIGITS

FRAMES = {"pandas": pd.DataFrame, "polars": pl.DataFrame}
frames = pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES)


@pytest.fixture
def columns():
    """Two classes that `size` decides: size, noise and city beside the label."""
    random = np.random.default_rng(1)
    size = random.normal(size=80)
    return {"size": size, "noise": 20 * random.normal(size=80), "city": np.where(size > 0, "Rome", "Bonn").astype(object),
            "label": (size > 0).astype(int)}


def train(x, y, test_x=None, test_y=None, epochs=8, task="auto", **options):
    data = dga.create_dataset(x=x, y=y, test_x=test_x, test_y=test_y, task=task, **options)
    return dga.DistributedGradientAccumulator.apply(dga.create_factorization_problem(
        dataset=data, num_client_items=2, hidden=[8], epochs=epochs, lr=0.03, progress=False))


def refused(call, kind=dga.DataError):
    with pytest.raises(kind) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def picked(columns, *names):
    return {name: columns[name] for name in names}


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


def test_numbers_that_no_array_can_hold_are_named(columns):
    frame = pd.DataFrame({"size": columns["size"], "far": [0.0] * 79 + [1e300]})
    assert refused(lambda: train(frame, columns["label"])) == (
        "[data] x: expected numbers that f32 can hold, at most 3.4e38, found 1e+300 in sample 79, column far. Scale them "
        "down.")
    assert "expected names or numbers of columns, found an empty name" in refused(
        lambda: dga.create_dataset(x=frame, y=columns["label"], drop=[""]), dga.InvalidArgument)


def test_labels_of_half_precision_give_no_warning(columns, recwarn):
    dga.create_dataset(x=columns["size"][:, None], y=columns["label"].astype(np.float16))
    assert not recwarn.list


def test_a_table_of_arrow_is_matched_by_name(columns):
    results = train(Arrow(picked(columns, "size", "noise")), columns["label"], epochs=1)
    expected = results.predict_scores(pd.DataFrame(columns)[["size", "noise"]])
    assert np.array_equal(results.predict_scores(Arrow(picked(columns, "noise", "size"))), expected)


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


def test_numbers_beside_texts_in_lists_stay_numbers():
    rows = [["Rome", 1.5], ["Bonn", 2], ["Rome", True], ["Bonn", -1]]
    assert dga.create_dataset(x=rows, y=["a", "b"] * 2, one_hot=[0]).num_features == 3
    assert "in column 0, found the text \"Rome\" in sample 0. Correct it, leave the column out with drop='0'" in refused(
        lambda: dga.create_dataset(x=rows, y=[0, 1, 0, 1]))
    assert "found a value of type int in sample 1" in refused(lambda: dga.create_dataset(x=np.eye(2), y=["a", 1]))


def test_two_columns_of_one_name_are_refused():
    frame = pd.DataFrame(np.eye(4), columns=["a", "b", "a", "c"])
    assert "expected columns of different names, found a more than once. Rename one" in refused(
        lambda: dga.create_dataset(x=frame, y=[0, 1, 0, 1]))


def test_the_label_among_the_features_is_refused(columns):
    frame = pd.DataFrame(picked(columns, "size", "label"))
    assert refused(lambda: dga.create_dataset(x=frame, y=frame.label)) == (
        "[data] x: expected features, found column label, which has the name of y. Leave it out with drop='label', or "
        "rename it.")


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
    ([2**70, 1, 2, 3], "[data] y: expected labels of at most 64 bits, found larger ones. Use smaller ones."),
])
def test_labels_that_cannot_be_used_are_named(y, text):
    assert text in refused(lambda: dga.create_dataset(x=np.eye(4), y=y))


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


def test_numbers_that_a_prediction_cannot_take_are_named(columns):
    results = train(pd.DataFrame(picked(columns, "size", "noise")), columns["label"], epochs=1)
    for bad in (np.nan, -np.inf, 1e300):
        assert refused(lambda bad=bad: results.predict(pd.DataFrame({"noise": [1, bad], "size": [1, 2]}))) == (
            f"[python] x: expected finite numbers that float32 can hold, found {bad} in sample 1, column noise. Remove such "
            f"samples, or fill them in.")


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
