// SPDX-License-Identifier: Apache-2.0

#include "dga/train/report.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "dga/base/error.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/json_number.h"
#include "dga/storage/run_folder.h"
#include "dga/train/html.h"
#include "dga/train/page_parts.h"
#include "dga/train/run_record.h"

namespace dga {
namespace {

using Runs = std::vector<RunRecord>;

constexpr const char* kNone = "–";

/// As many digits as people read.
std::string number(std::optional<double> value, const char* unit = "") {
  if (!value || !std::isfinite(*value)) {
    return kNone;
  }
  char text[64];
  (void)std::snprintf(text, sizeof text, "%.4g%s", *value, unit);
  return text;
}

std::string number_at(const std::vector<double>& values, std::size_t i) {
  return number(i < values.size() ? std::optional(values[i]) : std::nullopt);
}

/// "3: NAME" among several runs, which is how the charts tell them apart.
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

using Fact = std::function<std::string(const RunRecord&)>;

void add_row(HtmlTable& table, const Runs& runs, const std::string& name, const Fact& fact) {
  std::vector<std::string> cells{name};
  for (const RunRecord& run : runs) {
    cells.push_back(fact(run));
  }
  table.add(cells);
}

/// A fact of results.json, which runs that have not ended lack.
template <typename Get>
Fact of_results(Get get) {
  return [get](const RunRecord& run) -> std::string {
    return run.results ? get(*run.results) : kNone;
  };
}

std::string outcome_table(const Runs& runs) {
  HtmlTable table("What came out", columns(runs, "Quantity"));
  const auto row = [&](const char* name, const Fact& fact) { add_row(table, runs, name, fact); };
  row("State",
      [](const RunRecord& run) { return run.results ? "finished" : "running, or ended early"; });
  row("Error on held-out samples", [](const RunRecord& run) {
    return number(run.results          ? run.results->error.mean
                  : run.epochs.empty() ? std::nullopt
                                       : run.epochs.back().test_error);
  });
  row("Loss of the last epoch", [](const RunRecord& run) {
    return number(run.epochs.empty() ? std::nullopt : std::optional(run.epochs.back().loss));
  });
  row("Epochs", [](const RunRecord& run) { return str(run.epochs.size()); });
  row("Steps", of_results([](const RunResults& r) { return str(r.steps); }));
  row("Engine", of_results([](const RunResults& r) { return r.engine; }));
  row("Workers", of_results([](const RunResults& r) { return str(r.workers); }));
  row("Samples, trained on", of_results([](const RunResults& r) { return str(r.train_samples); }));
  row("Samples, held out", of_results([](const RunResults& r) { return str(r.test_samples); }));
  row("Time of a worker, mean",
      of_results([](const RunResults& r) { return number(r.time.mean, " s"); }));
  row("Time of a step, median",
      of_results([](const RunResults& r) { return number(r.median_step_seconds, " s"); }));
  row("From the call to the first step",
      of_results([](const RunResults& r) { return number(r.startup_seconds, " s"); }));
  row("From the call to the end",
      of_results([](const RunResults& r) { return number(r.wall_seconds, " s"); }));
  row("SHA-256 of the weights", of_results([](const RunResults& r) { return r.weights_sha256; }));
  row("Folder", [](const RunRecord& run) { return run.folder; });
  return table.str();
}

std::string machine_table(const Runs& runs) {
  HtmlTable table("The machine of worker 0", columns(runs, "Machine"));
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
    return place.memory_bytes == 0 ? std::string()
                                   : number(static_cast<double>(place.memory_bytes) / kGib, " GiB");
  });
  row("torch", [](const RunPlace& place) { return place.torch; });
  row("dga", [](const RunPlace& place) { return place.dga; });
  return table.str();
}

std::string option_of(const RunRecord& run, const std::string& name) {
  for (const auto& [key, value] : run.options) {
    if (key == name) {
      return value;
    }
  }
  return kNone;
}

/// Options that differ between the runs come first.
std::string options_table(const Runs& runs) {
  std::vector<std::string> names;
  for (const RunRecord& run : runs) {
    for (const auto& [name, value] : run.options) {
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        names.push_back(name);
      }
    }
  }
  const auto differs = [&](const std::string& name) {
    return std::any_of(runs.begin(), runs.end(), [&](const RunRecord& run) {
      return option_of(run, name) != option_of(runs.front(), name);
    });
  };
  std::stable_partition(names.begin(), names.end(), differs);
  HtmlTable table(
      runs.size() == 1 ? "Options" : "Options; those that differ come first, marked with ≠",
      columns(runs, "Option"));
  for (const std::string& name : names) {
    add_row(table, runs, (differs(name) ? "≠ " : "") + name,
            [&](const RunRecord& run) { return option_of(run, name); });
  }
  return table.str();
}

std::string epochs_table(const Runs& runs, std::size_t i) {
  HtmlTable table("Epochs of " + title(runs, i),
                  {"Epoch", "Loss", "Training error", "Held-out error", "Seconds"});
  for (const EpochResult& epoch : runs[i].epochs) {
    table.add({str(epoch.epoch), number(epoch.loss), number(epoch.train_error),
               number(epoch.test_error), number(epoch.seconds)});
  }
  return table.str();
}

std::string workers_table(const Runs& runs, std::size_t i) {
  HtmlTable table("Workers of " + title(runs, i) + ", times in seconds",
                  {"Worker", "Time", "Compute", "Reduce", "Wait", "Error"});
  const RunResults& results = *runs[i].results;
  const auto at = [](const PerWorker& quantity, std::size_t worker) {
    return number(worker < quantity.values.size() ? quantity.values[worker] : std::nullopt);
  };
  for (std::size_t worker = 0; worker < results.time.values.size(); ++worker) {
    table.add({str(worker), at(results.time, worker), number_at(results.compute_seconds, worker),
               number_at(results.reduce_seconds, worker), number_at(results.wait_seconds, worker),
               at(results.error, worker)});
  }
  return table.str();
}

/// What the charts show; dga/train/page/report.js reads it.
Json chart_data(const Runs& runs) {
  Json data = Json::array();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    Json epochs = {{"epoch", Json::array()},
                   {"loss", Json::array()},
                   {"train_error", Json::array()},
                   {"test_error", Json::array()}};
    for (const EpochResult& epoch : runs[i].epochs) {
      epochs["epoch"].push_back(epoch.epoch);
      epochs["loss"].push_back(number_or_null(epoch.loss));
      epochs["train_error"].push_back(number_or_null(epoch.train_error));
      epochs["test_error"].push_back(number_or_null(epoch.test_error));
    }
    Json workers = Json::object();
    if (const std::optional<RunResults>& results = runs[i].results) {
      for (const auto& [name, values] :
           {std::pair("time", &results->time.values), std::pair("error", &results->error.values)}) {
        workers[name] = Json::array();
        for (const std::optional<double>& value : *values) {
          workers[name].push_back(number_or_null(value));
        }
      }
      workers["compute"] = results->compute_seconds;
      workers["reduce"] = results->reduce_seconds;
      workers["wait"] = results->wait_seconds;
    }
    data.push_back({{"title", title(runs, i)}, {"epochs", epochs}, {"workers", workers}});
  }
  return data;
}

/// JSON within a script element, which no text in it can end: there is no '<' outside strings.
std::string script_safe(const Json& json) {
  std::string out;
  for (const char c : line_text(json)) {
    out += c == '<' ? std::string("\\u003c") : std::string(1, c);
  }
  return out;
}

/// Names that are not told apart by the last part of the path are shown whole.
Runs read_runs(std::span<const std::string> folders) {
  DGA_CHECK(!folders.empty(), "[report] expected the folder of a run, found none. Name one.");
  Runs runs;
  for (const std::string& folder : folders) {
    runs.push_back(read_run(folder));
  }
  std::vector<std::string> names;
  for (const RunRecord& run : runs) {
    names.push_back(run.name);
  }
  for (RunRecord& run : runs) {
    if (std::count(names.begin(), names.end(), run.name) > 1) {
      run.name = run.folder;
    }
  }
  return runs;
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
      "<section>\n<h2>Outcome</h2>\n", outcome_table(runs), "</section>\n",
      "<section>\n<h2>Learning</h2>\n<p class=\"note\">Error is the part of the samples that the "
      "model gets wrong; for regression, the mean loss over them.</p>\n"
      "<div class=\"charts\" id=\"learning\"></div>\n</section>\n"
      "<section>\n<h2>Workers</h2>\n<div class=\"charts\" id=\"workers\"></div>\n</section>\n"
      "<noscript><p>The charts need JavaScript; the tables below hold the same "
      "numbers.</p></noscript>\n",
      "<section>\n<h2>Options</h2>\n", options_table(runs), "</section>\n",
      "<section>\n<h2>Machine</h2>\n", machine_table(runs), "</section>\n",
      "<section>\n<h2>Numbers</h2>\n<details>\n<summary>What the charts show, as "
      "tables</summary>\n",
      numbers(runs), "</details>\n</section>\n</main>\n",
      "<script type=\"application/json\" id=\"runs\">", script_safe(chart_data(runs)),
      "</script>\n<script>\n", uplot_script(), "\n</script>\n<script>\n", report_script(),
      "</script>\n</body>\n</html>\n");
}

void write_report(std::span<const std::string> run_folders, const std::string& output) {
  atomic_write(output, report_html(run_folders));
}

std::string write_report(const std::string& run_folder) {
  std::string output = (std::filesystem::path(run_folder) / kReportFile).string();
  write_report(std::span(&run_folder, 1), output);
  return output;
}

}  // namespace dga
