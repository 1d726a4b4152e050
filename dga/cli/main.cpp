// SPDX-License-Identifier: Apache-2.0
//
// The program. Errors are exceptions everywhere else; here they become one line and an exit code.

#include <signal.h>

#include <chrono>
#include <exception>
#include <iostream>
#include <optional>
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

namespace dga {
namespace {

enum ExitCode { done = 0, failed = 1, wrong_usage = 2, stopped = 130 };

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

int run(int argc, char** argv) {
  try {
    const int code = run_command(std::vector<std::string>(argv + 1, argv + argc));
    check_printed("");
    return code;
  } catch (const InvalidArgument& error) {
    return report(error.what(), wrong_usage);
  } catch (const Interrupted& error) {
    return report(error.what(), stopped);
  } catch (const std::exception& error) {
    return report(exception_text(error), failed);
  }
}

}  // namespace
}  // namespace dga

int main(int argc, char** argv) {
  dga::open_standard_descriptors();
  // A reader that goes away is an error of writing, which is reported at the end.
  static_cast<void>(signal(SIGPIPE, SIG_IGN));
  return dga::run(argc, argv);
}
