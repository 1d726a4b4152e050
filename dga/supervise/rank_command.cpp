// SPDX-License-Identifier: Apache-2.0

#include "dga/supervise/rank_command.h"

#include "dga/supervise/launcher_process.h"

namespace dga {

std::vector<std::string> rank_command(std::vector<std::string> launcher, int ranks, bool has_hosts,
                                      const Supervised& job,
                                      const std::vector<std::string>& program) {
  std::vector<std::string> command = std::move(launcher);
  if (has_hosts) {
    command.insert(command.end(), {"-machinefile", LauncherProcess::kHostFile});
  }
  // env: launchers differ in how they pass on variables.
  command.insert(command.end(), {"-n", std::to_string(ranks), "env", supervised_variable(job)});
  command.insert(command.end(), program.begin(), program.end());
  return command;
}

}  // namespace dga
