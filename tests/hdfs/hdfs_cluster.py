# SPDX-License-Identifier: Apache-2.0
"""A real HDFS on this machine: a NameNode and three DataNodes in one JVM, on free ports, from the jars in .deps/hadoop."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
JARS = SOURCE / ".deps" / "hadoop"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def why_not():
    """Why no cluster can be started here; empty if one can."""
    if shutil.which("java") is None:
        return "an HDFS needs a JDK; scripts/setup test installs one"
    if not list(JARS.glob("hadoop-minicluster-*.jar")):
        return "an HDFS needs the jars in .deps/hadoop; scripts/setup test installs them"
    return ""


class HdfsCluster:
    """Starts with the object; `stop` ends it and removes what it wrote."""

    def __init__(self):
        if why_not():
            raise unittest.SkipTest(why_not())
        self.folder = tempfile.mkdtemp(prefix="dga-hdfs-")
        self.http = f"127.0.0.1:{free_port()}"
        self.rpc_port = free_port()
        with open(Path(self.folder) / "log", "wb") as log:
            self.process = subprocess.Popen(
                ["java", "-Xmx1g", f"-Dtest.build.data={self.folder}/data", "-cp", f"{JARS}/*",
                 "org.apache.hadoop.test.MiniDFSClusterManager", "-format", "-datanodes", "3",
                 "-nnport", str(self.rpc_port), "-httpport", self.http.split(":")[1]],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        self.uri = f"webhdfs://{self.http}"
        self._wait()

    def _wait(self):
        probe = f"http://{self.http}/webhdfs/v1/?op=GETDELEGATIONTOKEN"
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                # A file can be written only once the DataNodes are there.
                where = f"http://{self.http}/webhdfs/v1/ready?op=CREATE&user.name=root&overwrite=true&noredirect=true"
                urllib.request.urlopen(urllib.request.Request(where, method="PUT"), timeout=5).read()
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        text = (Path(self.folder) / "log").read_text(encoding="utf-8", errors="replace")[-2000:]
        self.stop()
        raise RuntimeError(f"the HDFS did not start ({probe}):\n{text}")

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=30)
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, method, path, operation, **parameters):
        """One request as the superuser; the body of the answer."""
        more = "".join(f"&{name}={value}" for name, value in parameters.items())
        url = f"http://{self.http}/webhdfs/v1{path}?op={operation}&user.name={superuser()}{more}"
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=30) as answer:
            return answer.read()


def superuser():
    """The user that the NameNode runs as."""
    import pwd
    return pwd.getpwuid(os.geteuid()).pw_name
