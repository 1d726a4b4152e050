// SPDX-License-Identifier: Apache-2.0

#include "dga/data/batches/sampler.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/random.h"

namespace dga {
namespace {

std::int64_t batches(std::size_t samples, std::int64_t batch) {
  const auto count = static_cast<std::int64_t>(samples);
  return count / batch + (count % batch == 0 ? 0 : 1);
}

void check_batch(std::int64_t batch) {
  DGA_CHECK(batch >= 1, "[data] sampler: expected a batch of at least 1 sample, found ", batch,
            ". Pass --batch 16, for example.");
}

}  // namespace

std::int64_t steps_per_epoch(std::span<const std::vector<std::int64_t>> shards,
                             std::int64_t batch) {
  check_batch(batch);
  DGA_CHECK(!shards.empty(),
            "[data] sampler: expected the shards of all workers, found none. Pass shards().");
  std::int64_t steps = 0;
  for (const auto& shard : shards) {
    steps = std::max(steps, batches(shard.size(), batch));
  }
  return steps;
}

Sampler::Sampler(std::vector<std::int64_t> shard, Options options)
    : shard_(std::move(shard)), options_(std::move(options)) {
  check_batch(options_.batch);
  DGA_CHECK(options_.window >= 0, "[data] sampler: expected a window of at least 0 samples, found ",
            options_.window, ".");
  if (options_.window > 0 && !shard_.empty()) {
    const std::vector<std::int64_t>& blocks = options_.blocks;
    DGA_CHECK(!blocks.empty() && blocks.front() == 0 && blocks.back() < std::ssize(shard_) &&
                  std::adjacent_find(blocks.begin(), blocks.end(), std::greater_equal<>()) ==
                      blocks.end(),
              "[data] sampler: expected the starts of blocks for a window, from 0 and ascending "
              "within the shard, found others. Take block_starts() of the shard.");
  }
  const std::int64_t needed = batches(shard_.size(), options_.batch);
  DGA_CHECK(options_.steps >= needed, "[data] sampler: expected at least ", needed,
            " steps an epoch for ", shard_.size(), " samples in batches of ", options_.batch,
            ", found ", options_.steps, ". Take steps_per_epoch() of all workers' shards.");
}

void Sampler::draw_order(std::int64_t epoch) {
  RandomStream stream(stream_key(options_.seed, "shuffle", epoch, options_.rank));
  const std::int64_t samples = std::ssize(shard_);
  epoch_ = epoch;
  if (options_.window == 0 || options_.window >= samples) {
    order_ = shard_;
    shuffle(order_, stream);
    return;
  }
  std::vector<std::int64_t> blocks(options_.blocks.size());
  std::iota(blocks.begin(), blocks.end(), std::int64_t{0});
  shuffle(blocks, stream);
  order_.clear();
  std::size_t window = 0;  // where it begins
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const auto block = static_cast<std::size_t>(blocks[i]);
    const std::int64_t first = options_.blocks[block];
    const std::int64_t last = block + 1 < blocks.size() ? options_.blocks[block + 1] : samples;
    order_.insert(order_.end(), shard_.begin() + first, shard_.begin() + last);
    if (std::ssize(order_) - static_cast<std::int64_t>(window) >= options_.window ||
        i + 1 == blocks.size()) {
      shuffle(std::span(order_).subspan(window), stream);
      window = order_.size();
    }
  }
}

std::span<const std::int64_t> Sampler::batch(std::int64_t epoch, std::int64_t step) {
  DGA_CHECK(epoch >= 0 && step >= 0 && step < options_.steps,
            "[data] sampler: expected epoch >= 0 and a step in [0, ", options_.steps,
            "), found epoch ", epoch, ", step ", step, ". Count the steps of each epoch from 0.");
  if (epoch != epoch_) {
    draw_order(epoch);
  }
  // Compares batches instead of samples: step * batch may overflow for a very large batch size.
  if (step >= batches(order_.size(), options_.batch)) {
    return {};
  }
  const auto first = static_cast<std::size_t>(step * options_.batch);
  const auto count = std::min(static_cast<std::size_t>(options_.batch), order_.size() - first);
  return std::span<const std::int64_t>(order_).subspan(first, count);
}

}  // namespace dga
