// SPDX-License-Identifier: Apache-2.0
//
// Prefetcher: loads a worker's batches before they are needed.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "dga/base/dtype.h"
#include "dga/data/batches/sampler.h"
#include "dga/data/dataset.h"

namespace dga {

/// A worker's samples of one step. The buffers are 64-byte aligned.
struct SampleBatch {
  std::int64_t epoch = 0;
  std::int64_t step = 0;
  std::int64_t size = 0;  // number of samples; 0: the worker has none in this step
  BufferView features;    // (size, sample_shape...)
  BufferView labels;      // (size)
  /// Owns the memory of the views. A caller that keeps a copy may read them after the next call of
  /// next(); the prefetcher then loads into other memory.
  std::shared_ptr<std::byte[]> memory;
};

/// Gathers the batches of a worker's sampler over a range of epochs. A thread of the prefetcher
/// stays up to `depth` batches ahead, also across the end of an epoch.
///
///     Prefetcher batches(dataset, sampler, {.epochs = 10});
///     while (const SampleBatch* batch = batches.next()) { train_on(*batch); }
///
/// The thread only helps if it has a core. With more workers than cores use depth 0: it starts no
/// thread, and next() gathers the batch itself. The batches are the same.
///
/// Only one thread may call next(). A process that forks must create its prefetchers afterwards.
class Prefetcher {
 public:
  struct Options {
    int depth = 2;                 // number of batches to load ahead; 0: no thread
    std::int64_t first_epoch = 0;  // the position of the first batch, to resume a run
    std::int64_t first_step = 0;
    std::int64_t epochs = 1;       // the epoch after the last one
    double timeout_seconds = 300;  // longest wait for a batch, if depth is not 0
  };

  /// Throws InvalidArgument for a null dataset, a negative depth, or a first position that is
  /// negative or beyond the steps of an epoch.
  Prefetcher(std::shared_ptr<const Dataset> dataset, Sampler sampler, const Options& options);
  /// Stops the thread. Waits until its current gather has returned.
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  /// Blocks until the next batch is loaded and returns it, or null after the last one. The batch is
  /// valid until the next call (see SampleBatch::memory). If the dataset throws while a batch is
  /// gathered, this call and all later ones throw the same exception. Throws DataError after the
  /// timeout.
  const SampleBatch* next();
  /// Whether next() would return or throw without waiting or gathering. Never with depth 0.
  bool is_ready() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dga
