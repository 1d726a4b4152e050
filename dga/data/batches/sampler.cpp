// SPDX-License-Identifier: Apache-2.0

#include "dga/data/batches/sampler.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "dga/base/error.h"

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

RandomStream Sampler::stream_of(std::int64_t epoch) const {
  return RandomStream(stream_key(options_.seed, "shuffle", epoch, options_.rank));
}

/// The order of the blocks in an epoch, which is the first that its stream decides.
std::vector<std::int64_t> Sampler::draw_blocks(RandomStream& stream) const {
  std::vector<std::int64_t> blocks(options_.blocks.size());
  std::iota(blocks.begin(), blocks.end(), std::int64_t{0});
  shuffle(blocks, stream);
  return blocks;
}

/// The position in the shard after the block's last sample.
std::int64_t Sampler::end_of_block(std::int64_t block) const noexcept {
  return block + 1 < std::ssize(options_.blocks)
             ? options_.blocks[static_cast<std::size_t>(block) + 1]
             : std::ssize(shard_);
}

void Sampler::draw_order(std::int64_t epoch) {
  RandomStream stream = stream_of(epoch);
  epoch_ = epoch;
  if (!has_window()) {
    order_ = shard_;
    shuffle(order_, stream);
    return;
  }
  const std::vector<std::int64_t> blocks = draw_blocks(stream);
  order_.clear();
  std::size_t window = 0;  // where it begins
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const std::int64_t first = options_.blocks[static_cast<std::size_t>(blocks[i])];
    order_.insert(order_.end(), shard_.begin() + first, shard_.begin() + end_of_block(blocks[i]));
    if (std::ssize(order_) - static_cast<std::int64_t>(window) >= options_.window ||
        i + 1 == blocks.size()) {
      shuffle(std::span(order_).subspan(window), stream);
      window = order_.size();
    }
  }
}

void Sampler::check_position(std::int64_t epoch, std::int64_t step) const {
  DGA_CHECK(epoch >= 0 && step >= 0 && step < options_.steps,
            "[data] sampler: expected epoch >= 0 and a step in [0, ", options_.steps,
            "), found epoch ", epoch, ", step ", step, ". Count the steps of each epoch from 0.");
}

std::span<const std::int64_t> Sampler::batch(std::int64_t epoch, std::int64_t step) {
  check_position(epoch, step);
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

void Sampler::draw_line(std::int64_t epoch) {
  line_ = {.epoch = epoch};
  std::int64_t position = 0;
  std::int64_t longest = 0;
  for (const std::int64_t next : {epoch, epoch + 1}) {
    RandomStream stream = stream_of(next);
    for (const std::int64_t block : draw_blocks(stream)) {
      const std::int64_t begin = options_.blocks[static_cast<std::size_t>(block)];
      const std::int64_t length = end_of_block(block) - begin;
      line_.begins.push_back(position);
      line_.samples.push_back(shard_[static_cast<std::size_t>(begin)]);
      position += length;
      longest = std::max(longest, length);
    }
  }
  line_.far = std::min(options_.window + longest, std::ssize(shard_));
}

std::span<const std::int64_t> Sampler::ahead(std::int64_t epoch, std::int64_t step) {
  check_position(epoch, step);
  if (!has_window() || step >= batches(shard_.size(), options_.batch)) {
    return {};
  }
  if (epoch != line_.epoch) {
    draw_line(epoch);
  }
  const std::int64_t first = step * options_.batch;
  const std::int64_t last = first + std::min(options_.batch, std::ssize(shard_) - first);
  const auto at = [&](std::int64_t position) {
    const auto next = std::lower_bound(line_.begins.begin(), line_.begins.end(), position);
    return static_cast<std::size_t>(next - line_.begins.begin());
  };
  const std::size_t from = at(first + line_.far);
  return std::span<const std::int64_t>(line_.samples).subspan(from, at(last + line_.far) - from);
}

}  // namespace dga
