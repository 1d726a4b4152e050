# SPDX-License-Identifier: Apache-2.0
"""The progress bar: where it shows, and that it is gone afterwards."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

PROGRAM = """
import sys
import numpy as np
import distributed_gradient_accumulator as dga
data = dga.create_dataset(x=np.eye(40), y=[0, 1] * 20)
show = {"True": True, "False": False, "None": None}[sys.argv[1]]
problem = dga.create_factorization_problem(dataset=data, num_client_items=2, hidden=[4], epochs=300, progress=show)
print(dga.DistributedGradientAccumulator.apply(problem).workers)
"""


def on_a_terminal(show, terminal="xterm"):
    """What a terminal of that kind sees of standard error."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    with subprocess.Popen([sys.executable, "-c", PROGRAM, show], stdout=subprocess.PIPE, stderr=theirs,
                          env={**os.environ, "TERM": terminal, "NO_COLOR": "1"}) as process:
        os.close(theirs)
        seen = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            seen += piece
        os.close(ours)
        assert process.stdout.read() == b"2\n"
        assert process.wait(60) == 0
    return seen.decode()


def test_a_terminal_sees_a_bar_and_its_end():
    seen = on_a_terminal("None")
    assert "2 workers:" in seen and "step" in seen and "loss=" in seen
    assert seen.rstrip("\n").endswith("\r")  # erased
    assert "\x1b" not in seen


def test_a_dumb_terminal_sees_none():
    assert on_a_terminal("None", terminal="dumb") == ""


def test_a_terminal_sees_none_when_told_so():
    assert on_a_terminal("False") == ""


def test_a_pipe_sees_one_only_when_told_so():
    for show, expected in (("None", False), ("True", True)):
        done = subprocess.run([sys.executable, "-c", PROGRAM, show], capture_output=True, text=True, timeout=60,
                              check=True)
        assert ("2 workers:" in done.stderr) == expected, show
