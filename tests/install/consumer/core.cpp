// SPDX-License-Identifier: Apache-2.0
#include <dga/launch/launch.h>

#include <iostream>

int main() {
  dga::launch({.engine = dga::Engine::threads, .workers = 3}, [](dga::Environment& env) {
    std::int64_t sum = 10 + env.rank();
    env.world().all_reduce({&sum, 1}, dga::ReduceOp::sum, "sum");
    if (env.is_root()) std::cout << sum << '\n';
  });
}
