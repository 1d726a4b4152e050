// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/before_fork.h"

#include <mutex>
#include <vector>

namespace dga {
namespace {

struct Preparations {
  std::mutex mutex;  // guards `works`
  std::vector<void (*)()> works;
};

/// Built at the first call, which may come before the static objects of this file.
Preparations& preparations() {
  static Preparations all;
  return all;
}

}  // namespace

void before_fork(void (*work)()) {
  Preparations& all = preparations();
  const std::lock_guard lock(all.mutex);
  all.works.push_back(work);
}

void prepare_fork() {
  std::vector<void (*)()> works;
  {
    Preparations& all = preparations();
    const std::lock_guard lock(all.mutex);
    works = all.works;
  }
  for (void (*const work)() : works) {
    work();
  }
}

}  // namespace dga
