// SPDX-License-Identifier: Apache-2.0
//
// Command: one subcommand of the program. Each has a file of its own, which declares its options
// and says what to do.

#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <span>
#include <string>

namespace dga {

/// Runs the command with the options as parsed; answers the exit code. Throws what main() reports.
using Action = std::function<int()>;

struct Command {
  std::string name;  // one word, or two: "bench comm"
  std::string summary;
  /// Adds the options to `app`, called once before parsing.
  Action (*add)(CLI::App& app);
};

Action add_bench_comm(CLI::App& app);
Action add_completion(CLI::App& app);
Action add_info(CLI::App& app);
Action add_options(CLI::App& app);
Action add_predict(CLI::App& app);
Action add_train(CLI::App& app);
Action add_version(CLI::App& app);

/// All of them, in the order of the help. A new command is a file, a declaration above, and a line
/// in commands.cpp.
std::span<const Command> commands();

/// Runs the command that `args` (without the program's name) begin with, help among them. Throws
/// InvalidArgument for wrong usage.
int run_command(std::span<const std::string> args);

}  // namespace dga
