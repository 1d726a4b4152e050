// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/learning_rate.h"

#include <cmath>
#include <numbers>
#include <utility>

#include "dga/base/error.h"

namespace dga {

LearningRateSchedule constant_rate() {
  return [](std::int64_t) { return 1.0; };
}

LearningRateSchedule step_decay(std::int64_t every, double factor) {
  DGA_CHECK(every >= 1, "[parallel] step_decay: expected every >= 1, found ", every, ".");
  DGA_CHECK(factor > 0, "[parallel] step_decay: expected a factor above 0, found ", factor, ".");
  return [=](std::int64_t step) {
    const std::int64_t falls = step / every;
    return std::pow(factor, static_cast<double>(falls));
  };
}

LearningRateSchedule cosine_decay(std::int64_t num_steps, double floor) {
  DGA_CHECK(num_steps >= 1, "[parallel] cosine_decay: expected num_steps >= 1, found ", num_steps,
            ".");
  return [=](std::int64_t step) {
    if (step >= num_steps) {
      return floor;
    }
    const double way = static_cast<double>(step) / static_cast<double>(num_steps);
    return floor + (1 - floor) * 0.5 * (1 + std::cos(std::numbers::pi * way));
  };
}

LearningRateSchedule linear_warmup(std::int64_t num_steps, LearningRateSchedule then) {
  DGA_CHECK(num_steps >= 0, "[parallel] linear_warmup: expected num_steps >= 0, found ", num_steps,
            ".");
  DGA_CHECK(then != nullptr, "[parallel] linear_warmup: expected a schedule to go on with.");
  return [num_steps, then = std::move(then)](std::int64_t step) {
    if (step < num_steps) {
      return then(0) * static_cast<double>(step + 1) / static_cast<double>(num_steps);
    }
    return then(step - num_steps);
  };
}

}  // namespace dga
