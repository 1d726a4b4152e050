// SPDX-License-Identifier: Apache-2.0

#include <memory>

#include "dga/cli/comm_bench.h"
#include "dga/cli/command.h"
#include "dga/cli/option_arguments.h"
#include "dga/launch/launch.h"

namespace dga {
namespace {

constexpr int kDefaultWorkers = 2;

struct Arguments {
  std::shared_ptr<OptionArguments> options = {};
  int workers = 0;
  CommBenchOptions bench = {};
};

int bench_comm(Arguments arguments) {
  const RunOptions options = arguments.options->resolve();
  const Engine engine = resolve_engine(options.workers.engine);
  LaunchOptions& launch = arguments.bench.launch;
  launch = launch_options_of(options, engine);
  launch.workers =
      arguments.workers == 0 && engine != Engine::mpi ? kDefaultWorkers : arguments.workers;
  comm_bench(arguments.bench);
  return 0;
}

}  // namespace

Action add_bench_comm(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CommBenchOptions& bench = arguments->bench;
  arguments->options = OptionArguments::add_to(app, {"engine", "ranks-per-node"});
  app.add_option("--workers", arguments->workers,
                 "Number of workers. 0: the number of MPI ranks, or 2 without MPI.")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--min-bytes", bench.min_bytes, "Smallest message, in bytes.")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--max-bytes", bench.max_bytes,
                 "Largest message, in bytes. The sizes start at --min-bytes and double up to this "
                 "limit.")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--seconds", bench.seconds_per_size, "Time to measure each size, in seconds.")
      ->type_name("S")
      ->capture_default_str();
  app.add_flag("--private-memory", bench.private_memory,
               "Use ordinary heap memory instead of Communicator::allocate.");
  return [arguments] { return bench_comm(*arguments); };
}

}  // namespace dga
