// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/grad_scaler.h"

#include <cmath>

#include "dga/base/error.h"

namespace dga {

GradScaler::GradScaler(const GradScalerOptions& options)
    : options_(options), scale_(options.init_scale) {
  DGA_CHECK(std::isfinite(options.init_scale) && options.init_scale > 0,
            "[parallel] grad_scaler init_scale: expected more than 0, found ", options.init_scale,
            ".");
  DGA_CHECK(std::isfinite(options.growth_factor) && options.growth_factor > 1,
            "[parallel] grad_scaler growth_factor: expected more than 1, found ",
            options.growth_factor, ".");
  DGA_CHECK(options.backoff_factor > 0 && options.backoff_factor < 1,
            "[parallel] grad_scaler backoff_factor: expected more than 0, below 1, found ",
            options.backoff_factor, ".");
  DGA_CHECK(options.growth_interval >= 1,
            "[parallel] grad_scaler growth_interval: expected 1 or more, found ",
            options.growth_interval, ".");
}

void GradScaler::update(bool taken) noexcept {
  if (!taken) {
    scale_ *= options_.backoff_factor;
    growth_steps_ = 0;
    return;
  }
  if (++growth_steps_ < options_.growth_interval) {
    return;
  }
  // torch keeps a scale that growth would make infinite.
  if (std::isfinite(static_cast<float>(scale_ * options_.growth_factor))) {
    scale_ *= options_.growth_factor;
  }
  growth_steps_ = 0;
}

void GradScaler::restore(double scale, std::int64_t growth_steps) {
  DGA_CHECK(std::isfinite(scale) && scale > 0 && growth_steps >= 0,
            "[parallel] grad_scaler: expected a saved scale above 0, found ", scale, ".");
  scale_ = scale;
  growth_steps_ = growth_steps;
}

}  // namespace dga
