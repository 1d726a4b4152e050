# SPDX-License-Identifier: Apache-2.0
"""The steps, one by one, on each engine."""

import json
import logging
import math
import os

import numpy as np
import pytest

import distributed_gradient_accumulator as dga
from conftest import DIGITS


def test_the_steps_one_by_one(problem):
    work = problem(num_client_items=3)
    tasks = dga.assign_tasks(work)
    assert [task["worker"] for task in tasks] == [0, 1, 2]
    assert sorted(sum((task["samples"] for task in tasks), [])) == list(range(64))
    assert sum(task["num_test_samples"] for task in tasks) == 16
    dga.prepare_data(work)
    dga.run(work)
    results = dga.get_results(work)
    assert (results.engine, results.workers) == ("threads", 3)
    assert len(results.epochs) == 3
    assert list(results.time) == list(dga.time) and len(dga.time) == 3
    assert results.error.mean() == dga.error.mean() == results.epochs[-1]["test_error"]
    assert os.path.exists(os.path.join(results.folder, "model.safetensors"))


def test_threads_and_processes_give_the_same_bits(problem):
    weights = {}
    for engine in ("threads", "processes"):
        with dga.create_environment(engine=engine) as environment:
            assert environment.engine == engine
            results = dga.DistributedGradientAccumulator.apply(problem(num_client_items=3, dropout=0.2))
            assert results.engine == engine
            weights[engine] = results.weights_sha256
    assert weights["threads"] == weights["processes"]


def test_muon_gives_the_same_bits_on_each_engine(problem):
    weights = set()
    for engine in ("threads", "processes"):
        with dga.create_environment(engine=engine):
            work = problem(num_client_items=3, optimizer="muon", hidden=[8, 8])
            weights.add(dga.DistributedGradientAccumulator.apply(work).weights_sha256)
    assert len(weights) == 1


def test_processes_read_folders_once_and_give_the_same_bits():
    weights = set()
    for engine in ("threads", "processes"):
        with dga.create_environment(engine=engine):
            work = dga.create_factorization_problem(DIGITS, 4, 10, epochs=2, progress=False)
            weights.add(dga.DistributedGradientAccumulator.apply(work).weights_sha256)
    assert len(weights) == 1


def test_an_environment_closes_at_the_end_of_its_block():
    with dga.create_environment() as environment:
        assert "open" in repr(environment)
        with pytest.raises(ValueError, match="expected none to be open, found one. Call close\\(\\) first."):
            dga.create_environment()
    assert "closed" in repr(environment)
    dga.Close()
    dga.Close()


def test_regression_from_arrays():
    x = np.linspace(0, 1, 60).reshape(-1, 1)
    data = dga.create_dataset(x=x, y=3 * x[:, 0] + 1, task="regression")
    assert data.num_classes == 0
    work = dga.create_factorization_problem(dataset=data, num_client_items=2, hidden=[16], epochs=60, task="regression",
                                            progress=False)
    results = dga.DistributedGradientAccumulator.apply(work)
    assert results.error.mean() < 0.05


def test_callbacks_hear_of_every_epoch_and_step_on_each_engine(problem):
    for engine in ("threads", "processes"):
        epochs, steps = [], []
        with dga.create_environment(engine=engine):
            work = problem(on_epoch=epochs.append, on_step=steps.append, epochs=2, batch=16)
            results = dga.DistributedGradientAccumulator.apply(work)
        assert epochs == results.epochs
        assert [step["steps"] for step in steps] == [1, 2, 3, 4]
        assert [step["epoch"] for step in steps] == [1, 1, 2, 2]
        assert all(step["loss"] > 0 for step in steps)


@pytest.mark.parametrize("engine", ["threads", "processes"])
def test_a_callback_that_returns_true_ends_the_training(problem, engine):
    with dga.create_environment(engine=engine):
        results = dga.DistributedGradientAccumulator.apply(
            problem(epochs=1000, on_epoch=lambda epoch: epoch["epoch"] == 2))
    assert len(results.epochs) == 2
    assert results.to_dict()["stopped_early"] is True


def test_early_stopping_the_best_epoch_and_averages(problem):
    results = dga.DistributedGradientAccumulator.apply(
        problem(epochs=500, patience=3, keep_best=True, ema=0.5, class_weights="balanced"))
    content = results.to_dict()
    assert content["stopped_early"] and len(results.epochs) == content["best_epoch"] + 3
    assert results.error.mean() == results.epochs[content["best_epoch"] - 1]["test_error"]


@pytest.mark.parametrize("engine", ["threads", "processes"])
def test_what_a_callback_raises_comes_out_of_the_run(problem, engine):
    class Mine(Exception):
        pass

    def fail(epoch):
        raise Mine(f"epoch {epoch['epoch']}")

    with dga.create_environment(engine=engine):
        work = problem(on_epoch=fail, epochs=1000)
        with pytest.raises(Mine, match="epoch 1"):
            dga.DistributedGradientAccumulator.apply(work)
        # The environment is as good as before.
        assert dga.DistributedGradientAccumulator.apply(problem()).workers == 2


def test_log_lines_go_through_logging(caplog):
    with caplog.at_level(logging.INFO, logger="distributed_gradient_accumulator"):
        dga._logger.info("mine")
    assert caplog.messages == ["mine"]


def test_values_are_arrays_one_a_worker(problem):
    results = dga.DistributedGradientAccumulator.apply(problem(num_client_items=3))
    assert results.time.values.dtype == np.float64 and results.time.values.shape == (3,)
    assert math.isclose(results.time.mean(), results.time.values.mean())
    assert "3 workers" in repr(results.time) and "3 workers" in repr(dga.error)


def test_predictions_are_labels_and_probabilities(points):
    x, y = points
    data = dga.create_dataset(x=x[:60], y=np.where(y == 1, 7, -3)[:60], test_x=x[60:], test_y=np.where(y == 1, 7, -3)[60:])
    results = dga.DistributedGradientAccumulator.apply(dga.create_factorization_problem(
        dataset=data, num_client_items=2, hidden=[8], epochs=20, progress=False))
    labels = results.predict(x[60:])
    assert set(labels) <= {-3, 7}
    wrong = float(np.mean(labels != np.where(y == 1, 7, -3)[60:]))
    assert math.isclose(wrong, results.error.mean())
    scores = results.predict_scores(x[60:])
    assert scores.shape == (20, 2) and np.allclose(scores.sum(axis=1), 1)
    assert np.array_equal(np.where(scores.argmax(axis=1) == 1, 7, -3), labels)
    assert results.predict(x[0]) == results.predict(x[:1])
    assert dga.load(results.folder).predict(x[60:].tolist()).tolist() == labels.tolist()
    for bad, text in ((x[:, :2], "expected samples of 3 features"), (np.full((2, 3), np.nan), "expected finite")):
        with pytest.raises(dga.DataError, match=text):
            results.predict(bad)


def test_results_are_saved_and_loaded(problem, tmp_path):
    results = dga.DistributedGradientAccumulator.apply(problem())
    results.save(tmp_path / "kept")
    again = dga.load(tmp_path / "kept")
    assert again.to_dict() == results.to_dict()
    assert again.weights_sha256 == results.weights_sha256
    frame = results.to_pandas()
    assert list(frame.index) == [1, 2, 3] and frame["loss"].iloc[0] == results.epochs[0]["loss"]
    with pytest.raises(OSError, match="expected nothing there, found a file or folder"):
        results.save(tmp_path / "kept")


def test_files_that_have_changed_since_they_were_written_are_refused(problem, points, tmp_path):
    results = dga.DistributedGradientAccumulator.apply(problem(trace=True))
    results.save(tmp_path / "kept")
    listed = [entry["name"] for entry in json.loads((tmp_path / "kept/manifest.json").read_text(encoding="utf-8"))["files"]]
    assert "trace.json" in listed
    assert sorted(os.listdir(tmp_path / "kept")) == sorted([*listed, "manifest.json"])
    for name, use in (("results.json", dga.load), ("model.json", lambda folder: dga.load(folder).predict(points[0])),
                      ("model.safetensors", lambda folder: dga.load(folder).predict(points[0])),
                      ("trace.json", lambda folder: dga.load(folder).save(tmp_path / "again"))):
        path = tmp_path / "kept" / name
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(dga.StorageError, match=rf"kept/{name}: expected bytes with the checksum [0-9a-f]{{32}}, as "
                                                   r"manifest\.json says, found [0-9a-f]{32}\. Copy the file again"):
            use(tmp_path / "kept")
        path.write_bytes(whole)
    assert not (tmp_path / "again").exists()
    dga.load(tmp_path / "kept").save(tmp_path / "again")
    assert sorted(os.listdir(tmp_path / "again")) == sorted(os.listdir(tmp_path / "kept"))
