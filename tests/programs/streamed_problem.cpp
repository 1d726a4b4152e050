// SPDX-License-Identifier: Apache-2.0
//
// Trains on streamed data through the problem API; under mpirun every rank is one. tests/cli looks
// at how much of the files each rank reads before it trains.
//     streamed_problem DATA OUTPUT [INDEX]
// With INDEX, a folder, the data goes through create_dataset. Prints a line of each rank:
//     rank R read N bytes, weights W

#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>

#include "dga/launch/launched_rank.h"
#include "dga/problem/problem.h"

namespace {

/// What this process has read by system calls so far.
std::int64_t bytes_read() {
  std::ifstream file("/proc/self/io");
  std::string name;
  std::int64_t bytes = 0;
  while (file >> name >> bytes) {
    if (name == "rchar:") {
      return bytes;
    }
  }
  return -1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    return 2;
  }
  try {
    const std::int64_t before = bytes_read();
    dga::FactorizationProblemOptions options{
        .data_size = 4, .run = {.training = {.epochs = 1}, .output = {.folder = argv[2]}}};
    options.run.data.shard = dga::ShardKind::contiguous;
    if (argc > 3) {
      dga::DatasetOptions data{.data_dir = argv[1]};
      data.data.samples.stream = true;
      data.data.samples.index = argv[3];
      options.dataset = dga::create_dataset(data);
    } else {
      options.data_dir = argv[1];
      options.run.data.samples.stream = true;
    }
    const auto problem = dga::create_factorization_problem(options);
    dga::assign_tasks(problem);
    dga::prepare_data(problem);
    const std::int64_t after = bytes_read();
    dga::run(problem);
    std::printf("rank %d read %lld bytes, weights %s\n", dga::launched_rank().value_or(0),
                static_cast<long long>(after - before),
                dga::get_results(problem).results.weights_sha256.c_str());
    dga::close();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dga: %s\n", error.what());
    return 1;
  }
}
