# SPDX-License-Identifier: Apache-2.0
"""The package in a notebook, run by Jupyter's own kernel."""

import json
import sys

import nbclient
import nbformat
import pytest

CELLS = [
    """
import numpy as np
import distributed_gradient_accumulator as dga
data = dga.create_dataset(x=np.eye(40), y=[0, 1] * 20)
def work(epochs):
    return dga.create_factorization_problem(dataset=data, num_client_items=2, hidden=[4], epochs=epochs)
results = dga.DistributedGradientAccumulator.apply(work(300))
""",
    "results",
    """
import os, signal, threading
threading.Timer(1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    dga.DistributedGradientAccumulator.apply(work(10**6))
except KeyboardInterrupt:
    print("interrupted, and", dga.DistributedGradientAccumulator.apply(work(3)).workers)
""",
    "dga.create_dataset('nothing here')",
]


@pytest.fixture
def outputs(tmp_path, monkeypatch):
    """What each cell showed."""
    kernels = tmp_path / "jupyter" / "kernels" / "this"
    kernels.mkdir(parents=True)
    (kernels / "kernel.json").write_text(json.dumps(
        {"argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "this",
         "language": "python"}), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="this", allow_errors=True,
                            resources={"metadata": {"path": str(tmp_path)}}).execute()
    return [cell.outputs for cell in notebook.cells]


def test_a_notebook_shows_a_bar_results_ctrl_c_and_errors(outputs):
    trained, shown, interrupted, failed = outputs
    assert "application/vnd.jupyter.widget-view+json" in trained[0].data and "2 workers" in trained[0].data["text/plain"]
    assert "Results of 2 workers (threads): mean time" in shown[0].data["text/plain"]
    assert [output.text for output in interrupted if output.output_type == "stream"] == ["interrupted, and 2\n"]
    assert failed[-1].ename == "DataNotFound" and "nothing here: expected a folder or a file" in failed[-1].evalue
