// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "dga/mesh/parameter_layout.h"

namespace dga {

/// Finds what is not finite in one worker's gradients before they enter the sum, so that all
/// workers can refuse or skip a step before any has changed a parameter. Not thread-safe.
class FiniteCheck {
 public:
  /// An element of a flat buffer that is infinite or NaN.
  struct NonFinite {
    int bucket;
    std::int64_t element;  // of the bucket
    double value;
  };

  /// `layout` must outlive this.
  explicit FiniteCheck(const ParameterLayout& layout) : layout_(layout) {}

  /// Looks at a bucket of the flat buffer that begins at `gradients`, which will be divided by
  /// `loss_scale`. One pass over the bits.
  void look_at(const std::byte* gradients, int bucket, double loss_scale);
  /// The same for a part of a bucket that begins with element `first` of it.
  void look_at(ConstBufferView part, int bucket, std::int64_t first, double loss_scale);
  /// Forgets what was found.
  void reset() noexcept;

  /// The first element that is not finite, of the buckets looked at.
  const std::optional<NonFinite>& found() const noexcept { return found_; }
  /// Whether an element is so large that the weighted mean over all workers could leave the range
  /// of its type. If this is false on every worker, and nothing is found, the means are finite.
  bool may_overflow() const noexcept { return may_overflow_; }

 private:
  const ParameterLayout& layout_;
  std::optional<NonFinite> found_;
  bool may_overflow_ = false;
};

/// The first element that is not finite in the slices of a flat buffer that `worker` owns.
std::optional<FiniteCheck::NonFinite> first_non_finite(const ParameterLayout& layout, int worker,
                                                       const std::byte* gradients);

}  // namespace dga
