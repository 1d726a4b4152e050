// SPDX-License-Identifier: Apache-2.0
//
// Sampler: selects the samples of a worker for each step.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dga/base/random.h"

namespace dga {

/// Number of steps in an epoch, equal on all workers: ceil(largest shard / batch). Throws
/// InvalidArgument for a batch below 1 or an empty list of shards.
std::int64_t steps_per_epoch(std::span<const std::vector<std::int64_t>> shards, std::int64_t batch);

/// The batches of one worker. Each epoch shuffles the worker's shard, starting from its original
/// order, with the random stream (seed, "shuffle", epoch, rank). So the batch of any step can be
/// computed without the steps before it, which is how a run resumes.
///
/// Every worker takes part in every step. Once a worker's shard is used up, its batches are empty
/// and have weight 0 in the gradient: a step averages over the samples of all workers together.
/// Each sample occurs once per epoch.
///
/// Not thread-safe.
class Sampler {
 public:
  struct Options {
    std::int64_t batch = 16;  // samples per worker and step, at least 1
    std::int64_t steps = 0;   // steps_per_epoch() of the shards of all workers
    std::uint64_t seed = 0;
    int rank = 0;
    /// If it is above 0: the blocks of the shard come in a random order, and only the samples of
    /// some blocks together, `window` samples or a little more, are shuffled. Then few blocks are
    /// needed at a time. 0: all samples are shuffled.
    std::int64_t window = 0;
    /// Where in the shard each block begins; see block_starts. Needed with a window.
    std::vector<std::int64_t> blocks = {};
  };

  /// `shard`: this worker's sample indices. Throws InvalidArgument for a batch below 1 or a shard
  /// that does not fit into `steps` batches, a negative window, or one without blocks that
  /// begin at 0 and ascend within the shard.
  Sampler(std::vector<std::int64_t> shard, Options options);

  /// The sample indices of a step: `batch` of them, fewer at the end of the shard, then none. Valid
  /// until the next call. Throws InvalidArgument unless epoch >= 0 and 0 <= step < steps().
  std::span<const std::int64_t> batch(std::int64_t epoch, std::int64_t step);

  /// With a window: one sample of each block that is to be read while the batch of `step` is in
  /// use, so that all blocks of a window have been read when it begins, and each step reads about
  /// as many. A block comes up one window before its samples, also at the end of an epoch; those of
  /// the first window of a run do not come up. Empty without a window. Valid until the next call.
  /// Throws as batch().
  std::span<const std::int64_t> ahead(std::int64_t epoch, std::int64_t step);

  std::int64_t steps() const noexcept { return options_.steps; }
  std::int64_t batch_size() const noexcept { return options_.batch; }

 private:
  /// The blocks of an epoch and of the next one after another. Each begins at the position of its
  /// first sample. The batch that takes the positions [first, last) reads ahead the blocks that
  /// begin in [first + far, last + far). No window is longer than `far`, so at the end of one all
  /// blocks of the next have come up.
  struct Line {
    std::int64_t epoch = -1;
    std::int64_t far = 0;
    std::vector<std::int64_t> begins = {};   // of the blocks; ascending
    std::vector<std::int64_t> samples = {};  // one of each block
  };

  bool has_window() const noexcept {
    return options_.window > 0 && options_.window < static_cast<std::int64_t>(shard_.size());
  }
  void check_position(std::int64_t epoch, std::int64_t step) const;
  RandomStream stream_of(std::int64_t epoch) const;
  std::vector<std::int64_t> draw_blocks(RandomStream& stream) const;
  std::int64_t end_of_block(std::int64_t block) const noexcept;
  void draw_order(std::int64_t epoch);
  void draw_line(std::int64_t epoch);

  std::vector<std::int64_t> shard_;
  std::vector<std::int64_t> order_;  // the shard, shuffled for epoch_
  Options options_;
  std::int64_t epoch_ = -1;
  Line line_;
};

}  // namespace dga
