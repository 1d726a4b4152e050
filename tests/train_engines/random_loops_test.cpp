// SPDX-License-Identifier: Apache-2.0

#include "tests/support/engine_suite.h"
#include "tests/support/random_loop.h"

namespace dga::test {
namespace {

DGA_ENGINE_TEST(RandomLoops, GiveTheParametersOfThePlainLoop) {
  for (std::uint64_t seed = 1000; seed < 1005; ++seed) {
    check_random_loop(environment, seed);
  }
}

}  // namespace
}  // namespace dga::test
