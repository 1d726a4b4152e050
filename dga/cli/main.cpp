// SPDX-License-Identifier: Apache-2.0
//
// The program. Errors are exceptions everywhere else; here they become one line and an exit code.

#include <signal.h>

#include <chrono>
#include <exception>
#include <iostream>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "dga/base/descriptor.h"
#include "dga/base/error.h"
#include "dga/base/exception_text.h"
#include "dga/base/one_line.h"
#include "dga/cli/command.h"
#include "dga/cli/console_progress.h"
#include "dga/cli/printed.h"
#include "dga/cli/world_rank.h"
#include "dga/launch/rank_agreement.h"

namespace dga {
namespace {

enum ExitCode { done = 0, failed = 1, wrong_usage = 2, preempted = 3, stopped = 130 };

/// Prints the error. Under MPI every rank reports the same error, and one rank prints it.
int report(const std::string& text, ExitCode code) {
  const std::optional<int> rank = launched_rank();
  if (!rank || *rank == speaker_for(text)) {
    erase_bar();
    std::cerr << str("dga: ", one_line(text), '\n') << std::flush;
  } else {
    // The first rank that exits ends all others. Wait until the line has been printed.
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  return code;
}

/// Runs `work` and returns its exit code. An error becomes a line and an exit code.
template <typename Work>
int reported(const Work& work) {
  try {
    const int code = work();
    if (code == done) {  // otherwise the error has been reported
      check_printed("");
    }
    return code;
  } catch (const InvalidArgument& error) {
    return report(error.what(), wrong_usage);
  } catch (const Preempted& error) {
    return report(error.what(), preempted);
  } catch (const Interrupted& error) {
    return report(error.what(), stopped);
  } catch (const std::exception& error) {
    return report(exception_text(error), failed);
  }
}

/// A command in which every rank takes part. If this rank fails before it has met the others, for
/// instance because of its options, they wait for it and must be told.
int run_on_every_rank(std::span<const std::string> args) {
  try {
    return run_command(args);
  } catch (...) {
    if (has_met_ranks() || !has_other_ranks()) {
      throw;
    }
    fail_together({}, std::current_exception());
  }
}

int run(const std::vector<std::string>& args) {
  if (runs_on_every_rank(args)) {
    return reported([&] { return run_on_every_rank(args); });
  }
  std::string command;
  for (const std::string& word : args) {
    command += str(command.empty() ? "" : " ", word);
  }
  return reported([&] {
    return on_first_rank(
        {.facts = {{"command", command, "Start all ranks with the same command."}}},
        [&] { return reported([&] { return run_command(args); }); });
  });
}

}  // namespace
}  // namespace dga

int main(int argc, char** argv) {
  dga::open_standard_descriptors();
  // A reader that goes away, and a file beyond the limit on sizes, are errors of writing.
  static_cast<void>(signal(SIGPIPE, SIG_IGN));
  static_cast<void>(signal(SIGXFSZ, SIG_IGN));
  return dga::run(std::vector<std::string>(argv + 1, argv + argc));
}
