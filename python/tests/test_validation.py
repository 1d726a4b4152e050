# SPDX-License-Identifier: Apache-2.0
"""A validation set beside the training set, and what the data was taken for."""

import logging
import math

import pytest

import distributed_gradient_accumulator as dga


@pytest.fixture
def validated(points):
    """Makes a problem with 16 of the points as validation set."""
    def make(**options):
        x, y = points
        data = dga.create_dataset(x=x[:64], y=y[:64], val_x=x[64:], val_y=y[64:])
        assert (data.num_samples, data.num_validation_samples, data.num_test_samples) == (64, 16, 0)
        return dga.create_factorization_problem(
            dataset=data, **{"num_client_items": 2, "hidden": [4], "epochs": 3, "progress": False, **options})
    return make


def test_it_is_measured_and_not_trained_on_each_engine(validated, points):
    x, y = points
    plain = dga.DistributedGradientAccumulator.apply(dga.create_factorization_problem(
        dataset=dga.create_dataset(x=x[:64], y=y[:64]), num_client_items=2, hidden=[4], epochs=3, progress=False))
    assert math.isnan(plain.val_error) and "val_error" not in plain.epochs[0]
    dga.close()
    for engine in ("threads", "processes"):
        with dga.create_environment(engine=engine):
            epochs = []
            work = validated(on_epoch=epochs.append)
            assert sum(task["num_validation_samples"] for task in dga.assign_tasks(work)) == 16
            results = dga.DistributedGradientAccumulator.apply(work)
        assert results.weights_sha256 == plain.weights_sha256
        assert results.val_error == results.epochs[-1]["val_error"] == (results.predict(x[64:]) != y[64:]).mean()
        assert epochs == results.epochs
        assert results.to_dict()["samples"] == {"train": 51, "test": 13, "validation": 16}
        assert dga.load(results.folder).val_error == results.val_error
        assert "val_error" in results.to_pandas().columns


def test_it_decides_the_best_epoch(validated):
    results = dga.DistributedGradientAccumulator.apply(validated(epochs=500, patience=3, keep_best=True))
    best = results.to_dict()["best_epoch"]
    errors = [epoch["val_error"] for epoch in results.epochs]
    assert best == errors.index(min(errors)) + 1 == len(errors) - 3
    assert results.val_error == min(errors)


def test_regression(points):
    x, _ = points
    data = dga.create_dataset(x=x[:60], y=x[:60, 0], val_x=x[60:], val_y=x[60:, 0], task="regression")
    work = dga.create_factorization_problem(dataset=data, num_client_items=2, hidden=[4], epochs=2, progress=False,
                                            task="regression")
    results = dga.DistributedGradientAccumulator.apply(work)
    assert math.isclose(results.val_error, ((results.predict(x[60:]) - x[60:, 0]) ** 2).mean(), rel_tol=1e-5)


def test_a_folder_says_what_its_files_are_used_as(tmp_path, caplog):
    folder = tmp_path / "data"
    folder.mkdir()
    lines = [f"{i},{i % 5},{i % 2}\n" for i in range(40)]
    (folder / "train.csv").write_text("".join(lines))
    (folder / "val.csv").write_text("".join(lines[:10]))
    (folder / "train.csv.bak").write_text("")
    data = dga.create_dataset(folder)
    assert data.num_validation_samples == 10
    summary = data.summary
    assert [(file["path"], file["use"]) for file in summary["files"]] == [
        (str(folder / "train.csv"), "train"), (str(folder / "val.csv"), "validation"),
        (str(folder / "train.csv.bak"), "ignored")]
    assert summary["features"] == 2
    assert summary["classes"] == [{"name": "0", "samples": 20}, {"name": "1", "samples": 20}]
    assert summary["notices"] == [f"{folder / 'train.csv.bak'}: ignored, because it is an editor's backup."]
    with caplog.at_level(logging.WARNING, logger="distributed_gradient_accumulator"):
        work = dga.create_factorization_problem(dataset=data, num_client_items=2, hidden=[4], epochs=1, progress=False)
        dga.DistributedGradientAccumulator.apply(work)
    assert caplog.messages == summary["notices"]
    named = dga.create_dataset(folder / "train.csv", val_data_dir=folder / "val.csv")
    assert named.num_validation_samples == 10
