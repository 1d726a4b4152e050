# SPDX-License-Identifier: Apache-2.0
"""The case of ../shared/cases that is a Python script; the others are in tests/cli/cases_test.py."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from conftest import SOURCE

CASES = SOURCE.parent / "shared" / "cases"


@pytest.mark.skipif(not CASES.is_dir(), reason="no ../shared/cases beside this checkout")
def test_python_frames(tmp_path):
    shutil.copytree(CASES / "python_frames", tmp_path / "case")
    (tmp_path / "case").chmod(0o755)
    done = subprocess.run(["bash", "cmd"], cwd=tmp_path / "case", env={**os.environ, "PYTHON": sys.executable},
                          capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done
    swapped, with_text, nothing = done.stdout.splitlines()
    errors = re.fullmatch(r"swapped frame (\S+) right (\S+)", swapped)
    assert errors and errors[1] == errors[2]
    assert with_text == ('frame with text DataError [data] x: expected a number in column s, found the text "a" in sample '
                         "0. Correct it, leave the column out with drop='s', or encode its texts with one_hot='s'.")
    assert nothing == "[]"
