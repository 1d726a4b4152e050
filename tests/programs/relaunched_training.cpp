// SPDX-License-Identifier: Apache-2.0
//
// A program with a second thread that trains with worker processes, which are then this program,
// executed again; after that with threads; and then with processes again, in a way that depends on
// the runs before:
//
//     relaunched_training DATA FOLDER
//
// Prints the hash of the weights of each run; those of the first two must agree.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <thread>

#include "dga/problem/problem.h"

namespace {

dga::RunSummary train(dga::Engine engine, const std::string& data, const std::string& output,
                      std::int64_t epochs) {
  dga::create_environment({.workers = {.engine = engine}});
  const auto problem = dga::create_factorization_problem(
      {.data_dir = data,
       .num_client_items = 3,
       .data_size = 8,
       .run = {.training = {.epochs = epochs}, .output = {.folder = output}}});
  const dga::RunSummary summary = dga::DistributedGradientAccumulator::apply(problem);
  std::printf("%s %s\n", summary.results.engine.c_str(), summary.results.weights_sha256.c_str());
  std::fflush(stdout);
  dga::close();
  return summary;
}

/// The text of the error of a run whose data is missing.
std::string error_without_data() {
  try {
    train(dga::Engine::processes, "/nowhere", "unused", 1);
  } catch (const dga::Error& error) {
    dga::close();
    return error.what();
  }
  return "";
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
    const auto first = train(dga::Engine::processes, argv[1], folder + "/processes", 3);
    const auto second = train(dga::Engine::threads, argv[1], folder + "/threads", 3);
    const bool alike = first.results.weights_sha256 == second.results.weights_sha256 &&
                       first.folder == folder + "/processes" && !first.data.files.empty();
    const std::string error = error_without_data();
    if (alike && error.find("/nowhere") != std::string::npos) {
      train(dga::Engine::processes, argv[1], folder + "/again",
            static_cast<std::int64_t>(second.results.epochs.size()) + 1);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    code = 1;
  }
  stop = true;
  other.join();
  return code;
}
