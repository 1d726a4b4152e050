// SPDX-License-Identifier: Apache-2.0

#include "dga/cli/comm_bench.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "dga/base/available_memory.h"
#include "dga/base/clock.h"
#include "dga/base/error.h"
#include "dga/comm/texts.h"
#include "dga/launch/launch.h"

namespace dga {
namespace {

constexpr std::int64_t kLeastRepeats = 5;
constexpr std::int64_t kMostRepeats = 20000;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double time_once(const Communicator& world, BufferView buffer) {
  const double started = now_seconds();
  world.all_reduce(buffer, ReduceOp::sum, "bench");
  return now_seconds() - started;
}

/// Median seconds of one all_reduce, as worker 0 sees it.
double time_size(const Communicator& world, BufferView buffer, double seconds) {
  time_once(world, buffer);
  double once = time_once(world, buffer);
  // Worker 0 decides the number of repeats, or the workers would disagree.
  std::int64_t repeats = std::clamp(static_cast<std::int64_t>(seconds / std::max(once, 1e-7)),
                                    kLeastRepeats, kMostRepeats);
  world.broadcast({&repeats, 1}, 0, "repeats");
  std::vector<double> times;
  for (std::int64_t i = 0; i < repeats; ++i) {
    times.push_back(time_once(world, buffer));
  }
  return median(std::move(times));
}

int ranks_here(const Environment& environment) {
  const Placement placement = environment.world().placement();
  const int node = placement.node_of[static_cast<std::size_t>(environment.rank())];
  return static_cast<int>(placement.workers_of(node).size());
}

void measure(Environment& environment, const CommBenchOptions& options) {
  const Communicator& world = environment.world();
  SharedBuffer shared;
  std::vector<float> own;
  float* data = nullptr;
  if (options.private_memory) {
    own.assign(static_cast<std::size_t>(options.max_bytes / 4), 0.0F);
    data = own.data();
  } else {
    shared = world.allocate(options.max_bytes);
    data = shared.as<float>();
  }
  // Pages are first touched here, not in the first measurement. Zeros stay zeros however often
  // they are added up.
  std::fill_n(data, options.max_bytes / 4, 0.0F);
  if (environment.is_root()) {
    std::printf("all_reduce f32 sum, %d workers on %d node(s), engine %s\n%12s %14s %10s\n",
                world.size(), world.placement().num_nodes(), name_of(environment.engine()).data(),
                "bytes", "median us", "GB/s");
  }
  for (std::int64_t bytes = options.min_bytes; bytes <= options.max_bytes; bytes *= 2) {
    const double seconds = time_size(world, {data, bytes / 4}, options.seconds_per_size);
    if (environment.is_root()) {
      std::printf("%12lld %14.2f %10.3f\n", static_cast<long long>(bytes), seconds * 1e6,
                  static_cast<double>(bytes) / seconds * 1e-9);
      std::fflush(stdout);
    }
  }
  world.barrier("end of bench");
}

/// The error of buffers that need more memory than `available`; "" if they fit.
std::string bench_memory_problem(const CommBenchOptions& options, int workers_on_node,
                                 const AvailableMemory& available) {
  const auto buffer = static_cast<double>(options.max_bytes);
  const bool one_process = options.launch.engine == Engine::threads || !options.private_memory;
  const auto text = [&](double bytes, std::int64_t room, std::string_view where) {
    return str("[bench] memory: expected room for ", memory_text(bytes), " (", workers_on_node,
               workers_on_node == 1 ? " buffer of " : " buffers of ", memory_text(buffer),
               "), found ", memory_text(static_cast<double>(room)), ' ', where,
               ". Choose a smaller --max-bytes or fewer --workers.");
  };
  const double node = buffer * workers_on_node;
  if (node > static_cast<double>(available.machine)) {
    return text(node, available.machine,
                available.limited_by_cgroup ? "left in this container or job" : "available");
  }
  const double process = one_process ? node : buffer;
  if (available.address_space && process > static_cast<double>(*available.address_space)) {
    return text(process, *available.address_space, "left under the limit of ulimit -v");
  }
  return "";
}

}  // namespace

void comm_bench(const CommBenchOptions& options) {
  DGA_CHECK(options.min_bytes >= 4 && options.min_bytes <= options.max_bytes,
            "[bench] sizes: expected 4 <= min-bytes <= max-bytes, found ", options.min_bytes,
            " and ", options.max_bytes, ".");
  std::string problem;
  if (options.launch.engine != Engine::mpi) {
    problem = bench_memory_problem(options, options.launch.workers, available_memory());
  }
  if (problem.empty()) {
    launch(options.launch, [&](Environment& environment) {
      // Which ranks share a node is known only now. Each rank is a process with its own `problem`.
      if (environment.engine() == Engine::mpi) {
        problem =
            first_text(environment.world(),
                       bench_memory_problem(options, ranks_here(environment), available_memory()));
      }
      if (problem.empty()) {
        measure(environment, options);
      }
    });
  }
  if (!problem.empty()) {
    throw Error(problem);
  }
}

}  // namespace dga
