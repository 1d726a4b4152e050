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

/// How many blocks a worker needs at a time. Where samples are held out, those of a block in the
/// order of training lie in up to three blocks of the files.
constexpr std::int64_t blocks_of_worker(std::int64_t window, std::int64_t num_features) noexcept {
  return 3 * (window / samples_per_block(num_features) + 1) + 1;
}

}  // namespace dga
