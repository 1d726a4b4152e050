# SPDX-License-Identifier: Apache-2.0
"""Shared by the benchmark scripts: builds, finds and runs programs, and keeps the results."""

import datetime
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"


def stop(text):
    """Ends the script with an error, because it could not measure."""
    sys.exit(f"{Path(sys.argv[0]).name}: {text}")


def add_common_options(parser, rounds):
    parser.add_argument("--rounds", type=int, default=rounds, help="number of measurements of each figure, in turns")
    parser.add_argument("--bin", help="folder of the programs, if it is not that of the release preset")


def programs(folder, *names):
    """Returns the paths of the programs. Without a folder, builds them first; "dga" is the target dga_program."""
    if folder is None:
        targets = ["dga_program" if name == "dga" else name for name in names]
        if not (ROOT / "build" / "release" / "build.ninja").is_file():
            run(["cmake", "--preset", "release"])
        print(f"building {', '.join(names)}", file=sys.stderr)
        run(["cmake", "--build", "--preset", "release", "--target", *targets], timeout_s=3600)
        folder = ROOT / "build" / "release" / "bin"
    paths = [Path(folder).resolve() / name for name in names]
    for path in paths:
        if not os.access(path, os.X_OK):
            stop(f"expected the program {path}, found none. Build the target benchmarks, or correct --bin.")
    return paths


def run(command, env=None, timeout_s=600):
    """Returns the standard output of a command. A command that fails or hangs ends the script."""
    command = [str(part) for part in command]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
                              timeout=timeout_s, env=None if env is None else {**os.environ, **env})
    except FileNotFoundError:
        stop(f"expected {command[0]} to be installed, found none. Run make setup.")
    except subprocess.TimeoutExpired:
        stop(f"{' '.join(command)}: not done after {timeout_s} s")
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        stop(f"{' '.join(command)}: exit code {done.returncode}\n{tail}")
    return done.stdout


def mpirun(ranks):
    """mpirun with the best settings for Open MPI: ranks that share cores yield while they wait."""
    if shutil.which("mpirun") is None:
        stop("expected mpirun, found none. Run make setup.")
    yielding = ["--mca", "mpi_yield_when_idle", "1"] if ranks > num_cores() else []
    return ["mpirun", "--allow-run-as-root", "--oversubscribe", *yielding, "-n", str(ranks)]


def mpi_version():
    return run(["mpirun", "--version"]).splitlines()[0].replace("mpirun (Open MPI)", "Open MPI")


def num_cores():
    return len(os.sched_getaffinity(0))


def cpu_name():
    found = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found.group(1).strip() if found else os.uname().machine


def heading(title, versions):
    """The first lines of a result. The load average shows whether the machine had other work."""
    arguments = re.sub(r"--bin[ =]\S+", "", " ".join(sys.argv[1:]))  # a path on this machine
    command = f"benchmarks/{Path(sys.argv[0]).name} {arguments}".strip()
    return [f"# {title}", "",
            f"{datetime.date.today()}, {cpu_name()}, {num_cores()} cores, {', '.join(versions)}, load average "
            f"{os.getloadavg()[0]:.2f} at the start.", f"Command: `{command}`.", ""]


def keep(name, lines):
    """Prints the lines and writes them to results/NAME_MACHINE_DATE.md."""
    text = "\n".join(lines) + "\n"
    print(text, end="")
    cpu = re.sub(r"\(R\)|\(TM\)|CPU.*|@.*", "", cpu_name())
    cpu = re.sub(r"[^a-z0-9]+", "_", cpu.lower()).strip("_")
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}_{cpu}_{num_cores()}core_{datetime.date.today()}.md").write_text(text)


def target(ratio, least):
    """A ratio beside the least one that it should reach."""
    return f"{ratio:.1f}x (target {least:g}x{'' if ratio >= least else ', missed'})"


def within(ratio, most):
    """A ratio beside the greatest one that it may have."""
    return f"{ratio:.2f}x (target at most {most:g}x{'' if ratio <= most else ', missed'})"
