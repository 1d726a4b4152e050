# SPDX-License-Identifier: Apache-2.0
"""The package in one process with the full PyTorch, imported before or after it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]
DIGITS = SOURCE / "data" / "digits"
LEAN_PYTHON = SOURCE / os.environ["DGA_PYTHON"]  # the same package beside the lean LibTorch

TRAIN = f"""
def train(engine):
    with dga.create_environment(engine=engine):
        problem = dga.create_factorization_problem({str(DIGITS)!r}, 4, 20, epochs=3, dropout=0.1, progress=False)
        return dga.DistributedGradientAccumulator.apply(problem)
"""
TORCH_STEP = """
def torch_step():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    net(torch.ones(3, 4)).sum().backward()
    return float(net[0].weight.grad.sum())
"""
ORDERS = {"torch first": "import torch\nimport distributed_gradient_accumulator as dga\n",
          "dga first": "import distributed_gradient_accumulator as dga\nimport torch\n"}


def run(program, folder, python=sys.executable):
    done = subprocess.run([str(python), "-c", program], cwd=folder, capture_output=True, text=True, timeout=300,
                          check=False)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout.split()


@pytest.mark.parametrize("order", ORDERS)
def test_both_work_in_one_process_and_the_bits_are_those_without_torch(order, tmp_path):
    found = run(ORDERS[order] + TRAIN + TORCH_STEP + """
before = torch_step()
print(train("threads").weights_sha256, train("processes").weights_sha256, torch_step() == before)
""", tmp_path)
    alone = run("import distributed_gradient_accumulator as dga\n" + TRAIN + "print(train('threads').weights_sha256)",
                tmp_path, LEAN_PYTHON)
    assert found == [alone[0], alone[0], "True"]


def test_tensors_are_used_where_they_lie(tmp_path):
    (same,) = run(ORDERS["torch first"] + """
x, y = torch.randn(64, 5), torch.arange(64) % 3
data = dga.create_dataset(x=x, y=y)
print(data._core.features_address == x.data_ptr() and data.num_classes == 3)
""", tmp_path)
    assert same == "True"


def test_a_loss_may_be_pytorchs_own(tmp_path):
    """PyTorch's cross entropy, called by each worker, gives the losses of LibTorch's."""
    own, built_in = run(ORDERS["torch first"] + f"""
def cross_entropy(output, target):
    scores = torch.from_numpy(output).requires_grad_()
    loss = torch.nn.functional.cross_entropy(scores, torch.from_numpy(target))
    loss.backward()
    return loss.item(), scores.grad.numpy()

for loss in (cross_entropy, None):
    with dga.create_environment():
        work = dga.create_factorization_problem({str(DIGITS)!r}, 4, 20, epochs=3, progress=False, loss=loss)
        print(f"{{dga.DistributedGradientAccumulator.apply(work).epochs[-1]['loss']:.6f}}")
""", tmp_path)
    assert own == built_in


def test_pytorch_reads_the_weights_and_gets_the_same_error(tmp_path):
    error, again = run(ORDERS["dga first"] + TRAIN + f"""
import json, os
from safetensors.torch import load_file
results = train("threads")
weights = load_file(os.path.join(results.folder, "model.safetensors"))
card = json.load(open(os.path.join(results.folder, "model.json")))
work = dga.create_factorization_problem({str(DIGITS)!r}, 4, 20, progress=False)
rows = torch.tensor([[float(field) for field in line.split(",")] for line in open({str(DIGITS / "digits.csv")!r})])
x = (rows[:, :-1] - torch.tensor(card["features"]["mean"])) / torch.tensor(card["features"]["scale"])
hidden = torch.relu(x @ weights["layers.0.weight"].T + weights["layers.0.bias"])
wrong = (hidden @ weights["layers.1.weight"].T + weights["layers.1.bias"]).argmax(1) != rows[:, -1].long()
# All samples, trained on and held out: what the two errors of the last epoch come to together.
last = results.epochs[-1]
train_samples, test_samples = results.to_dict()["samples"].values()
print(round(last["train_error"] * train_samples + last["test_error"] * test_samples), int(wrong.sum()))
""", tmp_path)
    assert error == again


def test_a_plain_pytorch_model_loads_an_exported_checkpoint_and_predicts_the_same(tmp_path):
    """The program trains, exports and predicts; PyTorch gets the weights alone."""
    program = SOURCE / os.environ["DGA_BIN"] / "dga"
    for arguments in (("train", "--data", DIGITS, "--hidden", "20", "--epochs", "3", "--workers", "4", "--checkpoint-every", "1",
                       "--ema", "0.9", "--output", "run", "--quiet"),
                      ("checkpoint", "export", "run", "weights.safetensors", "--kept"),
                      ("checkpoint", "export", "run", "trained.safetensors"),
                      ("predict", "--model", "run", "--data", DIGITS / "digits.csv", "--output", "predicted.csv")):
        subprocess.run([program, *map(str, arguments)], cwd=tmp_path, check=True, capture_output=True, timeout=300)
    classes, kept, trained = run(f"""
import csv, json, torch
from safetensors.torch import load_file
Linear = torch.nn.Linear
rows = torch.tensor([[float(field) for field in line] for line in csv.reader(open({str(DIGITS / "digits.csv")!r}))])
card = json.load(open("run/model.json"))["features"]
x = (rows[:, :-1] - torch.tensor(card["mean"])) / torch.tensor(card["scale"])

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.ModuleList([Linear(x.shape[1], 20), Linear(20, 10)])
    def forward(self, x):
        return self.layers[1](torch.relu(self.layers[0](x)))

predicted = torch.tensor([[float(field) for field in line] for line in list(csv.reader(open("predicted.csv")))[1:]])
print(predicted[:, 0].unique().numel())
for name in ("weights.safetensors", "trained.safetensors"):
    net = Net()
    net.load_state_dict(load_file(name))  # strict: all names, and no others
    print(torch.allclose(net(x).softmax(1), predicted[:, 1:], atol=1e-5))
""", tmp_path)
    assert (classes, kept, trained) == ("10", "True", "False")
