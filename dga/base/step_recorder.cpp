// SPDX-License-Identifier: Apache-2.0

#include "dga/base/step_recorder.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "dga/base/clock.h"

namespace dga {

double StepTimes::total() const noexcept {
  return std::accumulate(seconds.begin(), seconds.end(), 0.0);
}

double StepRecorder::change_to(StepPhase phase) noexcept {
  const double now = now_seconds();
  current_[static_cast<std::size_t>(phase_)] += now - since_;
  since_ = now;
  phase_ = phase;
  return now;
}

void StepRecorder::enter(StepPhase phase) noexcept {
  const bool same = phase == phase_;
  const double now = change_to(phase);
  if (tracing_ && !same && step_marks_.size() < kMostMarks) {
    step_marks_.push_back({.at = now, .phase = phase});
  }
}

std::array<double, kStepPhases> StepRecorder::so_far() const noexcept {
  std::array<double, kStepPhases> seconds = current_;
  seconds[static_cast<std::size_t>(phase_)] += now_seconds() - since_;
  return seconds;
}

void StepRecorder::end_step() {
  const double now = change_to(StepPhase::compute);
  StepTimes times;
  std::transform(current_.begin(), current_.end(), times.seconds.begin(),
                 [](double seconds) { return static_cast<float>(seconds); });
  steps_.push_back(times);
  current_ = {};
  if (tracing_) {
    marks_.insert(marks_.end(), step_marks_.begin(), step_marks_.end());
    marks_.push_back({.at = now, .ends_step = true});
    step_marks_.clear();
    step_marks_.push_back({.at = now});
  }
}

void StepRecorder::restart() noexcept {
  current_ = {};
  phase_ = StepPhase::compute;
  since_ = now_seconds();
  if (tracing_) {
    step_marks_.clear();
    step_marks_.push_back({.at = since_});
  }
}

void StepRecorder::start_tracing() {
  step_marks_.reserve(kMostMarks);
  tracing_ = true;
  restart();
}

double StepRecorder::total(StepPhase phase) const noexcept {
  return std::accumulate(steps_.begin(), steps_.end(), 0.0,
                         [&](double sum, const StepTimes& times) { return sum + times.in(phase); });
}

double StepRecorder::mean() const noexcept {
  if (steps_.empty()) {
    return 0;
  }
  const double sum =
      std::accumulate(steps_.begin(), steps_.end(), 0.0,
                      [](double all, const StepTimes& times) { return all + times.total(); });
  return sum / static_cast<double>(steps_.size());
}

double StepRecorder::median() const {
  if (steps_.empty()) {
    return 0;
  }
  std::vector<double> totals;
  totals.reserve(steps_.size());
  for (const StepTimes& times : steps_) {
    totals.push_back(times.total());
  }
  const std::size_t half = totals.size() / 2;
  const auto middle = totals.begin() + static_cast<std::ptrdiff_t>(half);
  std::nth_element(totals.begin(), middle, totals.end());
  if (totals.size() % 2 == 1) {
    return *middle;
  }
  return (*std::max_element(totals.begin(), middle) + *middle) / 2;
}

}  // namespace dga
