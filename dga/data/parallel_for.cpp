// SPDX-License-Identifier: Apache-2.0

#include "dga/data/parallel_for.h"

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
  // Whatever index is lower than a failed one was begun before it, so its call ends and reports
  // too.
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
      break;  // no more threads to be had: those that there are do it all
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
