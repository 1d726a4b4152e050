// SPDX-License-Identifier: Apache-2.0
//
// One suite for all engines. The body of a test runs on every worker:
//
//     DGA_ENGINE_TEST(Barrier, ReturnsOnEveryWorker) {
//       environment.world().barrier();
//     }
//
// Usage: test_engines --engine=threads|processes|mpi --workers=N [--carriers=C]
// [--ranks-per-node=K], under mpirun for mpi. A failed expectation on any worker fails the test.

#pragma once

#include <gtest/gtest.h>

#include "dga/launch/launch.h"

namespace dga::test {

/// The options of the command line.
LaunchOptions& engine_options();

/// Runs `body` on every worker and fails the current test when it fails on any of them.
void run_on_workers(const Worker& body);
/// The same on carriers, as many as there would be workers, which carry `workers` workers.
void run_on_carriers(int workers, const Worker& body);

}  // namespace dga::test

#define DGA_ENGINE_TEST(suite, name)                                  \
  static void suite##_##name##_body(::dga::Environment& environment); \
  TEST(suite, name) {                                                 \
    ::dga::test::run_on_workers(suite##_##name##_body);               \
  }                                                                   \
  static void suite##_##name##_body([[maybe_unused]] ::dga::Environment& environment)
