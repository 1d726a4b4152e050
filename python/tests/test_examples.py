# SPDX-License-Identifier: Apache-2.0
"""The Python examples run as they stand."""

import re
import subprocess
import sys

from conftest import SOURCE


def run(name):
    done = subprocess.run([sys.executable, str(SOURCE / "examples" / name)], cwd=SOURCE, capture_output=True, text=True,
                          timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def test_quickstart():
    time, error = map(float, run("quickstart.py").split())
    assert time > 0 and error < 0.05


def test_numpy_arrays():
    found = re.match(r"held-out error (\d\.\d+), time of 4 workers: mean ", run("numpy_arrays.py"))
    assert float(found[1]) < 0.02
