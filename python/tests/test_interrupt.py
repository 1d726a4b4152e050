# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C, and the interpreter while workers work."""

import os
import signal
import threading
import time

import pytest

import distributed_gradient_accumulator as dga


@pytest.mark.parametrize("engine", ["threads", "processes"])
def test_ctrl_c_stops_all_workers_within_a_second_and_the_interpreter_goes_on(problem, engine):
    begun = threading.Event()
    sent = []

    def interrupt():
        begun.wait(30)
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    with dga.create_environment(engine=engine):
        killer = threading.Thread(target=interrupt)
        killer.start()
        with pytest.raises(KeyboardInterrupt, match="expected .* steps, found signal 2"):
            stopped = problem(epochs=1_000_000, output="stopped", on_epoch=lambda epoch: begun.set())
            dga.DistributedGradientAccumulator.apply(stopped)
        assert time.monotonic() - sent[0] < 1
        killer.join()
        saved = dga.load(stopped.options["output"])
        assert saved.to_dict()["stopped"] and len(saved.predict([[1, 2, 3]])) == 1
        whole = dga.DistributedGradientAccumulator.apply(problem(epochs=len(saved.epochs)))
        assert whole.weights_sha256 == saved.weights_sha256
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_run_while_workers_work(problem):
    counted = 0
    done = threading.Event()

    def count():
        nonlocal counted
        while not done.is_set():
            counted += 1
            time.sleep(0.001)

    counter = threading.Thread(target=count)
    counter.start()
    dga.DistributedGradientAccumulator.apply(problem(epochs=300))
    done.set()
    counter.join()
    assert counted > 10


def test_a_killed_worker_process_is_an_exception_that_names_it(problem):
    def kill(epoch):
        me = os.getpid()
        with open(f"/proc/{me}/task/{me}/children", encoding="ascii") as file:
            children = [int(child) for child in file.read().split()]
        os.kill(children[-1], signal.SIGKILL)

    with dga.create_environment(engine="processes"):
        with pytest.raises(dga.WorkerFailure, match=r"was killed by signal 9"):
            dga.DistributedGradientAccumulator.apply(problem(epochs=1_000_000, on_epoch=kill))
        assert dga.DistributedGradientAccumulator.apply(problem()).workers == 2
