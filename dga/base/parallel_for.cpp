// SPDX-License-Identifier: Apache-2.0

#include "dga/base/parallel_for.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace dga {

void parallel_for(std::int64_t count, int threads,
                  const std::function<void(std::int64_t index, int thread)>& work) {
  std::atomic<std::int64_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  std::exception_ptr error;
  std::int64_t error_index = count;
  // Indices are handed out in ascending order by fetch_add, whose atomicity is all that is needed.
  // All indices below one that failed have therefore been started, and their calls end and record
  // their own errors before the threads are joined. `failed` only stops threads early. The mutex
  // guards error and error_index; the joins order them before the caller's reads.
  const auto run = [&](int thread) {
    while (!failed.load()) {
      const std::int64_t index = next.fetch_add(1);
      if (index >= count) {
        return;
      }
      try {
        work(index, thread);
      } catch (...) {
        failed.store(true);
        const std::lock_guard lock(mutex);
        if (index < error_index) {
          error_index = index;
          error = std::current_exception();
        }
      }
    }
  };
  std::vector<std::thread> helpers;
  for (int thread = 1; thread < threads && thread < count; ++thread) {
    try {
      helpers.emplace_back(run, thread);
    } catch (const std::system_error&) {
      break;  // the system refuses more threads: the existing ones do all the work
    }
  }
  run(0);
  for (std::thread& helper : helpers) {
    helper.join();
  }
  if (error) {
    std::rethrow_exception(error);
  }
}

}  // namespace dga
