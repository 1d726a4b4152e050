// SPDX-License-Identifier: Apache-2.0

#include "dga/supervise/answering_hosts.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "dga/base/clock.h"
#include "dga/base/log.h"
#include "dga/supervise/launcher_process.h"

namespace dga {
namespace {

constexpr double kSecondsToAnswer = 10;

struct Trial {
  Host host;
  std::unique_ptr<LauncherProcess> process;
};

}  // namespace

std::vector<Host> answering_hosts(const std::vector<Host>& hosts,
                                  const std::vector<std::string>& launcher,
                                  const std::function<bool()>& meanwhile) {
  std::vector<Trial> trials;
  for (const Host& host : hosts) {
    std::vector<std::string> command = launcher;
    command.insert(command.end(), {"-machinefile", LauncherProcess::kHostFile, "-n", "1", "true"});
    trials.push_back({host, std::make_unique<LauncherProcess>(command, to_text({host}),
                                                              LauncherProcess::Input::none)});
  }
  const double end = now_seconds() + kSecondsToAnswer;
  const auto runs = [](const Trial& trial) {
    static_cast<void>(trial.process->read_errors());
    return !trial.process->status();
  };
  while (now_seconds() < end && std::any_of(trials.begin(), trials.end(), runs)) {
    if (!meanwhile()) {
      return hosts;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  std::vector<Host> answering;
  for (const Trial& trial : trials) {
    if (trial.process->status() == 0) {
      answering.push_back(trial.host);
    } else {
      log_warning("[launch] Host ", trial.host.name, " does not answer, and is left out.");
    }
  }
  return answering;
}

}  // namespace dga
