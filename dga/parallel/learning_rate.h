// SPDX-License-Identifier: Apache-2.0
//
// Learning-rate schedules: functions of the step number alone.

#pragma once

#include <cstdint>
#include <functional>

namespace dga {

/// The factor by which the learning rate of each parameter group is multiplied in step `step`,
/// counted from 0. Must return the same values on every worker.
using LearningRateSchedule = std::function<double(std::int64_t step)>;

/// 1 in every step.
LearningRateSchedule constant_rate();
/// Starts at 1 and is multiplied by `factor` after each `every` steps.
LearningRateSchedule step_decay(std::int64_t every, double factor);
/// Follows half a cosine from 1 in step 0 to `floor` in step `num_steps`, then stays at `floor`.
LearningRateSchedule cosine_decay(std::int64_t num_steps, double floor = 0);
/// Linear warm-up: (step + 1) / num_steps during the first `num_steps` steps, then `then`, which
/// counts its steps from the end of the warm-up.
LearningRateSchedule linear_warmup(std::int64_t num_steps,
                                   LearningRateSchedule then = constant_rate());

}  // namespace dga
