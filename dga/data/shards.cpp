// SPDX-License-Identifier: Apache-2.0

#include "dga/data/shards.h"

#include <algorithm>
#include <compare>
#include <numeric>
#include <string>

#include "dga/base/error.h"
#include "dga/base/random.h"

namespace dga {
namespace {

void sort_by_label(const Dataset& dataset, std::vector<std::int64_t>& order) {
  if (dataset.label_type() == DType::i64) {
    const auto labels = class_labels(dataset);
    std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
      return labels[static_cast<std::size_t>(a)] < labels[static_cast<std::size_t>(b)];
    });
    return;
  }
  std::vector<float> targets(order.size());
  dataset.gather(order, {}, BufferView(targets.data(), dataset.size()));
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    // A total order, even if a user's dataset contains NaN.
    return std::is_lt(std::strong_order(targets[static_cast<std::size_t>(a)],
                                        targets[static_cast<std::size_t>(b)]));
  });
}

}  // namespace

std::vector<std::vector<std::int64_t>> shards(const Dataset& training, int workers, ShardKind kind,
                                              std::uint64_t seed) {
  const std::int64_t samples = training.size();
  DGA_CHECK(workers >= 1, "[data] shards: expected at least 1 worker, found ", workers,
            ". Pass a number of workers from 1 up.");
  DGA_CHECK(samples >= workers,
            "[data] shards: expected at least one training sample per worker, found ", samples,
            " training samples for ", workers, " workers. Use fewer workers or more data.");
  std::vector<std::int64_t> order(static_cast<std::size_t>(samples));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  if (kind == ShardKind::iid) {
    RandomStream stream(stream_key(seed, "shards"));
    shuffle(order, stream);
  } else if (kind == ShardKind::by_label) {
    sort_by_label(training, order);
  }
  std::vector<std::vector<std::int64_t>> result;
  for (int rank = 0; rank < workers; ++rank) {
    const auto [first, last] = contiguous_share(samples, workers, rank);
    result.emplace_back(order.begin() + first, order.begin() + last);
  }
  return result;
}

std::pair<std::int64_t, std::int64_t> contiguous_share(std::int64_t samples, int workers,
                                                       int rank) {
  DGA_CHECK(workers >= 1 && rank >= 0 && rank < workers,
            "[data] contiguous_share: expected a rank in [0, ", workers, "), found ", rank,
            ". Pass the worker's rank and the number of workers.");
  const std::int64_t each = samples / workers;
  const std::int64_t larger = samples % workers;
  const std::int64_t first = rank * each + std::min<std::int64_t>(rank, larger);
  return {first, first + each + (rank < larger ? 1 : 0)};
}

}  // namespace dga
