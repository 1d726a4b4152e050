// SPDX-License-Identifier: Apache-2.0
//
// The size of the blocks in which streamed samples are read and shuffled.

#pragma once

#include <algorithm>
#include <cstdint>

namespace dga {

/// Samples in a block: 256 KiB of f32, at least one. The order of a shuffle window depends on it,
/// so it follows from the shape of a sample alone.
constexpr std::int64_t samples_per_block(std::int64_t num_features) noexcept {
  constexpr std::int64_t kElements = std::int64_t{1} << 16;
  return std::max<std::int64_t>(1, kElements / std::max<std::int64_t>(1, num_features));
}

/// The shuffle window of streamed samples unless the user gives one: 8 blocks, 2 MiB of f32.
constexpr std::int64_t default_shuffle_window(std::int64_t num_features) noexcept {
  return 8 * samples_per_block(num_features);
}

/// How many blocks `workers` that share a dataset need at a time: each those of its window, of
/// which some samples may be held out, and one more at each end.
constexpr std::int64_t blocks_of_workers(int workers, std::int64_t window,
                                         std::int64_t num_features) noexcept {
  return std::max(1, workers) * (2 * (window / samples_per_block(num_features) + 1) + 2);
}

}  // namespace dga
