// SPDX-License-Identifier: Apache-2.0
//
// A program that cannot be forked, since it has a second thread: its workers are this program,
// executed again. It launches twice; each worker must run the launch it was made for, and only
// that.

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>

#include "dga/launch/launch.h"

int main() {
  std::atomic<bool> stop{false};
  std::thread other([&stop] {
    while (!stop) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  int failed = 0;
  for (std::int32_t round = 1; round <= 2; ++round) {
    try {
      dga::launch({.engine = dga::Engine::processes, .workers = 3},
                  [round](dga::Environment& environment) {
                    std::int32_t sum = round;
                    environment.world().all_reduce({&sum, 1});
                    if (environment.is_root()) {
                      std::printf("round %d sum %d again %d\n", round, sum,
                                  dga::is_relaunched_worker() ? 1 : 0);
                    }
                  });
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      failed = 1;
    }
  }
  stop = true;
  other.join();
  std::printf("done\n");
  return failed;
}
