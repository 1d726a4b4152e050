# SPDX-License-Identifier: Apache-2.0
"""A real HDFS on this machine: two NameNodes and three DataNodes in one JVM, on free ports, from the jars in
.deps/hadoop."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest
import urllib.request
from pathlib import Path
from xml.sax.saxutils import escape

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


def write_site(folder, name, properties):
    """A file such as hdfs-site.xml, with these properties."""
    lines = "".join(f"  <property>\n    <name>{escape(key)}</name>\n    <value>{escape(value)}</value>\n  </property>\n"
                    for key, value in properties.items())
    path = Path(folder) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'<?xml version="1.0"?>\n<configuration>\n{lines}</configuration>\n', encoding="utf-8")
    return path


class HdfsCluster:
    """Starts with the object, with nn1 active; `stop` ends it and removes what it wrote. See MiniCluster.java."""

    SERVICE = "mycluster"

    def __init__(self, kdc=None):
        """With a `kdc` (kdc.py) everybody has to show a ticket or a token; `ask` and `create` do not."""
        if why_not():
            raise unittest.SkipTest(why_not())
        self.folder = tempfile.mkdtemp(prefix="dga-hdfs-")
        self.rpc_ports = [free_port(), free_port()]
        self.http_servers = [f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"]  # of the HTTP servers
        self.http = self.http_servers[0]
        ports = [str(port) for rpc, http in zip(self.rpc_ports, self.http_servers) for port in (rpc, http.split(":")[1])]
        with open(Path(self.folder) / "log", "wb") as log:
            self.process = subprocess.Popen(
                ["java", "-Xmx1g", "-XX:+UseSerialGC", *(kdc.java_options() if kdc else []), "-cp", f"{JARS}/*", SOURCE / "tests/hdfs/MiniCluster.java",
                 f"{self.folder}/data", *ports, *([str(kdc.keytab("server"))] if kdc else [])],
                cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                start_new_session=True)
        self.uri = f"webhdfs://{self.http}"
        self._lock = threading.Lock()  # one command at a time
        self._wait()

    def _wait(self):
        if self.process.stdout.readline() == "ok\n":
            return
        text = (Path(self.folder) / "log").read_text(encoding="utf-8", errors="replace")[-2000:]
        self.stop()
        raise RuntimeError(f"the HDFS did not start:\n{text}")

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate(timeout=30)
        shutil.rmtree(self.folder, ignore_errors=True)

    def tell(self, *words):
        """Gives a command to MiniCluster.java, and waits until it has done it."""
        with self._lock:
            self._tell(words)

    def _tell(self, words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if answer != "ok":
            raise RuntimeError(f"{words}: {answer or 'the cluster has ended'}")

    def create(self, path, content, **parameters):
        """Writes a file, in place of one that is there."""
        where = json.loads(self.ask("PUT", path, "CREATE", overwrite="true", noredirect="true", **parameters))["Location"]
        with urllib.request.urlopen(urllib.request.Request(where, data=content, method="PUT"), timeout=30):
            pass

    def ask(self, method, path, operation, **parameters):
        """One request as the superuser to nn1; the body of the answer."""
        more = "".join(f"&{name}={value}" for name, value in parameters.items())
        url = f"http://{self.http}/webhdfs/v1{path}?op={operation}&user.name={superuser()}{more}"
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=30) as answer:
            return answer.read()

    def site(self):
        """The properties of the hdfs-site.xml of its clients."""
        properties = {"dfs.nameservices": self.SERVICE, f"dfs.ha.namenodes.{self.SERVICE}": "nn1,nn2"}
        for i in range(2):
            properties[f"dfs.namenode.rpc-address.{self.SERVICE}.nn{i + 1}"] = f"127.0.0.1:{self.rpc_ports[i]}"
            properties[f"dfs.namenode.http-address.{self.SERVICE}.nn{i + 1}"] = self.http_servers[i]
        return properties


def superuser():
    """The user that the NameNode runs as."""
    import pwd
    return pwd.getpwuid(os.geteuid()).pw_name
