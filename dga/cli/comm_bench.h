// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>

#include "dga/launch/launch_options.h"

namespace dga {

struct CommBenchOptions {
  LaunchOptions launch{};
  std::int64_t min_bytes = 1 << 10;
  std::int64_t max_bytes = 128 << 20;
  /// How long each size is measured, at least five times.
  double seconds_per_size = 0.3;
  /// Use ordinary heap memory instead of Communicator::allocate. Processes then copy it in and out.
  bool private_memory = false;
};

/// Times all_reduce of f32 sums for message sizes that double, and prints a line for each on worker
/// 0: bytes, median microseconds, and gigabytes of the message per second. Throws what launch
/// throws.
void comm_bench(const CommBenchOptions& options);

}  // namespace dga
