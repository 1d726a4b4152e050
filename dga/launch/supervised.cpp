// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/supervised.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <sstream>
#include <utility>

#include "dga/base/clock.h"
#include "dga/base/error.h"

namespace dga {
namespace {

constexpr const char* kLaunchVariable = "DGA_LAUNCH";

}  // namespace

std::string supervised_variable(const Supervised& values) {
  return str(kLaunchVariable, "=", values.job, " ", values.restarts);
}

std::optional<Supervised> supervised() {
  const char* text = std::getenv(kLaunchVariable);
  if (text == nullptr) {
    return std::nullopt;
  }
  Supervised values;
  std::istringstream in(text);
  in >> values.job >> values.restarts;
  if (!in || values.restarts < 0) {
    throw Error(str("[launch] ", kLaunchVariable,
                    ": expected the value that dga launch sets for a rank, found '", text,
                    "'. Unset the variable."));
  }
  return values;
}

void end_with_launcher() {
  if (supervised()) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
  }
}

void tell_supervisor(const SupervisorMessage& message) {
  if (const auto self = supervised()) {
    const std::string line = to_line(message, self->job);
    // One call, so that other text does not come in between. If it fails, nobody listens.
    [[maybe_unused]] const auto written = write(STDERR_FILENO, line.data(), line.size());
  }
}

StepReports::StepReports(std::function<std::int64_t()> steps) : steps_(std::move(steps)) {
  if (supervised()) {
    thread_ = std::thread([this] { report(); });
  }
}

StepReports::~StepReports() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  ended_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void StepReports::report() {
  using std::chrono::milliseconds;
  std::int64_t told = 0;
  int reports = 0;
  double last = now_seconds();
  std::unique_lock lock(mutex_);
  while (!ended_.wait_for(lock, milliseconds(reports < 2 ? 10 : 200), [this] { return ends_; })) {
    const std::int64_t steps = steps_();
    if ((steps != told && reports < 2) || now_seconds() - last >= 1) {
      tell_supervisor({.kind = SupervisorMessage::Kind::steps, .number = steps});
      reports += steps != told ? 1 : 0;
      told = steps;
      last = now_seconds();
    }
  }
}

}  // namespace dga
