# SPDX-License-Identifier: Apache-2.0
"""Data and results in a real HDFS, from Python."""

import json
import sys

import numpy as np
import pytest

import distributed_gradient_accumulator as dga
from conftest import DIGITS, SOURCE
from test_script import SCRIPT, numbers_of

sys.path.insert(0, str(SOURCE / "tests" / "hdfs"))

from hdfs_cluster import HdfsCluster, superuser, why_not, write_site  # noqa: E402


@pytest.fixture(scope="module")
def cluster():
    if why_not():
        pytest.skip(why_not())
    cluster = HdfsCluster()
    yield cluster
    cluster.stop()


@pytest.fixture
def hdfs(cluster, tmp_path, monkeypatch):
    """The URI of an HDFS with the digits in /digits, as a user's configuration names it."""
    monkeypatch.setenv("HADOOP_USER_NAME", superuser())
    monkeypatch.setenv("HADOOP_CONF_DIR", str(write_site(tmp_path / "conf", "hdfs-site.xml", cluster.site()).parent))
    cluster.create("/digits/digits.csv", (DIGITS / "digits.csv").read_bytes())
    return f"hdfs://{cluster.SERVICE}"


def test_the_script_runs_with_its_data_in_hdfs(hdfs, script, tmp_path):
    time, error = numbers_of(script(SCRIPT.replace(str(DIGITS), f"{hdfs}/digits")))
    assert 0 < time < 60 and error < 0.05
    (run,) = (tmp_path / "runs").iterdir()
    weights = json.loads((run / "results.json").read_text(encoding="utf-8"))["weights_sha256"]
    numbers_of(script(SCRIPT, timeout=60))
    (other,) = set((tmp_path / "runs").iterdir()) - {run}
    assert json.loads((other / "results.json").read_text(encoding="utf-8"))["weights_sha256"] == weights


@pytest.mark.parametrize("engine", ["threads", "processes"])
def test_a_run_in_hdfs_is_read_again(hdfs, engine, tmp_path):
    with dga.create_environment(engine):
        problem = dga.create_factorization_problem(f"{hdfs}/digits", 3, 20, epochs=2, output=f"{hdfs}/{engine}", progress=False)
        results = dga.DistributedGradientAccumulator.apply(problem)
    again = dga.load(f"{hdfs}/{engine}")
    assert again.weights_sha256 == results.weights_sha256
    again.save(f"{hdfs}/kept/{engine}")
    samples = np.loadtxt(DIGITS / "digits.csv", delimiter=",", max_rows=20)[:, :-1]
    np.testing.assert_array_equal(dga.load(f"{hdfs}/kept/{engine}").predict(samples), results.predict(samples))
    results.save(tmp_path / "here")
    assert dga.load(tmp_path / "here").to_dict() == results.to_dict()
    with pytest.raises(dga.StorageError, match="expected nothing there, found a file or folder"):
        results.save(f"{hdfs}/kept/{engine}")
    with pytest.raises(dga.StorageError, match=f"{hdfs}/none/results.json: .* Give the folder of a run that has ended."):
        dga.load(f"{hdfs}/none")
