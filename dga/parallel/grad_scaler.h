// SPDX-License-Identifier: Apache-2.0
//
// GradScaler: chooses the factor by which losses are scaled in mixed precision, as
// torch.amp.GradScaler does in Python. Small gradients would be lost in f16.

#pragma once

#include <cstdint>

namespace dga {

/// Names and defaults of torch.amp.GradScaler. Powers of two change no bit of a gradient that stays
/// in the range of its type.
struct GradScalerOptions {
  double init_scale = 65536;            ///< above 0
  double growth_factor = 2;             ///< above 1
  double backoff_factor = 0.5;          ///< above 0, below 1
  std::int64_t growth_interval = 2000;  ///< steps without a skip after which the scale grows
};

/// Gives the same scales on every worker, because all of them take or skip a step.
class GradScaler {
 public:
  /// Throws InvalidArgument for options out of range.
  explicit GradScaler(const GradScalerOptions& options);

  double scale() const noexcept { return scale_; }
  /// Steps since the scale last changed.
  std::int64_t growth_steps() const noexcept { return growth_steps_; }

  /// Call it after each step. `taken`: false if the step was skipped.
  void update(bool taken) noexcept;
  /// Goes on from a saved scale.
  void restore(double scale, std::int64_t growth_steps);

 private:
  GradScalerOptions options_;
  double scale_;
  std::int64_t growth_steps_ = 0;
};

}  // namespace dga
