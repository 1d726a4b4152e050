// SPDX-License-Identifier: Apache-2.0

#include "dga/cli/console_progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include "dga/base/clock.h"
#include "dga/base/error.h"
#include "dga/base/one_line.h"
#include "dga/cli/world_rank.h"
#include "dga/storage/run_folder.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

std::string digits(double value, int precision) {
  std::ostringstream out;
  out << std::setprecision(precision) << value;
  return out.str();
}

std::string fixed(double value, int decimals) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(decimals) << value;
  return out.str();
}

/// Classification errors are fractions; a regression's error is its loss.
std::string error_text(std::optional<double> error, bool classification) {
  if (!error) {
    return "-";
  }
  return classification ? fixed(*error * 100, 1) + " %" : digits(*error, 4);
}

/// "8 s", "2 min 05 s", "3 h 10 min"
std::string duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  const auto two = [](std::int64_t number) { return str(number < 10 ? "0" : "", number); };
  if (whole < 60) {
    return str(whole, " s");
  }
  return whole < 3600 ? str(whole / 60, " min ", two(whole % 60), " s")
                      : str(whole / 3600, " h ", two(whole / 60 % 60), " min");
}

/// A line of a two-column list.
std::string summary_row(const std::string& heading, const std::string& content) {
  constexpr std::size_t kWidth = 12;
  return str(heading, std::string(kWidth - std::min(kWidth - 1, heading.size()), ' '), content,
             '\n');
}

/// The summary of the data, and a line about the run.
std::string headline(const RunStart& start) {
  constexpr std::size_t kMostFiles = 4;
  std::string text;
  for (const auto& [heading, content] : summary_lines(start.data, kMostFiles)) {
    text += summary_row(heading, content);
  }
  return str(text, start.workers, start.workers == 1 ? " worker" : " workers", ", engine ",
             start.engine, "; ", start.train_samples, " samples to train on, ",
             start.validation_samples > 0 ? str(start.validation_samples, " to validate on, ") : "",
             start.test_samples, " held out; ", start.parameters, " parameters; ", start.epochs,
             " epochs of ", start.steps_per_epoch, " steps\n");
}

std::string epoch_text(const EpochResult& epoch, const RunStart& start) {
  return str(
      "epoch ", epoch.epoch, "/", start.epochs, "  loss ", digits(epoch.loss, 4), "  train error ",
      error_text(epoch.train_error, start.classification),
      epoch.val_error ? "  val error " + error_text(epoch.val_error, start.classification) : "",
      "  test error ", error_text(epoch.test_error, start.classification));
}

/// Flushed at once: a worker that is a process ends without flushing.
void print(const std::string& text) {
  std::cout << text << std::flush;
}

/// False for Emacs's shell and other terminals that cannot return to the start of a line. False
/// under an MPI launcher: it gives rank 0 a terminal of its own, even where its own output is none.
bool can_redraw() noexcept {
  const char* variable = std::getenv("TERM");
  const std::string_view terminal = variable == nullptr ? "" : variable;
  return isatty(STDOUT_FILENO) != 0 && !launched_rank() && !terminal.empty() && terminal != "dumb";
}

std::size_t columns() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 80;
}

class LineProgress : public Progress {
 public:
  void started(const RunStart& start) override {
    start_ = start;
    print(headline(start));
  }
  void epoch_done(const EpochResult& epoch) override {
    print(str(epoch_text(epoch, start_), "  ", digits(epoch.seconds, 3), " s\n"));
  }

 private:
  RunStart start_;
};

class BarProgress : public Progress {
 public:
  void started(const RunStart& start) override {
    start_ = start;
    begin_ = now_seconds();
    print(headline(start));
  }

  void step_done(const StepResult& step) override {
    const double now = now_seconds();
    // Ten times a second is as often as people can read.
    if (now - drawn_ >= 0.1) {
      drawn_ = now;
      draw(step.steps, now - begin_);
    }
  }

  void epoch_done(const EpochResult& epoch) override {
    last_ = epoch_text(epoch, start_);
    const bool all = epoch.epoch == start_.epochs;
    if (all) {
      erase_bar();
      print(last_ + '\n');
    }
  }

 private:
  void draw(std::int64_t steps, double seconds) {
    const std::int64_t total = std::max<std::int64_t>(1, start_.epochs * start_.steps_per_epoch);
    const double part = std::min(1.0, static_cast<double>(steps) / static_cast<double>(total));
    const double samples = part * static_cast<double>(start_.epochs * start_.train_samples);
    constexpr int kWidth = 20;
    std::string bar;
    for (int i = 0; i < kWidth; ++i) {
      bar += i < part * kWidth ? '#' : '.';
    }
    const double left = part > 0 ? seconds * (1 - part) / part : 0;
    std::string line = str("[", bar, "] ", fixed(part * 100, 0), " %  ",
                           fixed(samples / std::max(seconds, 1e-9), 0), " samples/s  ",
                           duration(left), " left  ", last_);
    const std::size_t most = columns() - 1;  // a line that wraps cannot be redrawn
    const std::size_t length = std::min(line.size(), most);
    line.resize(length);
    line.resize(std::clamp(length_, length, most), ' ');  // over what is left of a longer line
    length_ = length;
    print('\r' + line);
  }

  RunStart start_;
  std::string last_;  // the latest epoch
  double begin_ = 0;
  double drawn_ = 0;
  std::size_t length_ = 0;  // of the line that is shown
};

}  // namespace

void erase_bar() {
  if (can_redraw()) {
    print(str('\r', std::string(columns() - 1, ' '), '\r'));
  }
}

std::unique_ptr<Progress> make_console_progress(bool quiet) {
  if (quiet) {
    return std::make_unique<Progress>();
  }
  if (can_redraw()) {
    return std::make_unique<BarProgress>();
  }
  return std::make_unique<LineProgress>();
}

void print_summary(const RunSummary& run) {
  const RunResults& results = run.results;
  const auto number = [](std::optional<double> value) { return value ? digits(*value, 4) : "-"; };
  const auto path = [&](std::string_view name) { return path_in(run.folder, name); };
  if (results.stopped_early) {
    // A bar that was under way has no line of its own yet.
    erase_bar();
    print(summary_row("stopped", str("after epoch ", results.epochs.back().epoch)));
  }
  if (!results.epochs.empty() && results.best_epoch != results.epochs.back().epoch) {
    print(summary_row("saved", str("epoch ", results.best_epoch, ", the best")));
  }
  // Again, because a long run has scrolled the first lines away.
  std::string text;
  if (!run.data.label.empty()) {
    const std::size_t classes = run.data.classes.size();
    text += summary_row(
        "label", one_line(run.data.label) + (classes > 0 ? str(" (", classes, " classes)") : ""));
  }
  text += summary_row("mean time", number(results.time.mean) + " s a worker");
  if (results.validation_samples > 0) {
    text += summary_row("val error", str(number(results.val_error), " on ",
                                         results.validation_samples, " samples"));
  }
  print(text +
        summary_row("mean error", str(number(results.error.mean), " on ", results.test_samples,
                                      " held-out samples")) +
        summary_row("results", path(kResultsFile)) + summary_row("model", path(kModelFile)));
}

}  // namespace dga
