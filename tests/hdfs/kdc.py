# SPDX-License-Identifier: Apache-2.0
"""A real Kerberos KDC on this machine, on a free port, with all that it writes in one folder."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from hdfs_cluster import free_port

REALM = "TEST.DGA"


def program(name):
    """Those of a KDC are not in everybody's PATH."""
    return shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")


class Kdc:
    """Knows the user ann and, in the keytab "server", hdfs/localhost and HTTP/localhost. `stop` ends it."""

    def __init__(self):
        for name in ("krb5kdc", "kdb5_util", "kadmin.local", "kinit"):
            if program(name) is None:
                raise unittest.SkipTest(f"a KDC needs {name}; scripts/setup test installs it")
        self.folder = Path(tempfile.mkdtemp(prefix="dga-kdc-"))
        port = free_port()
        (self.folder / "krb5.conf").write_text(
            f"[libdefaults]\n default_realm = {REALM}\n dns_lookup_kdc = false\n dns_canonicalize_hostname = false\n"
            f" rdns = false\n udp_preference_limit = 1\n[realms]\n {REALM} = {{\n  kdc = 127.0.0.1:{port}\n }}\n",
            encoding="utf-8")
        (self.folder / "kdc.conf").write_text(
            f"[kdcdefaults]\n kdc_listen = 127.0.0.1:{port}\n kdc_tcp_listen = 127.0.0.1:{port}\n[realms]\n {REALM} = {{\n"
            f"  database_name = {self.folder}/principal\n  key_stash_file = {self.folder}/stash\n }}\n", encoding="utf-8")
        self.variables = {"KRB5_CONFIG": str(self.folder / "krb5.conf"), "KRB5CCNAME": f"FILE:{self.folder}/nobody"}
        self._run("kdb5_util", "create", "-s", "-P", "master", "-r", REALM)
        self._keytab("server", "hdfs/localhost", "HTTP/localhost")
        self._keytab("ann", "ann")
        self.process = subprocess.Popen([program("krb5kdc"), "-n"], env=self._environment(), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    self.stop()
                    raise
                time.sleep(0.1)

    def _environment(self):
        return {**os.environ, **self.variables, "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf")}

    def _run(self, name, *arguments):
        subprocess.run([program(name), *arguments], env=self._environment(), check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _keytab(self, name, *principals):
        for principal in principals:
            self._run("kadmin.local", "-q", f"addprinc -randkey {principal}")
        self._run("kadmin.local", "-q", f"ktadd -k {self.keytab(name)} {' '.join(principals)}")

    def keytab(self, name):
        return self.folder / f"{name}.keytab"

    def java_options(self):
        return [f"-Djava.security.krb5.conf={self.folder}/krb5.conf"]

    def ticket(self, user):
        """Environment variables of somebody who has called kinit."""
        cache = f"FILE:{self.folder}/{user}.cache"
        self._run("kinit", "-k", "-t", str(self.keytab(user)), "-c", cache, user)
        return {**self.variables, "KRB5CCNAME": cache}

    def stop(self):
        self.process.kill()
        self.process.wait(timeout=30)
        shutil.rmtree(self.folder, ignore_errors=True)
