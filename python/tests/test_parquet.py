# SPDX-License-Identifier: Apache-2.0
"""Parquet files that pandas wrote, in a process that may have pyarrow's own copy of Arrow."""

import numpy as np
import pandas as pd
import pytest

import distributed_gradient_accumulator as dga

OPTIONS = {"num_client_items": 2, "hidden": [4], "epochs": 2, "progress": False}


@pytest.fixture
def frame():
    random = np.random.default_rng(5)
    x = random.normal(size=(120, 4))
    return pd.DataFrame({"a": x[:, 0], "b": x[:, 1].astype(np.float32), "n": random.integers(-5, 300, 120),
                         "color": pd.Categorical(random.choice(["red", "green"], 120)), "on": random.random(120) < 0.5,
                         "label": np.where(x[:, 0] > 0, "yes", "no")})


def train(path, **columns):
    problem = dga.create_factorization_problem(dataset=dga.create_dataset(path, **columns), **OPTIONS)
    return dga.DistributedGradientAccumulator.apply(problem)


def test_a_run_from_parquet_has_the_weights_of_a_run_from_csv(frame):
    frame.to_parquet("frame.parquet")
    frame.to_csv("frame.csv", index=False)
    results = [train(f"frame.{ending}", one_hot=["color", "on"]) for ending in ("csv", "parquet")]
    assert results[0].weights_sha256 == results[1].weights_sha256


def test_a_model_of_parquet_takes_the_frame_that_was_written(frame):
    numbers = frame[["a", "b", "n", "label"]]
    numbers.to_parquet("frame.parquet")
    assert set(train("frame.parquet").predict(pd.read_parquet("frame.parquet"))) <= {"yes", "no"}


def test_the_index_of_pandas_is_no_feature(frame):
    numbers = frame[["a", "b", "label"]]
    numbers.to_parquet("range.parquet")
    numbers.set_index(pd.Index(range(1000, 1120))).rename_axis("id").to_parquet("named.parquet")
    numbers.set_index(pd.Index([f"row {i}" for i in range(120)])).to_parquet("texts.parquet")
    weights = {train(f"{name}.parquet").weights_sha256 for name in ("range", "named", "texts")}
    assert len(weights) == 1


def test_missing_values_of_pandas_are_missing(frame):
    frame.loc[3, "a"] = np.nan
    frame["n"] = frame["n"].astype("Int64")
    frame.loc[5, "n"] = pd.NA
    frame = frame.drop(columns=["color", "on"])
    frame.to_parquet("frame.parquet")
    frame.to_csv("frame.csv", index=False)
    with pytest.raises(dga.DataError, match=r"frame\.parquet: sample 3: expected a value in column 1 \(a\), found no value"):
        train("frame.parquet")
    for missing in ("mean", "drop"):
        assert train("frame.parquet", missing=missing).weights_sha256 == train("frame.csv", missing=missing).weights_sha256


@pytest.mark.parametrize("first", ["pyarrow.parquet", "distributed_gradient_accumulator"])
def test_dga_and_pyarrow_share_a_process(script, tmp_path, frame, first):
    frame[["a", "b", "label"]].to_parquet(tmp_path / "frame.parquet")
    done = script(f"""
import {first}
import distributed_gradient_accumulator as dga, pyarrow.parquet as pq
table = pq.read_table("frame.parquet")
problem = dga.create_factorization_problem(dataset=dga.create_dataset("frame.parquet"), num_client_items=2, hidden=[4],
                                           epochs=1, progress=False)
results = dga.DistributedGradientAccumulator.apply(problem)
print(table.num_rows, len(results.predict(table.to_pandas())))
""")
    assert (done.returncode, done.stdout) == (0, "120 120\n"), done.stderr
