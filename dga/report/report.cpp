// SPDX-License-Identifier: Apache-2.0

#include "dga/report/report.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "dga/base/error.h"
#include "dga/report/html.h"
#include "dga/report/page_parts.h"
#include "dga/report/readable.h"
#include "dga/report/report_charts.h"
#include "dga/report/saved_run.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/run_folder.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

using Runs = std::vector<SavedRun>;

constexpr const char* kNone = "–";

/// Losses, errors and metrics, with six significant digits.
std::string number(std::optional<double> value) {
  return value ? readable(*value, 6) : kNone;
}

/// Times and sizes, with four significant digits.
std::string measured(std::optional<double> value, const char* unit = "") {
  return value && std::isfinite(*value) ? readable(*value, 4) + unit : kNone;
}

std::string measured_at(const std::vector<double>& values, std::size_t i) {
  return measured(i < values.size() ? std::optional(values[i]) : std::nullopt);
}

/// "3: NAME" when there are several runs, as in the charts.
std::string title(const Runs& runs, std::size_t i) {
  return runs.size() == 1 ? runs[i].name : str(i + 1, ": ", runs[i].name);
}

std::vector<std::string> columns(const Runs& runs, const std::string& first) {
  std::vector<std::string> names{first};
  for (std::size_t i = 0; i < runs.size(); ++i) {
    names.push_back(title(runs, i));
  }
  return names;
}

using Fact = std::function<std::string(const SavedRun&)>;

void add_row(HtmlTable& table, const Runs& runs, const std::string& name, const Fact& fact) {
  std::vector<std::string> cells{name};
  for (const SavedRun& run : runs) {
    cells.push_back(fact(run));
  }
  table.add(cells);
}

/// A value from results.json; a dash for runs that have not ended.
template <typename Get>
Fact of_results(Get get) {
  return
      [get](const SavedRun& run) -> std::string { return run.results ? get(*run.results) : kNone; };
}

std::string state(const SavedRun& run) {
  if (!run.results) {
    return "unfinished: still running, or failed";
  }
  if (run.results->stopped) {
    return str("stopped by a signal after epoch ", run.results->epochs.size());
  }
  return run.results->stopped_early
             ? str("finished: stopped early after epoch ", run.results->epochs.size())
             : "finished";
}

std::string saved_weights(const SavedRun& run) {
  if (const std::optional<std::int64_t> best = run.best_epoch()) {
    return str("best epoch: ", *best);
  }
  return run.results && run.results->best_epoch > 0 ? "last epoch" : kNone;
}

/// The epoch of the saved weights, or the last epoch so far.
const EpochResult* epoch_shown(const SavedRun& run) {
  const std::optional<std::int64_t> best = run.best_epoch();
  for (const EpochResult& epoch : run.epochs) {
    if (epoch.epoch == best) {
      return &epoch;
    }
  }
  return run.epochs.empty() ? nullptr : &run.epochs.back();
}

std::string number_of(const EpochResult* epoch, const std::string& metric) {
  return number(epoch != nullptr && epoch->metrics.contains(metric)
                    ? std::optional(epoch->metrics.at(metric))
                    : std::nullopt);
}

bool has_validation(const SavedRun& run) {
  return std::any_of(run.epochs.begin(), run.epochs.end(),
                     [](const EpochResult& epoch) { return epoch.val_error.has_value(); });
}

/// "30 to step 120, 7 to step 200"
std::string workers_before(const RunResults& results) {
  std::string text;
  for (const WorkersChange& change : results.workers_changed) {
    text += str(text.empty() ? "" : ", ", change.from, " to step ", change.step);
  }
  return text.empty() ? kNone : text;
}

std::string summary_table(const Runs& runs) {
  HtmlTable table("Results", columns(runs, "Quantity"));
  const auto row = [&](const std::string& name, const Fact& fact) {
    add_row(table, runs, name, fact);
  };
  row("State", state);
  row("Saved weights", saved_weights);
  row("Held-out error", [](const SavedRun& run) {
    return number(run.results          ? run.results->error.mean
                  : run.epochs.empty() ? std::nullopt
                                       : run.epochs.back().test_error);
  });
  if (std::any_of(runs.begin(), runs.end(), has_validation)) {
    row("Validation error", [](const SavedRun& run) {
      return number(run.results          ? run.results->val_error
                    : run.epochs.empty() ? std::nullopt
                                         : run.epochs.back().val_error);
    });
  }
  row("Loss, last epoch", [](const SavedRun& run) {
    return number(run.epochs.empty() ? std::nullopt : std::optional(run.epochs.back().loss));
  });
  for (const std::string& name : metric_names(runs)) {
    row("Metric " + name + ", saved weights",
        [&](const SavedRun& run) { return number_of(epoch_shown(run), name); });
  }
  row("Epochs", [](const SavedRun& run) { return str(run.epochs.size()); });
  row("Steps", of_results([](const RunResults& r) {
        return r.skipped_steps == 0 ? str(r.steps)
                                    : str(r.steps, " (", r.skipped_steps, " more were skipped)");
      }));
  row("Engine", of_results([](const RunResults& r) { return r.engine; }));
  row("Workers", of_results([](const RunResults& r) {
        return r.carriers == 0 || r.carriers == r.workers
                   ? str(r.workers)
                   : str(r.workers, " on ", r.carriers, r.carriers == 1 ? " carrier" : " carriers",
                         r.coalesced ? ", coalesced" : "");
      }));
  const auto has_results = [&](auto has) {
    return std::any_of(runs.begin(), runs.end(),
                       [&](const SavedRun& run) { return run.results && has(*run.results); });
  };
  if (has_results([](const RunResults& r) { return !r.workers_changed.empty(); })) {
    row("Workers before", of_results(workers_before));
  }
  if (has_results([](const RunResults& r) { return r.restarts > 0; })) {
    row("Restarts", of_results([](const RunResults& r) { return str(r.restarts); }));
  }
  row("Training samples", of_results([](const RunResults& r) { return str(r.train_samples); }));
  row("Held-out samples", of_results([](const RunResults& r) { return str(r.test_samples); }));
  if (std::any_of(runs.begin(), runs.end(), has_validation)) {
    row("Validation samples",
        of_results([](const RunResults& r) { return str(r.validation_samples); }));
  }
  row("Worker time, mean",
      of_results([](const RunResults& r) { return measured(r.time.mean, " s"); }));
  row("Step time, median",
      of_results([](const RunResults& r) { return measured(r.median_step_seconds, " s"); }));
  row("Start-up time",
      of_results([](const RunResults& r) { return measured(r.startup_seconds, " s"); }));
  row("Total time", of_results([](const RunResults& r) { return measured(r.wall_seconds, " s"); }));
  row("SHA-256 of the weights", of_results([](const RunResults& r) { return r.weights_sha256; }));
  row("Folder", [](const SavedRun& run) { return run.folder; });
  return table.str();
}

std::string machine_table(const Runs& runs) {
  HtmlTable table("Machine of worker 0", columns(runs, "Machine"));
  const auto row = [&](const char* name, auto get) {
    add_row(table, runs, name, of_results([get](const RunResults& r) -> std::string {
              const std::string text = get(r.machine);
              return text.empty() || text == "0" ? kNone : text;
            }));
  };
  row("Host", [](const RunPlace& place) { return place.host; });
  row("Processor", [](const RunPlace& place) { return place.processor; });
  row("Cores", [](const RunPlace& place) { return str(place.cores); });
  row("Memory", [](const RunPlace& place) {
    constexpr double kGib = 1 << 30;
    return place.memory_bytes == 0
               ? std::string()
               : measured(static_cast<double>(place.memory_bytes) / kGib, " GiB");
  });
  row("torch", [](const RunPlace& place) { return place.torch; });
  row("dga", [](const RunPlace& place) { return place.dga; });
  return table.str();
}

/// What each run used its data as; empty if no run says it.
std::string data_table(const Runs& runs) {
  constexpr std::size_t kMostFiles = 20;
  std::vector<std::string> headings;
  std::vector<std::map<std::string, std::string>> texts;
  for (const SavedRun& run : runs) {
    auto& mine = texts.emplace_back();
    if (!run.data) {
      continue;
    }
    for (auto& [heading, text] : summary_lines(*run.data, kMostFiles)) {
      if (std::find(headings.begin(), headings.end(), heading) == headings.end()) {
        headings.push_back(heading);
      }
      mine[heading] = std::move(text);
    }
    for (const std::string& notice : run.data->notices) {
      mine["notices"] += (mine["notices"].empty() ? "" : " ") + notice;
    }
  }
  if (headings.empty()) {
    return {};
  }
  if (std::any_of(texts.begin(), texts.end(),
                  [](const auto& mine) { return mine.contains("notices"); })) {
    headings.emplace_back("notices");
  }
  HtmlTable table("Data", columns(runs, "Data"));
  for (const std::string& heading : headings) {
    std::vector<std::string> cells{heading};
    for (auto& mine : texts) {
      cells.push_back(mine[heading].empty() ? kNone : mine[heading]);
    }
    table.add(cells);
  }
  return "<section>\n<h2>Data</h2>\n" + table.str() + "</section>\n";
}

/// Lists options that differ between the runs first.
std::string options_table(const Runs& runs) {
  std::vector<std::string> names;
  for (const SavedRun& run : runs) {
    for (const auto& [name, value] : run.options) {
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        names.push_back(name);
      }
    }
  }
  const auto differs = [&](const std::string& name) {
    return std::any_of(runs.begin(), runs.end(), [&](const SavedRun& run) {
      return run.option(name) != runs.front().option(name);
    });
  };
  std::stable_partition(names.begin(), names.end(), differs);
  HtmlTable table(
      runs.size() == 1 ? "Options" : "Options (options that differ come first, marked ≠)",
      columns(runs, "Option"));
  for (const std::string& name : names) {
    add_row(table, runs, (differs(name) ? "≠ " : "") + name, [&](const SavedRun& run) {
      const std::string value = run.option(name).value_or("");
      return value.empty() ? std::string(kNone) : value;
    });
  }
  return table.str();
}

std::string epochs_table(const Runs& runs, std::size_t i) {
  const std::set<std::string> metrics = metric_names(std::span(&runs[i], 1));
  const bool validation = has_validation(runs[i]);
  std::vector<std::string> heads{"Epoch", "Loss", "Training error", "Held-out error"};
  if (validation) {
    heads.emplace_back("Validation error");
  }
  heads.insert(heads.end(), metrics.begin(), metrics.end());
  heads.emplace_back("Seconds");
  HtmlTable table("Epochs of " + title(runs, i), heads);
  const std::optional<std::int64_t> best = runs[i].best_epoch();
  for (const EpochResult& epoch : runs[i].epochs) {
    std::vector<std::string> cells{str(epoch.epoch, epoch.epoch == best ? " (best)" : ""),
                                   number(epoch.loss), number(epoch.train_error),
                                   number(epoch.test_error)};
    if (validation) {
      cells.push_back(number(epoch.val_error));
    }
    for (const std::string& name : metrics) {
      cells.push_back(number_of(&epoch, name));
    }
    cells.push_back(measured(epoch.seconds));
    table.add(cells);
  }
  return table.str();
}

std::string workers_table(const Runs& runs, std::size_t i) {
  HtmlTable table("Workers of " + title(runs, i) + ", times in seconds",
                  {"Worker", "Time", "Compute", "Reduce", "Wait", "Data", "Error"});
  const RunResults& results = *runs[i].results;
  const auto at = [](const PerWorker& quantity, std::size_t worker) -> std::optional<double> {
    return worker < quantity.values.size() ? quantity.values[worker] : std::nullopt;
  };
  for (std::size_t worker = 0; worker < results.time.values.size(); ++worker) {
    table.add({str(worker), measured(at(results.time, worker)),
               measured_at(results.compute_seconds, worker),
               measured_at(results.reduce_seconds, worker),
               measured_at(results.wait_seconds, worker), measured_at(results.data_seconds, worker),
               number(at(results.error, worker))});
  }
  return table.str();
}

/// A run whose folder has the same last part as another is shown by its whole path.
Runs read_runs(std::span<const std::string> folders) {
  DGA_CHECK(!folders.empty(),
            "[report] folders: expected at least one folder of a run, found none. Name one.");
  Runs runs;
  for (const std::string& folder : folders) {
    runs.push_back(read_run(folder));
  }
  std::vector<std::string> names;
  for (const SavedRun& run : runs) {
    names.push_back(run.name);
  }
  for (SavedRun& run : runs) {
    if (std::count(names.begin(), names.end(), run.name) > 1) {
      run.name = run.folder;
    }
  }
  return runs;
}

/// The text above the training curves.
std::string training_note(const Runs& runs) {
  std::string note =
      "Error is the fraction of samples that the model classifies wrong; for regression, the mean "
      "squared error.";
  if (!metric_names(runs).empty()) {
    note +=
        " Metrics are defined by the program. Each is a mean over the held-out samples, or over "
        "the "
        "training samples when nothing is held out.";
  }
  if (std::any_of(runs.begin(), runs.end(),
                  [](const SavedRun& run) { return run.best_epoch().has_value(); })) {
    note += " A ring marks the best epoch, whose weights were saved.";
  }
  return note;
}

std::string numbers(const Runs& runs) {
  std::string out;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (!runs[i].epochs.empty()) {
      out += epochs_table(runs, i);
    }
    if (runs[i].results) {
      out += workers_table(runs, i);
    }
  }
  return out;
}

}  // namespace

std::string report_html(std::span<const std::string> run_folders) {
  const Runs runs = read_runs(run_folders);
  std::vector<std::string> titles;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    titles.push_back(title(runs, i));
  }
  const std::string heading =
      runs.size() == 1 ? "Run " + runs.front().name : str(runs.size(), " runs compared");
  return str(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src "
      "'unsafe-inline'; style-src 'unsafe-inline'; img-src data:\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n<title>",
      html_text(heading), " – dga</title>\n<!-- Charts: uPlot.\n", uplot_licence(),
      "\n-->\n<style>\n", uplot_style(), "\n", report_style(),
      "</style>\n</head>\n<body>\n<main>\n<h1>", html_text(heading), "</h1>\n",
      "<section>\n<h2>Summary</h2>\n", summary_table(runs), "</section>\n",
      "<section>\n<h2>Training</h2>\n<p class=\"note\">", html_text(training_note(runs)),
      "</p>\n<div class=\"charts\" id=\"learning\"></div>\n</section>\n"
      "<section>\n<h2>Workers</h2>\n<div class=\"charts\" id=\"workers\"></div>\n</section>\n"
      "<noscript><p>The charts need JavaScript. The tables below have the same "
      "numbers.</p></noscript>\n",
      data_table(runs), "<section>\n<h2>Options</h2>\n", options_table(runs), "</section>\n",
      "<section>\n<h2>Machine</h2>\n", machine_table(runs), "</section>\n",
      "<section>\n<h2>Numbers</h2>\n<details>\n<summary>Chart data as "
      "tables</summary>\n",
      numbers(runs), "</details>\n</section>\n</main>\n",
      "<script type=\"application/json\" id=\"runs\">", chart_data(runs, titles),
      "</script>\n<script>\n", uplot_script(), "\n</script>\n<script>\n", report_script(),
      "</script>\n</body>\n</html>\n");
}

void write_report(std::span<const std::string> run_folders, const std::string& output) {
  atomic_write(output, report_html(run_folders));
}

std::string write_report(const std::string& run_folder) {
  std::string output = path_in(run_folder, kReportFile);
  write_report(std::span(&run_folder, 1), output);
  return output;
}

}  // namespace dga
