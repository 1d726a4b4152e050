// SPDX-License-Identifier: Apache-2.0

#include "dga/train/worker_times.h"

#include <algorithm>
#include <numeric>

namespace dga {
namespace {

constexpr auto kWait = static_cast<std::size_t>(StepPhase::wait);

double sum_of(const PhaseSeconds& seconds) noexcept {
  return std::accumulate(seconds.begin(), seconds.end(), 0.0);
}

}  // namespace

WorkerTimes::WorkerTimes(StepRecorder& recorder, int workers, bool coalesced)
    : recorder_(recorder),
      same_(workers == 1 || coalesced),
      turns_(static_cast<std::size_t>(workers)),
      totals_(static_cast<std::size_t>(workers)) {}

void WorkerTimes::restart() noexcept {
  at_ = {};
}

void WorkerTimes::end_turn(std::size_t number) noexcept {
  if (same_) {
    return;
  }
  const PhaseSeconds now = recorder_.so_far();
  for (std::size_t phase = 0; phase < kStepPhases; ++phase) {
    turns_[number][phase] = now[phase] - at_[phase];
  }
  at_ = now;
}

void WorkerTimes::end_step() noexcept {
  if (same_ || recorder_.num_steps() == 0) {
    return;
  }
  PhaseSeconds shared{};
  const StepTimes& step = recorder_.steps().back();
  for (std::size_t phase = 0; phase < kStepPhases; ++phase) {
    // Steps are kept in f32, so a phase may seem shorter than its turns.
    const double rest = std::max(static_cast<double>(step.seconds[phase]) - at_[phase], 0.0);
    shared[phase] = phase == kWait ? 0 : rest / static_cast<double>(turns_.size());
  }
  for (std::size_t i = 0; i < turns_.size(); ++i) {
    PhaseSeconds own = turns_[i];
    own[kWait] = 0;
    for (std::size_t phase = 0; phase < kStepPhases; ++phase) {
      own[phase] += shared[phase];
    }
    own[kWait] = std::max(step.total() - sum_of(own), 0.0);
    for (std::size_t phase = 0; phase < kStepPhases; ++phase) {
      totals_[i][phase] += own[phase];
    }
  }
  at_ = {};
}

std::vector<PhaseSeconds> WorkerTimes::totals() const {
  if (!same_) {
    return totals_;
  }
  PhaseSeconds all{};
  for (std::size_t phase = 0; phase < kStepPhases; ++phase) {
    all[phase] = recorder_.total(static_cast<StepPhase>(phase));
  }
  return std::vector<PhaseSeconds>(totals_.size(), all);
}

}  // namespace dga
