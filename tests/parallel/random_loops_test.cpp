// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include "dga/launch/launch.h"
#include "tests/support/random_loop.h"

namespace dga::test {
namespace {

TEST(RandomLoops, GiveTheParametersOfThePlainLoop) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    launch({.engine = Engine::threads, .workers = 1 + static_cast<int>(seed % 5), .timeout_s = 30},
           [&](Environment& environment) { check_random_loop(environment, seed); });
  }
}

}  // namespace
}  // namespace dga::test
