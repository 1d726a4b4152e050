// SPDX-License-Identifier: Apache-2.0
//
// Command: one subcommand of the program. Each has its own file, which declares its options and its
// action.

#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <span>
#include <string>

namespace dga {

/// Runs the command with the parsed options and returns the exit code. Throws what main() reports.
using Action = std::function<int()>;

struct Command {
  std::string name;  // one word, or two: "bench comm"
  std::string summary;
  /// Adds the options to `app`, called once before parsing.
  Action (*add)(CLI::App& app);
  /// Whether every rank of an MPI job takes part in it. If it is false, rank 0 alone runs it.
  bool on_every_rank = false;
};

Action add_bench_comm(CLI::App& app);
Action add_checkpoint_diff(CLI::App& app);
Action add_checkpoint_export(CLI::App& app);
Action add_checkpoint_ls(CLI::App& app);
Action add_checkpoint_verify(CLI::App& app);
Action add_completion(CLI::App& app);
Action add_data_convert(CLI::App& app);
Action add_data_info(CLI::App& app);
Action add_data_split(CLI::App& app);
Action add_fs_cat(CLI::App& app);
Action add_fs_cp(CLI::App& app);
Action add_fs_ls(CLI::App& app);
Action add_fs_mkdir(CLI::App& app);
Action add_fs_mv(CLI::App& app);
Action add_fs_rm(CLI::App& app);
Action add_fs_stat(CLI::App& app);
Action add_fs_verify(CLI::App& app);
Action add_info(CLI::App& app);
Action add_launch(CLI::App& app);
Action add_options(CLI::App& app);
Action add_predict(CLI::App& app);
Action add_report(CLI::App& app);
Action add_train(CLI::App& app);
Action add_version(CLI::App& app);

/// All commands, in the order of the help. A new command is a file, a declaration above, and a line
/// in commands.cpp.
std::span<const Command> commands();

/// Whether every rank of an MPI job runs what `args` ask for, and not rank 0 alone.
bool runs_on_every_rank(std::span<const std::string> args);

/// Runs the command (or the help) that `args`, without the program's name, begin with. Throws
/// InvalidArgument for wrong usage.
int run_command(std::span<const std::string> args);

}  // namespace dga
