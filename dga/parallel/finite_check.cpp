// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/finite_check.h"

#include <algorithm>
#include <cmath>

#include "dga/parallel/gradient_scan.h"

namespace dga {
namespace {

FiniteCheck::NonFinite locate(ConstBufferView slice, int bucket, std::int64_t first) {
  const std::int64_t at = first_non_finite(slice);
  return {bucket, first + at, element_value(slice, at)};
}

ConstBufferView part_of(const std::byte* gradients, const Bucket& bucket, Slice slice) {
  return {
      static_cast<const void*>(gradients + bucket.first_byte + slice.first * size_of(bucket.type)),
      slice.count, bucket.type};
}

}  // namespace

void FiniteCheck::look_at(const std::byte* gradients, int number, double loss_scale) {
  const Bucket& bucket = layout_.buckets()[static_cast<std::size_t>(number)];
  look_at(part_of(gradients, bucket, {0, bucket.count}), number, 0, loss_scale);
}

void FiniteCheck::look_at(ConstBufferView part, int bucket, std::int64_t first, double loss_scale) {
  // The weights of all workers add up to at most 1 / loss_scale. Half the range is for rounding.
  if (!any_above(part, largest_value(part.type) / 2 * std::min(loss_scale, 1.0))) {
    return;
  }
  if (std::isfinite(largest_magnitude(part))) {
    may_overflow_ = true;
  } else if (!found_) {
    found_ = locate(part, bucket, first);
  }
}

void FiniteCheck::reset() noexcept {
  found_.reset();
  may_overflow_ = false;
}

std::optional<FiniteCheck::NonFinite> first_non_finite(const ParameterLayout& layout, int worker,
                                                       const std::byte* gradients) {
  for (int number = 0; number < static_cast<int>(layout.buckets().size()); ++number) {
    const Bucket& bucket = layout.buckets()[static_cast<std::size_t>(number)];
    const Slice mine = layout.slice(number, worker);
    const ConstBufferView slice = part_of(gradients, bucket, mine);
    if (first_non_finite(slice) >= 0) {
      return locate(slice, number, mine.first);
    }
  }
  return std::nullopt;
}

}  // namespace dga
