// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/hdfs/retry.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "dga/base/clock.h"
#include "dga/base/random.h"

namespace dga {

Retry::Retry(Limits limits) : limits_(limits), began_(now_seconds()), mean_s_(limits.first_s) {}

double Retry::seconds() const {
  return now_seconds() - began_;
}

bool Retry::pause() {
  // Clients that failed together must not come back together. Nothing else depends on the number.
  static std::atomic<std::int64_t> counter{0};
  RandomStream random(stream_key(static_cast<std::uint64_t>(::getpid()), "retry",
                                 counter.fetch_add(1, std::memory_order_relaxed)));
  const double pause_s = mean_s_ * (0.5 + random.uniform());
  if (seconds() + pause_s > limits_.total_s) {
    return false;
  }
  std::this_thread::sleep_for(std::chrono::duration<double>(pause_s));
  mean_s_ = std::min(2 * mean_s_, limits_.longest_s);
  ++attempts_;
  return true;
}

}  // namespace dga
