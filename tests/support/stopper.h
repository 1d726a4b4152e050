// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>

#include "dga/launch/stop_signal.h"
#include "dga/options/progress.h"

namespace dga::test {

/// Requests a stop, as if `signal_number` had arrived, after step `step` of the run. Only worker 0
/// reports its steps, so the other workers learn of the request later.
class Stopper final : public Progress {
 public:
  Stopper(std::int64_t step, int signal_number) : step_(step), signal_number_(signal_number) {}
  void step_done(const StepResult& step) override {
    if (step.steps == step_) {
      StopSignal::request(signal_number_);
    }
  }

 private:
  std::int64_t step_;
  int signal_number_;
};

}  // namespace dga::test
