// SPDX-License-Identifier: Apache-2.0
//
// StepRecorder: measures how long a worker's training steps compute, reduce, wait for others
// and wait for samples.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace dga {

enum class StepPhase : std::uint8_t {
  compute,  ///< forward, backward and the optimiser
  reduce,   ///< reducing gradients and sharing parameters
  wait,     ///< waiting for other workers
  data,     ///< waiting for samples, or gathering them
};
inline constexpr std::size_t kStepPhases = 4;

/// Seconds that one step spent in each phase.
struct StepTimes {
  std::array<float, kStepPhases> seconds{};

  double in(StepPhase phase) const noexcept { return seconds[static_cast<std::size_t>(phase)]; }
  double total() const noexcept;
};

/// The time at which a phase began. With `ends_step` it is also the time at which a step
/// ended, and the next step starts in the phase `compute`.
struct PhaseMark {
  double at = 0;  // in now_seconds()
  StepPhase phase = StepPhase::compute;
  bool ends_step = false;
};

/// Adds up the time of each phase, step by step. One phase is current at any time. A change of
/// phase reads the clock once. Each step takes 16 bytes, and each change of phase 16 more while
/// tracing. Not thread-safe.
class StepRecorder {
 public:
  StepRecorder() noexcept { restart(); }

  /// Makes `phase` the current phase of the step.
  void enter(StepPhase phase) noexcept;
  /// Ends the step. The next one begins at once, in compute.
  void end_step();
  /// Discards the time since the last step ended, for instance because the model was evaluated. The
  /// next step begins now, in compute.
  void restart() noexcept;

  /// From the next step on, also records when each phase begins. Call it between two steps.
  void start_tracing();

  /// Seconds of the step under way, by phase, up to now.
  std::array<double, kStepPhases> so_far() const noexcept;

  std::int64_t num_steps() const noexcept { return static_cast<std::int64_t>(steps_.size()); }
  const std::vector<StepTimes>& steps() const noexcept { return steps_; }
  /// The marks of the traced steps, in order. Each step has a mark for each change of phase and a
  /// mark for its end. Of a step with more than kMostMarks phases only the first kMostMarks are
  /// recorded, and the last of these appears to last until the step ends. Only a step of many
  /// micro-steps has that many. After restart() there is a gap between two steps.
  const std::vector<PhaseMark>& marks() const noexcept { return marks_; }
  static constexpr std::size_t kMostMarks = 32;  // per step, without its end
  /// Seconds in `phase`, summed over all steps.
  double total(StepPhase phase) const noexcept;
  /// Mean and median of the seconds per step; 0 if there are no steps.
  double mean() const noexcept;
  double median() const;

 private:
  /// Adds the time since the last change to the phase that ends. Returns the current time.
  double change_to(StepPhase phase) noexcept;

  std::vector<StepTimes> steps_;
  std::array<double, kStepPhases> current_{};
  StepPhase phase_ = StepPhase::compute;
  double since_ = 0;

  bool tracing_ = false;
  std::vector<PhaseMark> step_marks_;  // of the current step; its capacity is kMostMarks
  std::vector<PhaseMark> marks_;
};

}  // namespace dga
