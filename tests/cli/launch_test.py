#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dga launch: a job under MPI is started again after failures and on other hosts, and ends with the same weights."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

import running
from program import PROGRAM, ProgramTest, rows

MPIRUN = os.environ.get("DGA_MPIRUN", "mpirun --oversubscribe")
TRAIN = ("train", "--data", "data", "--hidden", "8", "--batch", "4", "--workers", "5", "--dropout", "0.2", "--quiet")
EPOCHS = ("--epochs", "120")
ENDLESS = ("--epochs", "1000000")
LONGEST = ("--epochs", "1200")  # on one carrier a few seconds
EVERY = ("--checkpoint-every", "50steps")
SEED = 1408


@unittest.skipUnless(os.environ.get("DGA_MPI", "ON") == "ON", "dga was built without MPI")
class LaunchTest(ProgramTest):
    undisturbed = {}  # the results of runs that were left alone, by their epochs

    def setUp(self):
        super().setUp()
        self.write("data/a.csv", rows(400))
        self.random = random.Random(SEED)

    def environment(self):
        return {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}

    def launch(self, *options, program=(PROGRAM, *TRAIN, *EPOCHS, *EVERY, "--output", "out", "--timeout", "5")):
        process = subprocess.Popen([PROGRAM, "launch", "--mpirun", MPIRUN, *options, "--", *program], cwd=self.folder,
                                   env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def ranks(self):
        """The processes of the job, by their rank."""
        found = {}
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.readlink(entry / "cwd") == str(self.folder.resolve()):
                    variables = (entry / "environ").read_bytes().split(b"\0")
                    state = (entry / "stat").read_text(encoding="utf-8").rsplit(") ", 1)[1][0]
                    for variable in variables:
                        if variable.startswith(b"OMPI_COMM_WORLD_RANK=") and state != "Z":
                            found[int(variable.split(b"=")[1])] = int(entry.name)
            except (OSError, IndexError):
                continue
        return [found[rank] for rank in sorted(found)]

    def epochs(self):
        return running.epochs_in(self.folder / "out")

    def wait_for_epochs(self, process, number):
        running.wait_until(lambda: self.epochs() >= number, process)

    def expect_line(self, process, text):
        """Reads standard error up to a line with `text`."""
        watchdog = threading.Timer(60, process.kill)
        watchdog.start()
        lines = []
        for line in process.stderr:
            lines.append(line)
            if text in line:
                watchdog.cancel()
                return
        self.fail(f"{text}: not found in {lines}")

    def expect_stop(self, process):
        process.terminate()
        _, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 3, stderr)

    def expect_undisturbed(self, process, restarts, epochs=EPOCHS):
        _, stderr = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, stderr)
        self.assertEqual(stderr.count("The job is started again"), restarts, stderr)
        self.assertNotIn("\x1e", stderr)
        if epochs not in self.undisturbed:
            done = self.dga(*TRAIN, *epochs, "--output", "whole", "--engine", "threads")
            self.assertEqual(done.returncode, 0, done)
            self.undisturbed[epochs] = running.results_of(self.folder / "whole")
        self.assertEqual(running.results_of(self.folder / "out"), self.undisturbed[epochs])
        self.assertEqual(str(self.epochs()), epochs[1])
        self.assertEqual([name for name in os.listdir(self.folder / "out") if name.startswith(".")], [])
        return stderr

    def test_killed_ranks(self):
        process = self.launch("--carriers", "3", "--max-restarts", "9")
        self.wait_for_epochs(process, 10)
        os.kill(self.ranks()[0], signal.SIGKILL)
        begin = time.monotonic()
        before = self.epochs()
        self.wait_for_epochs(process, before + 5)
        self.assertLess(time.monotonic() - begin, 5)
        self.wait_for_epochs(process, before + 20)
        for pid in self.random.sample(self.ranks(), 2):  # two at once
            os.kill(pid, signal.SIGKILL)
        stderr = self.expect_undisturbed(process, 2)
        self.assertRegex(stderr, r"\(process \d+\) ended before its work was done.*started again on 3 carriers \(restart 1 of 9\)")

    def test_a_stopped_rank(self):
        process = self.launch("--carriers", "3", "--max-restarts", "1",
                              program=(PROGRAM, *TRAIN, *EPOCHS, *EVERY, "--output", "out", "--timeout", "2"))
        self.wait_for_epochs(process, 20)
        os.kill(self.random.choice(self.ranks()), signal.SIGSTOP)
        self.assertIn(" waited 2 s for carrier ", self.expect_undisturbed(process, 1))

    def test_the_launcher_is_killed(self):
        process = self.launch("--carriers", "2", "--max-restarts", "1")
        self.wait_for_epochs(process, 20)
        self.assertEqual(len(self.ranks()), 2)
        with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as file:
            os.kill(int(file.read()), signal.SIGKILL)
        self.assertIn("ended with exit code 137", self.expect_undisturbed(process, 1))
        self.assertEqual(self.ranks(), [])

    def test_the_supervisor_is_killed(self):
        process = self.launch("--carriers", "3", "--max-restarts", "1")
        self.wait_for_epochs(process, 20)
        self.assertEqual(len(self.ranks()), 3)
        process.kill()
        end = time.monotonic() + 10
        while self.ranks():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        again = self.launch("--carriers", "2", program=(PROGRAM, *TRAIN, *EPOCHS, *EVERY, "--output", "out", "--resume", "auto"))
        self.expect_undisturbed(again, 0)

    def test_a_signal_saves_a_checkpoint_and_the_job_goes_on_later(self):
        program = (PROGRAM, *TRAIN, *EPOCHS, "--output", "out", "--resume", "auto")
        process = self.launch("--carriers", "3", "--max-restarts", "1", program=program)
        self.wait_for_epochs(process, 20)
        process.terminate()
        _, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 3, stderr)
        self.assertGreaterEqual(self.epochs(), 20)
        self.expect_undisturbed(self.launch("--carriers", "2", program=program), 0)

    def test_the_job_goes_on_on_the_hosts_of_a_changed_file(self):
        hosts = self.write("hosts", ["localhost slots=2"])
        process = self.launch("--hostfile", str(hosts), "--max-restarts", "1",
                              program=(PROGRAM, *TRAIN, *LONGEST, *EVERY, "--output", "out"))
        counts = []
        for after, slots in ((10, 3), (30, 9), (50, 1)):
            self.wait_for_epochs(process, after)
            counts.append(len(self.ranks()))
            self.write("hosts", [f"localhost slots={slots}"])
            # No more than workers.
            running.wait_until(lambda expected=min(slots, 5): len(self.ranks()) == expected, process, pause=0.05)
        self.assertEqual(counts, [2, 3, 5])
        stderr = self.expect_undisturbed(process, 0, LONGEST)
        for count in (3, 5, 1):
            self.assertIn(f"the job goes on on {count} carriers", stderr)

    def test_a_host_that_does_not_answer_is_left_out(self):
        hosts = self.write("hosts", ["localhost slots=2"])
        process = self.launch("--hostfile", str(hosts), program=(PROGRAM, *TRAIN, *ENDLESS, "--output", "out"))
        self.wait_for_epochs(process, 10)
        self.write("hosts", ["localhost slots=3", "nobody.invalid slots=4"])
        self.expect_line(process, "Host nobody.invalid does not answer, and is left out.")
        self.expect_line(process, "the job goes on on 3 carriers")
        self.wait_for_epochs(process, self.epochs() + 10)
        self.expect_stop(process)

    def test_too_few_hosts_and_wrong_files_leave_the_job_alone(self):
        hosts = self.write("hosts", ["localhost slots=3"])
        process = self.launch("--hostfile", str(hosts), "--min-carriers", "2",
                              program=(PROGRAM, *TRAIN, *ENDLESS, "--output", "out"))
        self.wait_for_epochs(process, 10)
        for line, text in (
                ("localhost slots=many", 'hosts:1: expected a host with 1 to 4096 slots, such as "node1 slots=4", found "localhost '
                                         'slots=many". The job goes on on its old hosts.'),
                ("localhost slots=1", "min-carriers: expected room for 2 carriers or more, found hosts with 1 slots. The job goes "
                                      "on on its old hosts.")):
            self.write("hosts", [line])
            self.expect_line(process, text)
            self.wait_for_epochs(process, self.epochs() + 5)
        self.assertEqual(len(self.ranks()), 3)
        self.expect_stop(process)

    def test_a_job_that_fails_at_the_same_step_ends_with_its_first_error(self):
        process = self.launch("--carriers", "2", "--max-restarts", "50", program=(
            PROGRAM, *TRAIN, *EPOCHS, *EVERY, "--output", "out", "--task", "regression", "--optimizer", "sgd", "--lr", "1000"))
        _, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, stderr)
        self.assertRegex(stderr, r"\ndga: .* is not finite at step .* It happened again after a restart, ")
        self.assertEqual(stderr.count("The job is started again"), 1, stderr)

    def test_any_program_is_started_again(self):
        script = "import os, sys; print(os.environ['DGA_LAUNCH'].split()[1]); sys.exit(7)"
        process = self.launch("--carriers", "1", "--max-restarts", "5", program=(sys.executable, "-c", script))
        stdout, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, stderr)
        self.assertEqual(stdout.split(), ["0", "0"])  # its ranks never met, so that they have nothing to go on from
        self.assertRegex(stderr, r"mpi\w+ ended with exit code 7\. It happened again")

    def test_an_earlier_run_in_the_folder_stays(self):
        self.assertEqual(self.dga(*TRAIN, "--epochs", "2", "--output", "out", "--engine", "threads").returncode, 0)
        before = (self.folder / "out" / "results.json").read_bytes()
        process = self.launch("--carriers", "2", "--max-restarts", "3")
        _, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, stderr)
        self.assertEqual(stderr.count("The job is started again"), 1, stderr)
        self.assertEqual((self.folder / "out" / "results.json").read_bytes(), before)

    def test_there_are_no_more_ranks_than_workers(self):
        process = self.launch("--carriers", "7")
        self.expect_undisturbed(process, 0)

    def test_wrong_usage_is_not_tried_again(self):
        for program, text in (((PROGRAM, *TRAIN, "--nonsense", "--output", "out"), "--nonsense: expected the name of an option"),
                              ((PROGRAM, "train", "--data", "data", "--output", "out"), "Add --workers N."),
                              ((PROGRAM, *TRAIN), "[train] output: expected the folder in which dga launch finds the run "
                                                  "again, found none. Add --output DIR.")):
            process = self.launch("--carriers", "2", "--max-restarts", "5", program=program)
            _, stderr = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 2, stderr)
            self.assertIn(text, stderr)
            self.assertNotIn("started again", stderr)

    def test_a_wrong_command_is_one_line(self):
        self.write("hosts", ["# none"])
        for options, text in (
                (("--carriers", "2"), "PROGRAM"),
                (("--hostfile", "missing", "--", "true"), "missing"),
                (("--hostfile", "hosts", "--", "true"), "[launch] hosts: expected a host in each line"),
                (("--min-carriers", "4", "--carriers", "2", "--", "true"),
                 "[launch] min-carriers: expected 1 to the number of carriers, found 4."),
                (("--max-restarts", "-1", "--", "true"), "[options] --max-restarts: expected an integer from 0 to 1000000, found \"-1\"."),
                (("--mpirun", "srun", "--hostfile", "hosts", "--", "true"), "[launch] hostfile: expected none with srun"),
                (("--mpirun", " ", "--", "true"), '[options] mpirun: expected the words of a command, found " ".'),
                (("--mpirun", "mpirun; ls", "--", "true"), "Quote those with special characters."),
                (("--mpirun", "no-such-mpirun", "--", "true"),
                 '[launch] expected the MPI launcher "no-such-mpirun", found "No such file or directory".')):
            done = self.dga("launch", *options)
            self.assertIn(done.returncode, (1, 2), done)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
            self.assertIn(text, done.stderr)
        done = self.dga("launch", "--", "true", variables={"OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "1"})
        self.expect_error(done, 2, "dga launch starts the launcher itself.")


if __name__ == "__main__":
    unittest.main()
