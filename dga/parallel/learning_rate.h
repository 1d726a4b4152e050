// SPDX-License-Identifier: Apache-2.0
//
// Learning-rate schedules: functions of the step number, nothing else.

#pragma once

#include <cstdint>
#include <functional>

namespace dga {

/// What each parameter group's own learning rate is multiplied by in step `step`, counted from 0.
/// Any function will do; it must give the same answers on every worker.
using LearningRateSchedule = std::function<double(std::int64_t step)>;

/// Always 1.
LearningRateSchedule constant_rate();
/// Multiplied by `factor` after every `every` steps.
LearningRateSchedule step_decay(std::int64_t every, double factor);
/// Half a cosine from 1 in step 0 to `floor` in step `num_steps`, and `floor` from there on.
LearningRateSchedule cosine_decay(std::int64_t num_steps, double floor = 0);
/// Grows in a line over the first `num_steps` steps, 1 / num_steps in step 0, and multiplies
/// `then`, which counts its own steps from the end of the warm-up.
LearningRateSchedule linear_warmup(std::int64_t num_steps,
                                   LearningRateSchedule then = constant_rate());

}  // namespace dga
