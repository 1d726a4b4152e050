// SPDX-License-Identifier: Apache-2.0
//
// Prefetcher: a worker's batches, loaded ahead of their use.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "dga/base/dtype.h"
#include "dga/data/batches/sampler.h"
#include "dga/data/dataset.h"

namespace dga {

/// The samples of one step, on 64-byte boundaries.
struct SampleBatch {
  std::int64_t epoch = 0;
  std::int64_t step = 0;
  std::int64_t size = 0;  // samples; 0: this worker has none in this step, its weight is 0
  BufferView features;    // (size, sample_shape...)
  BufferView labels;      // (size)
  /// Owns what the views show. Whoever keeps a copy may read them after the next call of next();
  /// the prefetcher then loads into other memory.
  std::shared_ptr<std::byte[]> memory;
};

/// Walks a worker's sampler over a range of epochs and gathers each batch, on a thread of its own
/// that stays up to `depth` batches ahead, also across the end of an epoch.
///
///     Prefetcher batches(dataset, sampler, {.epochs = 10});
///     while (const SampleBatch* batch = batches.next()) { train_on(*batch); }
///
/// A thread helps where there is a core for it. With more workers than cores take depth 0, which
/// starts no thread and gathers inside next(); the batches are the same.
/// One thread may call next(). Create it after forking, never before.
class Prefetcher {
 public:
  struct Options {
    int depth = 2;                 // batches ahead; 0: no thread
    std::int64_t first_epoch = 0;  // where to begin, …
    std::int64_t first_step = 0;   // … to resume a run
    std::int64_t epochs = 1;       // the epoch to end before
    double timeout_seconds = 300;  // for one batch, then next() throws
  };

  /// Throws InvalidArgument for a negative depth or a beginning outside the epochs.
  Prefetcher(std::shared_ptr<const Dataset> dataset, Sampler sampler, const Options& options);
  /// Stops the thread; waits for the gather it is in, if any.
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  /// The next batch, valid until the next call (see SampleBatch::memory); null after the last.
  /// Blocks until it is loaded. Throws what the dataset threw while gathering it, at this call and
  /// every later one; DataError when it took longer than the timeout.
  const SampleBatch* next();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dga
