// SPDX-License-Identifier: Apache-2.0
//
// WorkerTimes: the seconds of each of a carrier's workers, by phase.

#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "dga/base/step_recorder.h"

namespace dga {

using PhaseSeconds = std::array<double, kStepPhases>;  // by StepPhase

/// A worker computes, and waits for samples, in its own turns. What the carrier does for all of
/// its workers, such as the step of the optimiser, is divided by their number. The rest of the time
/// of a step is waiting, also for the turns of the others. So the phases of each worker add up to
/// the time of the carrier's steps. A worker that has a carrier of its own has the carrier's times.
class WorkerTimes {
 public:
  /// `recorder`: the carrier's. It must outlive this. `coalesced`: the workers compute together and
  /// have no turns, so each has the carrier's times.
  WorkerTimes(StepRecorder& recorder, int workers, bool coalesced);

  /// Call it with StepRecorder::restart.
  void restart() noexcept;
  /// Call it after the turn of worker `number` of the block.
  void end_turn(std::size_t number) noexcept;
  /// Call it after the recorder's step has ended.
  void end_step() noexcept;

  /// Of all steps so far, by worker of the block.
  std::vector<PhaseSeconds> totals() const;

 private:
  StepRecorder& recorder_;
  bool same_;          // each worker has the carrier's times
  PhaseSeconds at_{};  // of the step under way, when the last turn ended
  std::vector<PhaseSeconds> turns_;
  std::vector<PhaseSeconds> totals_;
};

}  // namespace dga
