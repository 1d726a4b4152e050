# SPDX-License-Identifier: Apache-2.0
"""What the tests with a real HDFS share. Each test program has a cluster of its own, for all of its tests."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))

from hdfs_cluster import HdfsCluster, superuser, write_site
from program import ProgramTest


class HdfsTest(ProgramTest):
    """Each test has a folder of its own in the HDFS."""

    cluster = None

    @classmethod
    def setUpClass(cls):
        if HdfsTest.cluster is None:
            HdfsTest.cluster = HdfsCluster()

    @staticmethod
    def stop_cluster():
        """For tearDownModule."""
        if HdfsTest.cluster is not None:
            HdfsTest.cluster.stop()

    def setUp(self):
        super().setUp()
        self.path = f"/{self.id().rsplit('.', 1)[1]}"
        self.here = self.cluster.uri + self.path
        self.cluster.ask("PUT", self.path, "MKDIRS")

    def environment(self):
        # No configuration of the machine's own.
        return {**os.environ, "HADOOP_USER_NAME": superuser(), "HADOOP_CONF_DIR": str(self.configuration())}

    def configuration(self):
        """The folder of an hdfs-site.xml with the cluster's nameservice."""
        return write_site(self.folder / "conf", "hdfs-site.xml", self.cluster.site()).parent

    def fs(self, *arguments, **options):
        done = self.dga("fs", *arguments, **options)
        self.assertEqual(done.returncode, 0, done)
        # On a busy machine, what is waited for takes longer than the 10 s after which dga says so.
        self.assertEqual([line for line in done.stderr.splitlines() if ": no answer yet, but " not in line], [])
        return done.stdout

    def names(self, path=""):
        return self.fs("ls", self.here + path).split()
