// SPDX-License-Identifier: Apache-2.0

#include <memory>

#include "dga/cli/comm_bench.h"
#include "dga/cli/command.h"
#include "dga/launch/launch.h"

namespace dga {
namespace {

struct Arguments {
  std::string engine{name_of(Engine::automatic)};
  CommBenchOptions bench{};
};

int bench_comm(Arguments arguments) {
  LaunchOptions& launch = arguments.bench.launch;
  launch.engine = resolve_engine(engine_from(arguments.engine));
  if (launch.workers == 0 && launch.engine != Engine::mpi) {
    launch.workers = 2;
  }
  comm_bench(arguments.bench);
  return 0;
}

}  // namespace

Action add_bench_comm(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CommBenchOptions& bench = arguments->bench;
  app.add_option("--engine", arguments->engine, "what workers are made of")
      ->type_name("auto|threads|processes|mpi")
      ->capture_default_str();
  app.add_option("--workers", bench.launch.workers,
                 "workers to start; 0: all ranks under MPI, else 2")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--ranks-per-node", bench.launch.ranks_per_node,
                 "under MPI: how many ranks count as one node; 0 asks MPI")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--min-bytes", bench.min_bytes, "smallest message")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--max-bytes", bench.max_bytes, "largest message; sizes double in between")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--seconds", bench.seconds_per_size, "how long each size is measured")
      ->type_name("S")
      ->capture_default_str();
  app.add_flag("--private-memory", bench.private_memory,
               "use memory that is not from Communicator::allocate");
  return [arguments] { return bench_comm(*arguments); };
}

}  // namespace dga
