// SPDX-License-Identifier: Apache-2.0
//
// main() of the test programs that run on every engine.

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

#include "dga/base/error.h"
#include "tests/support/engine_suite.h"

#ifdef DGA_WITH_MPI
#include <mpi.h>
#endif

namespace dga::test {

LaunchOptions& engine_options() {
  static LaunchOptions options;
  return options;
}

namespace {

/// `start` is launch or launch_carriers.
void run(void (*start)(const LaunchOptions&, const Worker&), const LaunchOptions& options,
         const Worker& body) {
  try {
    start(options, [&](Environment& environment) {
      const bool failed_before = testing::Test::HasFailure();
      body(environment);
      // A failed expectation in a forked worker is lost with the process, so the worker fails too.
      if (testing::Test::HasFailure() && !failed_before &&
          environment.engine() == Engine::processes) {
        throw Error("an expectation failed, see above");
      }
    });
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
  }
}

}  // namespace

void run_on_workers(const Worker& body) {
  run(launch, engine_options(), body);
}

void run_on_carriers(int workers, const Worker& body) {
  LaunchOptions options = engine_options();
  options.carriers = options.engine == Engine::mpi ? 0 : options.workers;
  options.workers = workers;
  run(launch_carriers, options, body);
}

}  // namespace dga::test

int main(int argc, char** argv) {
  using namespace dga;
  testing::InitGoogleTest(&argc, argv);
  LaunchOptions& options = test::engine_options();
  options.timeout_s = 60;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto value = argument.substr(argument.find('=') + 1);
    if (argument.rfind("--engine=", 0) == 0) {
      const auto engine = value_in(kEngineNames, value);
      if (!engine) {
        std::fprintf(stderr, "unknown engine %s\n", value.c_str());
        return 2;
      }
      options.engine = *engine;
    } else if (argument.rfind("--workers=", 0) == 0) {
      options.workers = std::atoi(value.c_str());
    } else if (argument.rfind("--carriers=", 0) == 0) {
      options.carriers = std::atoi(value.c_str());
    } else if (argument.rfind("--ranks-per-node=", 0) == 0) {
      options.ranks_per_node = std::atoi(value.c_str());
    } else {
      std::fprintf(stderr, "unknown argument %s\n", argv[i]);
      return 2;
    }
  }
#ifdef DGA_WITH_MPI
  if (options.engine == Engine::mpi) {
    // Only rank 0 prints results. The exit code covers all ranks.
    MPI_Init(&argc, &argv);
    int rank = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank != 0) {
      auto& listeners = testing::UnitTest::GetInstance()->listeners();
      delete listeners.Release(listeners.default_result_printer());
      class OnlyFailures : public testing::EmptyTestEventListener {
        void OnTestPartResult(const testing::TestPartResult& result) override {
          if (result.failed()) {
            std::cerr << result.file_name() << ":" << result.line_number() << ": "
                      << result.message() << "\n";
          }
        }
      };
      listeners.Append(new OnlyFailures);
    }
    int failed = RUN_ALL_TESTS();
    MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    MPI_Finalize();
    return failed;
  }
#endif
  return RUN_ALL_TESTS();
}
