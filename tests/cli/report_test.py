#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""report.html in a real browser: what its charts hold, that it needs nothing else, and how it looks."""

import json
import os
import unittest
from pathlib import Path

from browser import Browser
from program import DIGITS, PROGRAM, ProgramTest, rows

# Where the pictures of the page are kept for people to look at.
PICTURES = Path(PROGRAM).resolve().parents[1]
HOSTILE = "</script><script>window.broken=1</script><img src=x onerror=\"window.broken=1\">&'"


class ReportTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        super().setUp()
        self.write("data/a.csv", rows())
        self.browser.look(width=1280)

    def train_to(self, folder, *arguments):
        done = self.dga("train", "--data", DIGITS, "--output", folder, "--epochs", "3", "--hidden", "16", *arguments)
        self.assertEqual(done.returncode, 0, done)

    def report(self, *arguments):
        done = self.dga("report", *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        page = done.stdout.removeprefix("report").strip()
        return self.folder / page

    def open(self, page):
        """Opens a page that must be silent and alone."""
        self.browser.open(page)
        self.assertEqual(self.browser.console, [])
        self.assertEqual(self.browser.requests, [page.absolute().as_uri()])
        self.assertEqual(self.browser.value("performance.getEntriesByType('resource').length"), 0)

    def charts(self):
        return json.loads(self.browser.value(
            "JSON.stringify(Object.fromEntries(Object.entries(dgaCharts).map(([name, chart]) => [name, chart.data])))"))

    def metrics(self, run):
        lines = (self.folder / run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        return {key: [json.loads(line)[key] for line in lines] for key in ("epoch", "loss", "train_error", "test_error")}

    def results(self, run):
        return json.loads((self.folder / run / "results.json").read_text(encoding="utf-8"))

    def test_the_charts_of_a_run_hold_its_numbers(self):
        self.train_to("out", "--workers", "4")
        page = self.report("out")
        self.assertEqual(page, self.folder / "out" / "report.html")
        self.open(page)
        charts, metrics, results = self.charts(), self.metrics("out"), self.results("out")
        self.assertEqual(len(metrics["epoch"]), 3)
        self.assertEqual(charts["loss"], [metrics["epoch"], metrics["loss"]])
        self.assertNotEqual(metrics["test_error"], metrics["train_error"])  # or a mix-up would not be seen
        self.assertEqual(charts["error"], [metrics["epoch"], metrics["test_error"], metrics["train_error"]])
        self.assertEqual(charts["worker_time"], [[0, 1, 2, 3], results["time"]["values"]])
        self.assertEqual(charts["worker_error"], [[0, 1, 2, 3], results["error"]["values"]])
        # Stacked: everything, what is not waiting, compute.
        phases = [results["time"][name] for name in ("compute", "reduce", "wait")]
        for worker, (compute, reduce, wait) in enumerate(zip(*phases)):
            column = [line[worker] for line in charts["phases"][1:]]
            for found, expected in zip(column, (compute + reduce + wait, compute + reduce, compute), strict=True):
                self.assertAlmostEqual(found, expected, places=12)
        # The same as text, for those who cannot see charts.
        cells = self.browser.value("[...document.querySelectorAll('details td')].map(cell => cell.textContent)")
        self.assertIn(f"{metrics['loss'][2]:.4g}", cells)

    def test_something_is_drawn(self):
        self.train_to("out", "--workers", "4")
        self.open(self.report("out"))
        colours = self.browser.value("""[...document.querySelectorAll('canvas')].map(canvas => {
            const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            const seen = new Set();
            for (let i = 0; i < pixels.length; i += 4) if (pixels[i + 3] === 255) seen.add(pixels.slice(i, i + 3).join());
            return seen.has(getComputedStyle(document.documentElement).getPropertyValue('--s0').match(/\\w\\w/g)
                .map(hex => parseInt(hex, 16)).join());
        })""")
        self.assertEqual(colours, [True] * 5)

    def test_runs_are_compared(self):
        self.train_to("one/run", "--workers", "4")
        self.train_to("two/run", "--workers", "2")
        page = self.report("one/run", "two/run")
        self.assertEqual(page, self.folder / "report.html")
        self.open(page)
        charts, first, second = self.charts(), self.metrics("one/run"), self.metrics("two/run")
        self.assertEqual(charts["loss"], [first["epoch"], first["loss"], second["loss"]])
        self.assertEqual(charts["test_error"], [first["epoch"], first["test_error"], second["test_error"]])
        self.assertEqual(charts["worker_time"][1], self.results("one/run")["time"]["values"])
        self.assertEqual(charts["worker_time"][2], self.results("two/run")["time"]["values"] + [None, None])
        dashes = self.browser.value("dgaCharts.loss.series.slice(1).map(series => series.dash.join())")
        self.assertEqual(len(set(dashes)), 2)
        text = self.browser.value("document.body.innerText")
        self.assertIn("≠ workers", text)
        self.assertIn("2: two/run", text)
        self.assertEqual(self.report("one/run", "two/run", "--output", "both.html"), self.folder / "both.html")

    def test_a_run_that_has_not_ended_is_shown_as_far_as_it_got(self):
        self.train_to("out", "--workers", "2")
        (self.folder / "out" / "results.json").unlink()
        self.open(self.report("out"))
        self.assertEqual(self.charts()["loss"][1], self.metrics("out")["loss"])
        self.assertIn("running, or ended early", self.browser.value("document.body.innerText"))
        (self.folder / "out" / "metrics.jsonl").unlink()
        self.open(self.report("out"))
        self.assertEqual(self.charts(), {})

    def test_results_of_older_versions_are_shown(self):
        self.train_to("out", "--workers", "2")
        results = self.results("out")
        del results["machine"]
        for name in ("compute", "reduce", "wait"):
            del results["time"][name]
        self.write("out/results.json", json.dumps(results))
        self.open(self.report("out"))
        self.assertNotIn("phases", self.charts())
        self.assertEqual(self.charts()["worker_time"][1], results["time"]["values"])

    def test_what_files_say_stays_text(self):
        folder = HOSTILE.replace("/", "")
        self.train_to(folder, "--workers", "2")
        results = self.results(folder)
        results["machine"]["host"] = HOSTILE
        self.write(f"{folder}/results.json", json.dumps(results))
        self.write(f"{folder}/config.json", json.dumps({HOSTILE: HOSTILE}))
        (self.folder / "b").symlink_to(folder)
        for page in (self.report(folder), self.report(folder, "b")):
            self.open(page)
            self.assertEqual(self.browser.value("typeof window.broken"), "undefined")
            self.assertEqual(self.browser.value("document.querySelectorAll('script, img').length"), 3)
            self.assertGreaterEqual(self.browser.value("document.body.textContent").count(HOSTILE), 3)
            self.assertIn("loss", self.charts())

    def test_it_fits_phones_and_likes_the_dark(self):
        self.train_to("out", "--workers", "30")
        self.train_to("b", "--workers", "8")
        page = self.report("out")
        for name, width, dark, scale in (("report", 1280, False, 1), ("report-dark", 1280, True, 1),
                                         ("report-phone", 390, False, 2)):
            self.browser.look(width=width, dark=dark, scale=scale)
            self.open(page)
            self.assertEqual(self.browser.value("document.documentElement.scrollWidth"), width)
            self.assertLessEqual(self.browser.value("dgaCharts.loss.width"), width)
            paper = self.browser.value("getComputedStyle(document.body).backgroundColor")
            self.assertEqual(paper == "rgb(255, 255, 255)", not dark)
            self.browser.screenshot(PICTURES / f"{name}.png")
        self.browser.look(width=1280)
        self.open(self.report("out", "b"))
        self.browser.screenshot(PICTURES / "report-compared.png")

    def test_folders_without_a_run_are_refused(self):
        self.expect_error(self.dga("report", "none"), 1, "[storage] none: expected the folder of a run, found nothing.")
        self.expect_error(self.dga("report", "data"), 1,
                          "[storage] data: expected the folder of a run, found no config.json, metrics.jsonl or "
                          "results.json in it. Name a folder that dga train wrote.")
        self.expect_error(self.dga("report", "data/a.csv"), 1, "found something else.")
        self.expect_error(self.dga("report"), 2, "RUN is required")

    def test_damaged_runs_are_refused_and_leave_no_page(self):
        self.train_to("out", "--workers", "2")
        (self.folder / "out" / "report.html").unlink(missing_ok=True)
        for name, text in (("results.json", "[storage] out/results.json: expected the results of a run"),
                           ("config.json", "[storage] out/config.json: expected the options of a run"),
                           ("metrics.jsonl", "out/metrics.jsonl:1: expected one epoch of a run")):
            whole = (self.folder / "out" / name).read_text(encoding="utf-8")
            self.write(f"out/{name}", "{\n")
            self.expect_error(self.dga("report", "out"), 1, text)
            self.write(f"out/{name}", whole)
        self.assertNotIn("report.html", os.listdir(self.folder / "out"))


if __name__ == "__main__":
    unittest.main()
