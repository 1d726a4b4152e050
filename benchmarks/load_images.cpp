// SPDX-License-Identifier: Apache-2.0
//
// Loads a dataset with some threads, which then take all samples once in batches of 64, as workers
// do, and prints one line of JSON: load_images DATA THREADS

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <thread>
#include <vector>

#include "dga/base/clock.h"
#include "dga/data/batches/prefetcher.h"
#include "dga/data/batches/sampler.h"
#include "dga/data/load.h"
#include "dga/data/shards.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: load_images DATA THREADS\n");
    return 2;
  }
  try {
    const int threads = std::atoi(argv[2]);
    const double start = dga::now_seconds();
    const dga::LoadedData data = dga::load_data({.data = argv[1], .threads = threads});
    const double loaded = dga::now_seconds();
    const auto parts = dga::shards(*data.train, threads, dga::ShardKind::iid, 1);
    std::atomic<std::int64_t> samples{0};
    const auto pass = [&](int rank) {
      const dga::Sampler sampler(
          parts[static_cast<std::size_t>(rank)],
          {.batch = 64, .steps = dga::steps_per_epoch(parts, 64), .seed = 1, .rank = rank});
      dga::Prefetcher batches(data.train, sampler, {.depth = 0, .epochs = 1});
      while (const dga::SampleBatch* batch = batches.next()) {
        samples += batch->size;
      }
    };
    std::vector<std::thread> workers;
    workers.reserve(static_cast<std::size_t>(threads));
    for (int rank = 0; rank < threads; ++rank) {
      workers.emplace_back(pass, rank);
    }
    for (std::thread& worker : workers) {
      worker.join();
    }
    const double end = dga::now_seconds();
    const std::int64_t values = data.train->size() * data.train->num_features();
    const auto& table = dynamic_cast<const dga::Table&>(*data.train);
    double sum = 0.0;  // compared with the pixels that the other side read
    for (std::int64_t i = 0; i < values; ++i) {
      sum += table.bytes()[i];
    }
    std::printf(
        "{\"seconds\": %.4f, \"batches_seconds\": %.4f, \"samples\": %lld, \"mean\": %.9g}\n",
        end - start, end - loaded, static_cast<long long>(samples.load()),
        sum / static_cast<double>(values));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
