// SPDX-License-Identifier: Apache-2.0
//
// From a folder of samples to a trained model, with 30 workers and 100 hidden neurons.
//     quickstart [DIR]

#include <iostream>

#include "dga/base/error.h"
#include "dga/problem/problem.h"

int main(int argc, char** argv) try {
  const std::string data_dir = argc > 1 ? argv[1] : "data/digits";
  auto dataset = dga::create_dataset({.data_dir = data_dir, .num_client_items = 30});
  auto factorization_problem = dga::create_factorization_problem({.data_dir = data_dir,
                                                                  .num_client_items = 30,
                                                                  .data_size = 100,
                                                                  .num_factorization_levels = 1});
  auto results = dga::DistributedGradientAccumulator::apply(factorization_problem);
  std::cout << dga::time().mean() << ' ' << dga::error().mean() << '\n';
  dga::close();
} catch (const dga::Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
