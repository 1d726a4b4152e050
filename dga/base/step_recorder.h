// SPDX-License-Identifier: Apache-2.0
//
// StepRecorder: where the time of a worker's training steps went.

#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace dga {

enum class StepPhase : std::uint8_t {
  compute,  ///< the user's forward and backward, and the optimiser
  reduce,   ///< adding up gradients, sharing parameters
  wait,     ///< for other workers
};

/// Seconds of one step, by phase.
struct StepTimes {
  std::array<float, 3> seconds{};

  double in(StepPhase phase) const noexcept { return seconds[static_cast<std::size_t>(phase)]; }
  double total() const noexcept;
};

/// A stopwatch with three dials, one of which always runs. Two clock readings per change of phase;
/// 12 bytes a step. Used by one thread.
class StepRecorder {
 public:
  StepRecorder() noexcept { restart(); }

  /// Time from now on belongs to `phase`; the step so far keeps what it has.
  void enter(StepPhase phase) noexcept;
  /// The step is over; the next one starts now, in compute.
  void end_step();
  /// Forgets the time since the last step ended, for instance because the model was evaluated.
  void restart() noexcept;

  std::int64_t num_steps() const noexcept { return static_cast<std::int64_t>(steps_.size()); }
  const std::vector<StepTimes>& steps() const noexcept { return steps_; }
  /// Seconds in `phase` over all steps.
  double total(StepPhase phase) const noexcept;
  /// Seconds a step; 0 where there is none.
  double mean() const noexcept;
  double median() const;

 private:
  std::vector<StepTimes> steps_;
  std::array<double, 3> current_{};
  StepPhase phase_ = StepPhase::compute;
  double since_ = 0;
};

}  // namespace dga
