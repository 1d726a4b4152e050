// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <functional>

namespace dga {

/// Calls work(i, thread) for i in [0, count), `thread` in [0, threads), the caller being thread 0.
/// Indices are taken in ascending order. When calls throw, no further index is begun and the error
/// of the lowest index is thrown: the one that a single thread would have met.
void parallel_for(std::int64_t count, int threads,
                  const std::function<void(std::int64_t index, int thread)>& work);

}  // namespace dga
