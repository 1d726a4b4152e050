// SPDX-License-Identifier: Apache-2.0
//
// Regression with the problem API: the labels are real numbers. The program writes a small CSV with
// the height of a thrown ball, by its initial speed and the time, and trains on it.
//     regression [FOLDER]

#include <filesystem>
#include <fstream>
#include <iostream>

#include "dga/base/error.h"
#include "dga/base/random.h"
#include "dga/problem/problem.h"

namespace {

void write_throws(const std::filesystem::path& file) {
  dga::RandomStream random(dga::stream_key(1, "throws"));
  std::filesystem::create_directories(file.parent_path());
  std::ofstream csv(file);
  csv << "speed,seconds,height\n";
  for (int i = 0; i < 600; ++i) {
    const double speed = 5 + 15 * random.uniform();
    const double seconds = 2 * random.uniform();
    csv << speed << ',' << seconds << ',' << speed * seconds - 4.905 * seconds * seconds << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const std::filesystem::path folder = argc > 1 ? argv[1] : "runs/regression";
  write_throws(folder / "data" / "throws.csv");
  auto problem = dga::create_factorization_problem(
      {.data_dir = folder / "data",
       .num_client_items = 4,
       .data_size = 32,
       .run = {.data = {.table = {.label = "height"}, .task = dga::Task::regression},
               .training = {.epochs = 60},
               .output = {.folder = folder / "run"}}});
  dga::DistributedGradientAccumulator::apply(problem);
  std::cout << "mean squared error " << dga::error().mean() << " m^2\n";
  dga::close();
} catch (const dga::Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
