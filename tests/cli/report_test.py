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
        # Stacked: everything, without data, without waiting, compute.
        phases = [results["time"][name] for name in ("compute", "reduce", "wait", "data")]
        for worker, (compute, reduce, wait, data) in enumerate(zip(*phases)):
            column = [line[worker] for line in charts["phases"][1:]]
            sums = (compute + reduce + wait + data, compute + reduce + wait, compute + reduce, compute)
            for found, expected in zip(column, sums, strict=True):
                self.assertAlmostEqual(found, expected, places=12)
        # The same as text, for those who cannot see charts.
        cells = self.browser.value("[...document.querySelectorAll('details td')].map(cell => cell.textContent)")
        self.assertIn(f"{metrics['loss'][2]:.6g}", cells)

    def test_a_validation_set_has_a_curve(self):
        self.write("val/a.csv", (DIGITS / "digits.csv").read_text(encoding="utf-8").splitlines()[:99])
        self.train_to("out", "--val-data", "val")
        self.train_to("two")
        errors = [epoch["val_error"] for epoch in self.results("out")["epochs"]]
        self.open(self.report("out"))
        metrics = self.metrics("out")
        self.assertNotIn(errors, (metrics["test_error"], metrics["train_error"]))
        self.assertEqual(self.charts()["error"], [metrics["epoch"], metrics["test_error"], metrics["train_error"], errors])
        self.assertEqual(self.cells("Validation error"), [f"{errors[-1]:.6g}"])
        self.assertEqual(self.cells("files"), [f"train: {DIGITS}/digits.csv; validation: val/a.csv"])
        self.open(self.report("out", "two"))
        self.assertEqual(self.charts()["val_error"][:2], [metrics["epoch"], errors])

    def add_metrics(self, run, metrics):
        """As a C++ program with metrics of its own leaves them; `metrics`: a list of values for each name."""
        results = self.results(run)
        for i, epoch in enumerate(results["epochs"]):
            epoch["metrics"] = {name: values[i] for name, values in metrics.items()}
        self.edit(f"{run}/results.json", json.dumps(results))
        self.write(f"{run}/metrics.jsonl", [json.dumps(epoch) for epoch in results["epochs"]])

    def cells(self, row):
        """The cells beside the heading `row`."""
        return self.browser.value(f"""[...document.querySelectorAll('tbody th')].filter(th => th.textContent ===
            {json.dumps(row)}).flatMap(th => [...th.parentNode.querySelectorAll('td')].map(td => td.textContent))""")

    def test_metrics_of_a_programs_own_are_shown(self):
        self.train_to("one", "--workers", "2")
        self.train_to("two", "--workers", "2")
        self.add_metrics("one", {"F1": [0.25, 0.5, 0.984375], "loss": [3e-6, 2e-6, 1.5e-6], "__proto__": [1, None, -2]})
        self.add_metrics("two", {"F1": [0.5, 0.75, 1]})
        self.open(self.report("one"))
        charts, epochs = self.charts(), self.metrics("one")["epoch"]
        self.assertEqual(charts["metrics/F1"], [epochs, [0.25, 0.5, 0.984375]])
        self.assertEqual(charts["metrics/loss"], [epochs, [3e-6, 2e-6, 1.5e-6]])
        self.assertEqual(charts["metrics/__proto__"], [epochs, [1, None, -2]])
        self.assertEqual(charts["loss"], [epochs, self.metrics("one")["loss"]])
        self.assertEqual(self.cells("Metric F1, saved weights"), ["0.984375"])
        self.assertEqual(self.cells("Metric loss, saved weights"), ["1.5e-6"])
        self.assertEqual(self.cells("2")[3:6], ["0.5", "–", "2e-6"])  # of the epochs, between the errors and seconds
        self.assertIn("Metrics are defined by the program", self.browser.value("document.body.innerText"))
        self.open(self.report("one", "two"))
        charts = self.charts()
        self.assertEqual(charts["metrics/F1"], [epochs, [0.25, 0.5, 0.984375], [0.5, 0.75, 1]])
        self.assertEqual(charts["metrics/__proto__"], [epochs, [1, None, -2]])
        self.assertEqual(self.cells("Metric loss, saved weights"), ["1.5e-6", "–"])

    def ringed(self, chart):
        """The epochs whose point on the first line has a ring: its topmost dot has the line's colour."""
        return self.browser.value(f"""(() => {{
            const u = dgaCharts[{json.dumps(chart)}], [xs, ys] = u.data;
            const colour = getComputedStyle(document.documentElement).getPropertyValue('--s0').match(/\\w\\w/g)
                .map(hex => parseInt(hex, 16));
            return xs.filter((x, i) => {{
                const pixel = u.ctx.getImageData(u.valToPos(x, 'x', true), u.valToPos(ys[i], 'y', true) - 7 * uPlot.pxRatio,
                                                 1, 1).data;
                return colour.every((value, k) => Math.abs(value - pixel[k]) < 9);
            }});
        }})()""")

    def test_the_best_epoch_and_an_early_end_are_told(self):
        self.train_to("out", "--workers", "2", "--keep-best")
        results = self.results("out")
        # Flat, so that nothing but a ring lies above a point.
        for epoch in results["epochs"]:
            epoch["loss"] = 0.5
        results.update(best_epoch=2, stopped_early=True)
        self.edit("out/results.json", json.dumps(results))
        self.write("out/metrics.jsonl", [json.dumps(epoch) for epoch in results["epochs"]])
        self.open(self.report("out"))
        self.assertEqual(self.cells("State"), ["finished: stopped early after epoch 3"])
        self.assertEqual(self.cells("Saved weights"), ["best epoch: 2"])
        self.assertEqual(len(self.cells("2 (best)")), 4)
        self.assertEqual(self.ringed("loss"), [2])
        self.assertIn("A ring marks the best epoch", self.browser.value("document.body.innerText"))
        # Of a run that saves its last epoch, that one is no best.
        self.train_to("last", "--workers", "2")
        self.open(self.report("last"))
        self.assertEqual(self.cells("State"), ["finished"])
        self.assertEqual(self.cells("Saved weights"), ["last epoch"])
        self.assertEqual(self.ringed("loss"), [])
        self.assertNotIn("A ring marks", self.browser.value("document.body.innerText"))
        self.open(self.report("out", "last"))
        self.assertEqual(self.cells("Saved weights"), ["best epoch: 2", "last epoch"])

    def test_it_prints_dark_on_white_with_its_tables_open(self):
        self.train_to("out", "--workers", "4")
        self.browser.look(width=1280, dark=True)
        self.open(self.report("out"))
        state = """({paper: getComputedStyle(document.body).backgroundColor,
                     open: document.querySelector('details').open,
                     widths: Object.values(dgaCharts).map(chart => chart.width),
                     main: document.querySelector('main').getBoundingClientRect().width})"""
        before = self.browser.value(state)
        self.browser.value(f"addEventListener('beforeprint', () => {{ window.onPaper = {state}; }})")
        self.browser.pdf(PICTURES / "report.pdf")
        paper = self.browser.value("onPaper")
        self.assertEqual((paper["paper"], paper["open"]), ("rgb(255, 255, 255)", True))
        self.assertLessEqual(paper["main"], 700)  # A4 and Letter are wider
        self.assertLess(2 * max(paper["widths"]), paper["main"])
        self.assertEqual(self.browser.value(state), before)
        self.assertFalse(before["open"])

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
        for name in ("results.json", "manifest.json"):
            (self.folder / "out" / name).unlink()
        self.open(self.report("out"))
        self.assertEqual(self.charts()["loss"][1], self.metrics("out")["loss"])
        self.assertIn("unfinished: still running", self.browser.value("document.body.innerText"))
        (self.folder / "out" / "metrics.jsonl").unlink()
        self.open(self.report("out"))
        self.assertEqual(self.charts(), {})

    def test_results_of_older_versions_are_shown(self):
        self.train_to("out", "--workers", "2")
        results = self.results("out")
        del results["machine"]
        del results["time"]["data"]
        self.edit("out/results.json", json.dumps(results))
        self.open(self.report("out"))
        self.assertEqual(len(self.charts()["phases"]), 1 + 3)
        for name in ("compute", "reduce", "wait"):
            del results["time"][name]
        self.edit("out/results.json", json.dumps(results))
        self.open(self.report("out"))
        self.assertNotIn("phases", self.charts())
        self.assertEqual(self.charts()["worker_time"][1], results["time"]["values"])

    def test_what_files_say_stays_text(self):
        folder = HOSTILE.replace("/", "")
        self.train_to(folder, "--workers", "2")
        results = self.results(folder)
        results["machine"]["host"] = HOSTILE
        self.edit(f"{folder}/results.json", json.dumps(results))
        self.write(f"{folder}/config.json", json.dumps({HOSTILE: HOSTILE}))
        self.add_metrics(folder, {HOSTILE: [1, 2, 3]})
        (self.folder / "b").symlink_to(folder)
        for page in (self.report(folder), self.report(folder, "b")):
            self.open(page)
            self.assertEqual(self.browser.value("typeof window.broken"), "undefined")
            self.assertEqual(self.browser.value("document.querySelectorAll('script, img').length"), 3)
            self.assertGreaterEqual(self.browser.value("document.body.textContent").count(HOSTILE), 3)
            self.assertIn("loss", self.charts())
            self.assertIn(f"metrics/{HOSTILE}", self.charts())

    def test_it_fits_phones_and_likes_the_dark(self):
        self.train_to("out", "--workers", "30", "--keep-best")
        self.train_to("b", "--workers", "8", "--keep-best")
        self.add_metrics("out", {"F1": [0.25, 0.5, 0.75], "tiny": [3e-6, 2e-6, 1.5e-6]})
        self.add_metrics("b", {"F1": [0.5, 0.75, 1], "tiny": [3e-7, 2e-7, 1e-7]})
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
        self.expect_error(self.dga("report", "none"), 1, "[report] none: expected the folder of a run, found nothing.")
        self.expect_error(self.dga("report", "data"), 1,
                          "[report] data: expected the folder of a run, found no config.json, metrics.jsonl or "
                          "results.json in it. Name a folder that dga train wrote.")
        self.expect_error(self.dga("report", "data/a.csv"), 1, "found another kind of file.")
        self.expect_error(self.dga("report"), 2, "RUN is required")

    def test_damaged_runs_are_refused_and_leave_no_page(self):
        self.train_to("out", "--workers", "2")
        (self.folder / "out" / "report.html").unlink(missing_ok=True)
        for name, text in (("results.json", "[storage] out/results.json: expected the results of a run"),
                           ("config.json", "[report] out/config.json: expected the options of a run"),
                           ("metrics.jsonl", "out/metrics.jsonl:1: expected one epoch of a run")):
            whole = (self.folder / "out" / name).read_text(encoding="utf-8")
            self.edit(f"out/{name}", "{\n")
            self.expect_error(self.dga("report", "out"), 1, text)
            self.write(f"out/{name}", whole)
        self.assertNotIn("report.html", os.listdir(self.folder / "out"))


if __name__ == "__main__":
    unittest.main()
