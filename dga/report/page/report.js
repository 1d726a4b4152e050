// SPDX-License-Identifier: Apache-2.0
//
// The charts of report.html. window.dgaCharts holds every uPlot object by name.
"use strict";
(() => {
  const runs = JSON.parse(document.getElementById("runs").textContent);
  const several = runs.length > 1;
  const charts = (window.dgaCharts = {});
  // Lines differ by dashes and by a label at the end, so that no information depends on colour.
  const DASHES = [[], [8, 5], [2, 4], [12, 4, 2, 4], [16, 6], [4, 2, 1, 2]];
  const BORDERS = ["solid", "dashed", "dotted", "dashed", "dashed", "dotted"];
  const COLOURS = 6;

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colour = (i) => css(`--s${i % COLOURS}`);
  /// The same format as dga/report/readable.h.
  function readable(value, digits) {
    if (value == null) return "–";
    const size = Math.abs(value);
    if (size === 0) return "0";
    if (size >= 1e-4 && size < 1e15) {
      return String(+value.toFixed(Math.max(0, digits - 1 - Math.floor(Math.log10(size)))));
    }
    return value.toExponential(digits - 1).replace(/\.?0*e\+?/, "e");
  }
  const short = (value) => readable(value, 4);
  const exact = (value) => readable(value, 6);
  const whole = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6].flatMap((p) => [p, 2 * p, 5 * p]);
  const some = (values) => (values || []).some((value) => value != null);

  const axis = (label, more) => ({
    label, labelSize: 20, labelFont: "12px system-ui", font: "12px system-ui",
    stroke: css("--soft"), grid: { stroke: css("--line"), width: 1 }, ticks: { stroke: css("--line"), width: 1 },
    ...more,
  });

  /// An axis of numbers, as wide as its longest tick label.
  const valueAxis = (label) => axis(label, {
    size: (u, ticks) => Math.max(44, 20 + 7 * Math.max(0, ...(ticks || []).map((text) => text.length))),
    values: (u, ticks) => ticks.map(short),
  });

  /// A range that starts at zero, or below zero when some values are negative.
  const fromZero = (u, min, max) => {
    if (min == null) return [0, 1];
    const top = max > 0 ? max * 1.08 : max === 0 && min === 0 ? 1 : 0;
    return [min < 0 ? min * 1.08 : 0, top];
  };

  /// Writes each series' tag at the end of its line, and moves tags apart that would overlap.
  const endLabels = (tags) => (u) => {
    const ratio = uPlot.pxRatio;
    const ends = [];
    tags.forEach((tag, i) => {
      const values = u.data[i + 1];
      let last = values.length - 1;
      while (last >= 0 && values[last] == null) last--;
      if (last >= 0) {
        ends.push({ tag, i, x: u.valToPos(u.data[0][last], "x", true), y: u.valToPos(values[last], "y", true) });
      }
    });
    ends.sort((a, b) => a.y - b.y);
    const step = 14 * ratio;
    const lowest = u.bbox.top + u.bbox.height;
    ends.forEach((end, k) => {
      if (k > 0) end.y = Math.max(end.y, ends[k - 1].y + step);
    });
    for (let k = ends.length - 1; k >= 0; k--) {
      ends[k].y = Math.min(ends[k].y, k + 1 < ends.length ? ends[k + 1].y - step : lowest);
    }
    u.ctx.save();
    u.ctx.font = `600 ${12 * ratio}px system-ui`;
    u.ctx.textAlign = "left";
    u.ctx.textBaseline = "middle";
    for (const end of ends) {
      u.ctx.fillStyle = colour(end.i);
      u.ctx.fillText(end.tag, end.x + 11 * ratio, end.y);  // outside the ring
    }
    u.ctx.restore();
  };

  /// Draws a ring around one point per series: `places` has its x, or null for none.
  const rings = (places) => (u) => {
    const ratio = uPlot.pxRatio;
    u.ctx.save();
    places.forEach((x, i) => {
      const at = x == null ? -1 : u.data[0].indexOf(x);
      if (at < 0 || u.data[i + 1][at] == null) return;
      u.ctx.beginPath();
      u.ctx.arc(u.valToPos(x, "x", true), u.valToPos(u.data[i + 1][at], "y", true), 7 * ratio, 0, 2 * Math.PI);
      u.ctx.lineWidth = 2 * ratio;
      u.ctx.strokeStyle = colour(i);
      u.ctx.stroke();
    });
    u.ctx.restore();
  };

  const drawn = [];
  let serial = 0;

  /// Adds a figure to the section `place`. `build()` returns uPlot's options and data.
  function figure(place, name, title, build) {
    const box = document.createElement("figure");
    const caption = document.createElement("figcaption");
    const plot = document.createElement("div");
    caption.textContent = title;
    caption.id = `caption-${serial++}`;
    plot.className = "plot";
    plot.setAttribute("role", "img");
    plot.setAttribute("aria-labelledby", caption.id);
    box.append(caption, plot);
    document.getElementById(place).append(box);
    const width = () => Math.max(200, Math.floor(plot.clientWidth));
    const draw = () => {
      if (charts[name]) charts[name].destroy();
      const [options, data] = build();
      charts[name] = new uPlot({ width: width(), height: 260, ...options }, data, plot);
    };
    drawn.push(draw);
    draw();
    new ResizeObserver(() => {
      if (charts[name].width !== width()) charts[name].setSize({ width: width(), height: 260 });
    }).observe(plot);
  }

  /// Lines over integers (epochs or workers). Each of `lines` has {label, tag, x, y}, and optionally `best`,
  /// the x of a ring.
  function lineChart(place, name, title, xLabel, yLabel, lines) {
    const shown = lines.filter((line) => some(line.y));
    if (shown.length === 0) return;
    const xs = [...new Set(shown.flatMap((line) => line.x))].sort((a, b) => a - b);
    const columns = shown.map((line) => {
      const at = new Map(line.x.map((x, k) => [x, line.y[k]]));
      return xs.map((x) => (at.has(x) ? at.get(x) : null));
    });
    const widest = Math.max(...shown.map((line) => line.tag.length));
    figure(place, name, title, () => [{
      padding: [10, 18 + 7 * widest, 0, 0],
      cursor: { drag: { x: false, y: false } },
      scales: {
        x: { time: false, range: (u, min, max) => (min === max ? [min - 1, max + 1] : [min, max]) },
        y: { range: fromZero },
      },
      axes: [
        axis(xLabel, { incrs: whole, size: 34 }),
        valueAxis(yLabel),
      ],
      legend: { markers: { dash: (u, i) => BORDERS[(i - 1) % BORDERS.length], stroke: (u, i) => colour(i - 1),
                           width: 2, fill: () => "transparent" } },
      series: [{ label: xLabel, value: (u, value) => short(value) }, ...shown.map((line, i) => ({
        label: line.label, class: "line", stroke: colour(i), width: 2, dash: DASHES[i % DASHES.length],
        points: { show: xs.length <= 40, size: 5, fill: colour(i), stroke: colour(i) },
        value: (u, value) => exact(value),
      }))],
      hooks: { draw: [endLabels(shown.map((line) => line.tag)), rings(shown.map((line) => line.best))] },
    }, [xs, ...columns]]);
  }

  /// A fill pattern for a part of a bar: solid, stripes, dots or lines.
  function pattern(u, kind, strong) {
    const tile = document.createElement("canvas");
    const size = Math.round(8 * uPlot.pxRatio);
    tile.width = tile.height = size;
    const c = tile.getContext("2d");
    c.fillStyle = kind === "solid" ? strong : css("--paper");
    c.fillRect(0, 0, size, size);
    c.strokeStyle = c.fillStyle = strong;
    c.lineWidth = size / 4;
    if (kind === "stripes") {
      c.beginPath();
      for (const shift of [-size, 0, size]) {
        c.moveTo(shift, size);
        c.lineTo(shift + size, 0);
      }
      c.stroke();
    } else if (kind === "dots") {
      c.beginPath();
      c.arc(size / 2, size / 2, size / 6, 0, 2 * Math.PI);
      c.fill();
    } else if (kind === "lines") {
      c.fillRect(0, 0, size, size / 4);
    }
    return u.ctx.createPattern(tile, "repeat");
  }

  /// The same pattern for the legend, in CSS.
  const swatch = (kind, strong) => ({
    solid: strong,
    stripes: `repeating-linear-gradient(-45deg, ${strong} 0 2px, ${css("--paper")} 2px 5px)`,
    dots: `radial-gradient(circle, ${strong} 25%, ${css("--paper")} 30%) 0 0 / 6px 6px`,
    lines: `repeating-linear-gradient(0deg, ${strong} 0 1px, ${css("--paper")} 1px 4px)`,
  })[kind];

  /// One bar per worker. `parts`, each {label, kind, y}, are stacked, the first at the bottom.
  function barChart(place, name, title, yLabel, parts) {
    if (parts.length === 0 || !parts.every((part) => some(part.y))) return;
    const workers = parts[0].y.map((_, worker) => worker);
    // uPlot draws later series over earlier ones, so the tallest sums come first.
    const sums = parts.map((_, k) => workers.map((worker) => {
      const below = parts.slice(0, k + 1).map((part) => part.y[worker]);
      return below.includes(null) ? null : below.reduce((a, b) => a + b, 0);
    }));
    const order = parts.map((_, k) => parts.length - 1 - k);
    figure(place, name, title, () => [{
      padding: [10, 10, 0, 0],
      cursor: { drag: { x: false, y: false }, points: { show: false } },
      scales: {
        x: { time: false, range: () => [-0.6, workers.length - 0.4] },
        y: { range: fromZero },
      },
      axes: [
        axis("worker", { incrs: whole, size: 34, grid: { show: false } }),
        valueAxis(yLabel),
      ],
      legend: { markers: { fill: (u, i) => swatch(parts[order[i - 1]].kind, colour(order[i - 1])),
                           stroke: (u, i) => colour(order[i - 1]), width: 1, dash: () => "solid" } },
      series: [{ label: "worker", value: (u, value) => short(value) }, ...order.map((k) => ({
        label: parts[k].label, stroke: colour(k), width: 1, fill: (u) => pattern(u, parts[k].kind, colour(k)),
        paths: uPlot.paths.bars({ size: [0.75, 48] }), points: { show: false },
        value: (u, value, i, worker) => short(worker == null ? null : parts[k].y[worker]),
      }))],
    }, [workers, ...order.map((k) => sums[k])]]);
  }

  const tag = (i) => (several ? String(i + 1) : "");
  /// One line per run: `of(epochs)` returns its values. `label` is used when there is only one run.
  const curves = (label, of) => runs.map((run, i) => (
    { label: several ? run.title : label, tag: tag(i), x: run.epochs.epoch, y: of(run.epochs), best: run.best }));

  lineChart("learning", "loss", "Loss", "epoch", "loss", curves("loss", (epochs) => epochs.loss));
  if (several) {
    lineChart("learning", "test_error", "Held-out error", "epoch", "error",
              curves("", (epochs) => epochs.test_error));
    lineChart("learning", "val_error", "Validation error", "epoch", "error",
              curves("", (epochs) => epochs.val_error));
    lineChart("learning", "train_error", "Training error", "epoch", "error",
              curves("", (epochs) => epochs.train_error));
  } else {
    const [{ best, epochs: { epoch, train_error, test_error, val_error } }] = runs;
    lineChart("learning", "error", "Error", "epoch", "error", [
      { label: "held out", tag: "held out", x: epoch, y: test_error, best },
      { label: "training", tag: "training", x: epoch, y: train_error, best },
      { label: "validation", tag: "validation", x: epoch, y: val_error, best },
    ]);
  }
  const metrics = new Set(runs.flatMap((run) => run.epochs.metrics.map(([name]) => name)));
  for (const name of [...metrics].sort()) {
    lineChart("learning", `metrics/${name}`, `Metric ${name}`, "epoch", "value",
              curves(name, (epochs) => new Map(epochs.metrics).get(name) || []));
  }

  const byWorker = (key) => runs.map((run, i) => (
    { label: run.title, tag: tag(i), x: (run.workers[key] || []).map((_, w) => w), y: run.workers[key] || [] }));
  if (several) {
    lineChart("workers", "worker_time", "Time per worker", "worker", "seconds", byWorker("time"));
    lineChart("workers", "worker_error", "Held-out error per worker", "worker", "error",
              byWorker("error"));
  } else {
    barChart("workers", "worker_time", "Time per worker", "seconds",
             [{ label: "time", kind: "solid", y: runs[0].workers.time }]);
    barChart("workers", "worker_error", "Held-out error per worker", "error",
             [{ label: "error", kind: "solid", y: runs[0].workers.error }]);
  }
  runs.forEach((run, i) => {
    barChart("workers", several ? `phases_${i + 1}` : "phases",
             "Time per worker by phase" + (several ? `, ${run.title}` : ""), "seconds", [
      { label: "compute", kind: "solid", y: run.workers.compute },
      { label: "reduce", kind: "stripes", y: run.workers.reduce },
      { label: "wait", kind: "dots", y: run.workers.wait },
      { label: "data", kind: "lines", y: run.workers.data },
    ].filter((part) => some(part.y)));  // older runs have fewer phases
  });

  for (const place of ["learning", "workers"]) {
    const section = document.getElementById(place);
    if (section.childElementCount === 0) {
      section.textContent = "No data yet.";
    }
  }
  const redraw = () => drawn.forEach((draw) => draw());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

  // For print: light colours, the width of a sheet, and all tables open. See .printing in report.css.
  let closed = [];
  addEventListener("beforeprint", () => {
    document.documentElement.classList.add("printing");
    closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((details) => { details.open = true; });
    redraw();
  });
  addEventListener("afterprint", () => {
    document.documentElement.classList.remove("printing");
    closed.forEach((details) => { details.open = false; });
    redraw();
  });
})();
