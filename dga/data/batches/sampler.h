// SPDX-License-Identifier: Apache-2.0
//
// Sampler: which of its samples a worker trains on in which step.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace dga {

/// Steps of an epoch, the same for all workers: ceil(largest shard / batch). Throws InvalidArgument
/// for a batch below 1 or no shard.
std::int64_t steps_per_epoch(std::span<const std::vector<std::int64_t>> shards, std::int64_t batch);

/// One worker's batches. Each epoch reshuffles the worker's shard by (seed, "shuffle", epoch, rank)
/// from its first order, so any step of any epoch can be had without those before it: that is how
/// a run resumes.
///
/// Every worker takes part in every step. A worker whose shard has run out gets an empty batch,
/// which counts as weight 0 in the gradient: the step is the mean over all samples that the
/// workers hold together, each sample being seen once an epoch.
///
/// Not safe for use by several threads at once.
class Sampler {
 public:
  struct Options {
    std::int64_t batch = 16;  // samples a worker and step, at least 1
    std::int64_t steps = 0;   // steps_per_epoch() of all workers' shards
    std::uint64_t seed = 0;
    int rank = 0;
  };

  /// Throws InvalidArgument when the shard does not fit into `steps` batches.
  Sampler(std::vector<std::int64_t> shard, const Options& options);

  /// Sample numbers of that step: `batch` of them, fewer at the shard's end, then none. Valid until
  /// the next call. Throws InvalidArgument unless epoch >= 0 and 0 <= step < steps().
  std::span<const std::int64_t> batch(std::int64_t epoch, std::int64_t step);

  std::int64_t steps() const noexcept { return options_.steps; }
  std::int64_t batch_size() const noexcept { return options_.batch; }

 private:
  std::vector<std::int64_t> shard_;
  std::vector<std::int64_t> order_;  // of epoch_
  Options options_;
  std::int64_t epoch_ = -1;
};

}  // namespace dga
