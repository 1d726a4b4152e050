// SPDX-License-Identifier: Apache-2.0
//
// A program that cannot be forked, since it has a second thread: its workers are this program,
// executed again. It launches three times; each worker must run the launch it was made for, and
// only that, and sees how the others ended: the first fails. With an argument the workers come to
// another launch first than the one they were made for.

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>

#include "dga/base/error.h"
#include "dga/launch/launch.h"

int main(int argc, char**) {
  std::atomic<bool> stop{false};
  std::thread other([&stop] {
    while (!stop) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  if (argc > 1) {
    const auto nothing = [](dga::Environment&) {};
    if (dga::is_relaunched_worker()) {
      dga::launch({.engine = dga::Engine::threads, .workers = 2}, nothing);
    }
    try {
      dga::launch({.engine = dga::Engine::processes, .workers = 2}, nothing);
    } catch (const dga::WorkerFailure& error) {
      std::fprintf(stderr, "%s\n", error.what());
    }
    stop = true;
    other.join();
    return 1;
  }
  int failed = 0;
  std::string first_error;
  try {
    dga::launch({.engine = dga::Engine::processes, .workers = 3},
                [](dga::Environment&) { throw std::runtime_error("planted"); });
  } catch (const dga::WorkerFailure& error) {
    first_error = error.what();
  }
  for (std::int32_t round = 1; round <= 2; ++round) {
    try {
      dga::launch({.engine = dga::Engine::processes, .workers = 3},
                  [&](dga::Environment& environment) {
                    std::int32_t sum = first_error.ends_with("failed: planted") ? round : 1000;
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
