// SPDX-License-Identifier: Apache-2.0
//
// Loads a dataset once and prints one line of JSON: load_csv DATA [THREADS]

#include <sys/resource.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "dga/base/clock.h"
#include "dga/data/load.h"

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: load_csv DATA [THREADS]\n");
    return 2;
  }
  try {
    const double start = dga::now_seconds();
    const dga::LoadedData data =
        dga::load_data({.data = argv[1], .threads = argc > 2 ? std::atoi(argv[2]) : 0});
    const double seconds = dga::now_seconds() - start;
    const std::int64_t values = data.train->size() * data.train->num_features();
    const std::int64_t array_bytes = values * 4 + data.train->size() * 8;
    const auto& table = dynamic_cast<const dga::Table&>(*data.train);
    double sum = 0.0;  // compared with the values that pandas read
    for (std::int64_t i = 0; i < values; ++i) {
      sum += static_cast<double>(table.features()[i]);
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf(
        "{\"seconds\": %.4f, \"samples\": %lld, \"array_bytes\": %lld, \"peak_bytes\": %lld, "
        "\"mean\": %.9g}\n",
        seconds, static_cast<long long>(data.train->size()), static_cast<long long>(array_bytes),
        static_cast<long long>(usage.ru_maxrss) * 1024, sum / static_cast<double>(values));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
