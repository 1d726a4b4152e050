// SPDX-License-Identifier: Apache-2.0
//
// StepRecorder: where the time of a worker's training steps went.

#pragma once

#include <array>
#include <cstddef>
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

/// A moment at which a phase began, or at which a step ended and the next one began in compute.
struct PhaseMark {
  double at = 0;  // of now_seconds()
  StepPhase phase = StepPhase::compute;
  bool ends_step = false;
};

/// A stopwatch with three dials, one of which always runs. One clock reading per change of phase;
/// 12 bytes a step, and while tracing 16 bytes more for each change of phase. Used by one thread.
class StepRecorder {
 public:
  StepRecorder() noexcept { restart(); }

  /// Time from now on belongs to `phase`; the step so far keeps what it has.
  void enter(StepPhase phase) noexcept;
  /// The step is over; the next one starts now, in compute.
  void end_step();
  /// Forgets the time since the last step ended, for instance because the model was evaluated.
  void restart() noexcept;

  /// From the next step on, also remembers when each phase began. To be called between steps.
  void start_tracing();

  std::int64_t num_steps() const noexcept { return static_cast<std::int64_t>(steps_.size()); }
  const std::vector<StepTimes>& steps() const noexcept { return steps_; }
  /// Of the steps that were traced, in order: for each step its phases, none twice in a row, and
  /// its end. Where a step changes its phase more often than kMostMarks - 1 times, which no step of
  /// an accumulator does, its last phase here lasts to its end. Steps do not follow one another at
  /// once where restart() was called in between.
  const std::vector<PhaseMark>& marks() const noexcept { return marks_; }
  static constexpr std::size_t kMostMarks = 32;  // a step, its end not counted
  /// Seconds in `phase` over all steps.
  double total(StepPhase phase) const noexcept;
  /// Seconds a step; 0 where there is none.
  double mean() const noexcept;
  double median() const;

 private:
  /// The time since the last change goes to the phase that ends now.
  double change_to(StepPhase phase) noexcept;

  std::vector<StepTimes> steps_;
  std::array<double, 3> current_{};
  StepPhase phase_ = StepPhase::compute;
  double since_ = 0;

  bool tracing_ = false;
  std::vector<PhaseMark> step_marks_;  // of the step under way; has room for all it may get
  std::vector<PhaseMark> marks_;
};

}  // namespace dga
