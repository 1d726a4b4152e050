// SPDX-License-Identifier: Apache-2.0
//
// A program with a second thread that trains with worker processes, which are then this program,
// executed again, and after that with threads:
//
//     relaunched_training DATA FOLDER
//
// Prints the hash of the weights of each run; the two must agree.

#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <thread>

#include "dga/problem/problem.h"

namespace {

void train(dga::Engine engine, const std::string& data, const std::string& output) {
  dga::create_environment({.workers = {.engine = engine}});
  const auto problem = dga::create_factorization_problem(
      {.data_dir = data,
       .num_client_items = 3,
       .data_size = 8,
       .run = {.training = {.epochs = 3}, .output = {.folder = output}}});
  const dga::RunSummary summary = dga::DistributedGradientAccumulator::apply(problem);
  std::printf("%s %s\n", summary.results.engine.c_str(), summary.results.weights_sha256.c_str());
  std::fflush(stdout);
  dga::close();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    return 2;
  }
  std::atomic<bool> stop{false};
  std::thread other([&stop] {
    while (!stop) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  int code = 0;
  try {
    const std::string folder = argv[2];
    train(dga::Engine::processes, argv[1], folder + "/processes");
    train(dga::Engine::threads, argv[1], folder + "/threads");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    code = 1;
  }
  stop = true;
  other.join();
  return code;
}
