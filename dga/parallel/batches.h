// SPDX-License-Identifier: Apache-2.0
//
// Batches: iterates over a worker's shard of a dataset, one batch of tensors per step.

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>

#include "dga/data/batches/prefetcher.h"
#include "dga/data/load.h"
#include "dga/data/shards.h"
#include "dga/launch/environment.h"

namespace dga {

struct BatchesOptions {
  std::int64_t batch = 16;  // samples per worker and step
  std::int64_t epochs = 1;  // end epoch (exclusive)
  ShardKind shard = ShardKind::iid;
  /// Samples that are shuffled at a time; 0: the whole shard. See Sampler::Options::window, whose
  /// blocks are those of streamed samples. For those, shard is ShardKind::contiguous.
  std::int64_t shuffle_window = 0;
  std::int64_t first_epoch = 0;  // first epoch and …
  std::int64_t first_step = 0;   // … first step in it, for resuming
  /// Batches that a thread of the worker loads ahead; 0: no thread. Unset: chosen by
  /// prefetch_depth.
  std::optional<int> prefetch = {};
};

/// The samples of one worker in one step. Copies share the tensors, which stay valid after the
/// loop. The memory is reused once no tensor refers to it.
class Batch {
 public:
  /// The number of samples; 0 if this worker has none left in this epoch.
  std::int64_t size() const noexcept { return size_; }
  /// (size, sample shape...), in the feature type of the dataset: f32 unless it says otherwise.
  const at::Tensor& x() const noexcept { return x_; }
  /// Class numbers: (size), i64. Regression targets: (size, 1), f32, in the units of the data.
  const at::Tensor& y() const noexcept { return y_; }
  std::int64_t epoch() const noexcept { return epoch_; }
  std::int64_t step() const noexcept { return step_; }  // in its epoch

 private:
  friend class Batches;

  at::Tensor x_;
  at::Tensor y_;
  std::int64_t size_ = 0;
  std::int64_t epoch_ = 0;
  std::int64_t step_ = 0;
};

/// A single-pass range over batches.
///
/// Every worker gets the same number of batches in an epoch, ceil(largest shard / batch). A worker
/// whose shard ends earlier gets empty batches, and must still take part in the step;
/// GradientAccumulator::backward(batch, loss) handles them.
class Batches {
 public:
  class Iterator {
   public:
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    const Batch& operator*() const noexcept { return range_->current_; }
    const Batch* operator->() const noexcept { return &range_->current_; }
    Iterator& operator++() {
      range_->advance();
      return *this;
    }
    void operator++(int) { range_->advance(); }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) noexcept {
      return it.ended();
    }

   private:
    friend class Batches;
    explicit Iterator(Batches* range) noexcept : range_(range) {}
    bool ended() const noexcept { return range_->ended_; }

    Batches* range_;
  };

  Batches(const Environment& env, std::shared_ptr<const Dataset> dataset,
          const BatchesOptions& options);

  /// Loads the first batch. Throws what the dataset throws, as does each increment.
  Iterator begin();
  std::default_sentinel_t end() const noexcept { return {}; }

  /// Batches of an epoch, the same on every worker.
  std::int64_t steps_per_epoch() const noexcept { return steps_; }

 private:
  void advance();

  std::unique_ptr<Prefetcher> prefetcher_;
  std::vector<std::int64_t> sample_shape_;
  std::int64_t steps_ = 0;
  Batch current_;
  bool begun_ = false;
  bool ended_ = false;
};

/// This worker's batches of `dataset`. All workers of the data axis must pass the same dataset:
///
///     for (const auto& batch : dga::batches(env, data, {.batch = 16, .epochs = 10})) {
///       accumulator.backward(batch, [&] { return nll_loss(net->forward(batch.x()), batch.y()); });
///       accumulator.step();
///     }
///
/// The samples are sharded by shards(), and each worker's shard is shuffled again in each epoch.
/// Both are keyed by the run's seed, so the batches are the same on every engine, in every repeat,
/// and in the trainer. Not collective; sends no messages. Call it inside the worker function.
/// Throws InvalidArgument for a batch size below 1 and for fewer samples than workers.
Batches batches(const Environment& env, std::shared_ptr<const Dataset> dataset,
                const BatchesOptions& options = {});
/// The same for the training samples of `data`.
Batches batches(const Environment& env, const PreparedData& data,
                const BatchesOptions& options = {});
Batches batches(const Environment& env, const LoadedData& data, const BatchesOptions& options = {});

/// The number of batches that a thread should load ahead. 0 if there is no free core for the
/// thread, or if gathering a batch of `bytes` is faster than waking up a thread. With a shuffle
/// `window`, as streamed samples have, a batch may have to wait for a file, whatever its size.
int prefetch_depth(const Environment& env, std::int64_t bytes, std::int64_t window);

}  // namespace dga
