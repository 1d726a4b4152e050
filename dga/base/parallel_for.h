// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <functional>

namespace dga {

/// Calls work(index, thread) for each index in [0, count), on up to `threads` threads. `thread` is
/// the number of the calling thread in [0, threads); the caller is thread 0. Returns after all
/// calls. Indices are started in ascending order. After a call has thrown, no further index is
/// started, and the exception of the lowest index is rethrown: the one that a single thread would
/// have thrown.
void parallel_for(std::int64_t count, int threads,
                  const std::function<void(std::int64_t index, int thread)>& work);

}  // namespace dga
