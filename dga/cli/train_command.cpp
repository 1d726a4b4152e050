// SPDX-License-Identifier: Apache-2.0

#include <iostream>

#include "dga/base/error.h"
#include "dga/cli/command.h"
#include "dga/cli/console_progress.h"
#include "dga/cli/option_arguments.h"
#include "dga/cli/printed.h"
#include "dga/cli/world_rank.h"
#include "dga/launch/stop_signal.h"
#include "dga/train/train_run.h"

namespace dga {
namespace {

int train(const RunOptions& options) {
  check_options(options);
  const StopSignal stop;
  const auto progress = make_console_progress(options.output.quiet);
  const RunSummary summary = train_run(options, *progress);
  if (!options.output.quiet && is_first_process()) {
    print_summary(summary);
    check_printed(str(" The run has ended well, and its files are in ", summary.folder, "."));
  }
  return 0;
}

}  // namespace

Action add_train(CLI::App& app) {
  const auto arguments = OptionArguments::add_to(app);
  return [arguments] { return train(arguments->resolve()); };
}

}  // namespace dga
