// SPDX-License-Identifier: Apache-2.0

#include "dga/data/batches/prefetcher.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/data/aligned.h"

namespace dga {
namespace {

constexpr std::int64_t kLine = 64;

/// Called by the thread that was using `batch`: memory that it keeps is not loaded into again.
void release(SampleBatch& batch) noexcept {
  if (batch.memory.use_count() > 1) {
    batch.memory.reset();
  }
}

}  // namespace

/// Slots circulate: free_ -> filled by the loader -> ready_ -> held by the consumer -> free_. There
/// are depth + 1 of them, so the loader stays up to `depth` batches ahead of the one in use.
///
/// mutex_ guards the queues, held_ and the flags. A slot's batch needs no lock: between two queues
/// it belongs to one thread, and the lock around each queue orders the threads' accesses.
class Prefetcher::Impl {
 public:
  Impl(std::shared_ptr<const Dataset> dataset, Sampler sampler, const Options& options)
      : dataset_(std::move(dataset)),
        sampler_(std::move(sampler)),
        options_(options),
        epoch_(options.first_epoch),
        step_(options.first_step) {
    DGA_CHECK(dataset_ != nullptr,
              "[data] prefetcher: expected a dataset, found none. Pass the training samples.");
    DGA_CHECK(options_.depth >= 0, "[data] prefetcher: expected a depth of at least 0, found ",
              options_.depth, ". Pass 0 to load without a thread.");
    DGA_CHECK(epoch_ >= 0 && step_ >= 0 && step_ <= sampler_.steps(),
              "[data] prefetcher: expected to begin at epoch >= 0 and a step in [0, ",
              sampler_.steps(), "], found epoch ", epoch_, ", step ", step_,
              ". Pass the position at which the run stopped.");
    slots_.resize(static_cast<std::size_t>(options_.depth) + 1);
    for (SampleBatch& slot : slots_) {
      free_.push_back(&slot);
    }
    if (options_.depth > 0) {
      loader_ = std::thread([this] { load_all(); });
    }
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    if (loader_.joinable()) {
      loader_.join();
    }
  }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  const SampleBatch* next() { return options_.depth == 0 ? next_inline() : next_loaded(); }

  bool is_ready() {
    const std::lock_guard lock(mutex_);
    return !ready_.empty() || failure_ || finished_;
  }

 private:
  const SampleBatch* next_inline() {
    if (failure_) {
      std::rethrow_exception(failure_);
    }
    release(slots_.front());
    try {
      return advance() ? fill(slots_.front()) : nullptr;
    } catch (...) {
      failure_ = std::current_exception();
      throw;
    }
  }

  const SampleBatch* next_loaded() {
    std::unique_lock lock(mutex_);
    if (held_ != nullptr) {
      release(*held_);
      free_.push_back(std::exchange(held_, nullptr));
      changed_.notify_all();
    }
    const bool in_time =
        changed_.wait_for(lock, std::chrono::duration<double>(options_.timeout_seconds),
                          [this] { return !ready_.empty() || failure_ || finished_; });
    if (!in_time) {
      throw DataError(str("[data] prefetcher: expected a batch within ", options_.timeout_seconds,
                          " s, found none. Check what the dataset waits for, or raise the "
                          "timeout."));
    }
    if (!ready_.empty()) {  // batches that were loaded before a failure are still returned
      held_ = ready_.front();
      ready_.pop_front();
      return held_;
    }
    if (failure_) {
      std::rethrow_exception(failure_);
    }
    return nullptr;
  }

  void load_all() {
    try {
      while (advance()) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return stopping_ || !free_.empty(); });
        if (stopping_) {
          return;
        }
        SampleBatch* slot = free_.front();
        free_.pop_front();
        lock.unlock();
        fill(*slot);
        lock.lock();
        ready_.push_back(slot);
        changed_.notify_all();
        lock.unlock();
        dataset_->read_ahead(sampler_.ahead(current_epoch_, current_step_));
      }
      const std::lock_guard lock(mutex_);
      finished_ = true;
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
    }
    changed_.notify_all();
  }

  /// Sets current_epoch_ and current_step_ to the next batch. Returns false after the last one.
  bool advance() {
    if (sampler_.steps() == 0) {
      return false;
    }
    if (step_ == sampler_.steps()) {
      step_ = 0;
      ++epoch_;
    }
    if (epoch_ >= options_.epochs) {
      return false;
    }
    current_epoch_ = epoch_;
    current_step_ = step_++;
    return true;
  }

  const SampleBatch* fill(SampleBatch& batch) {
    const auto indices = sampler_.batch(current_epoch_, current_step_);
    const DType feature_type = dataset_->feature_type();
    const DType label_type = dataset_->label_type();
    const std::int64_t width = dataset_->num_features();
    const auto size = static_cast<std::int64_t>(indices.size());
    if (batch.memory == nullptr && size > 0) {
      // Memory is sized for the largest batch: a resumed run may begin with a smaller one.
      const std::int64_t most = largest_batch();
      label_offset_ = (most * width * size_of(feature_type) + kLine - 1) / kLine * kLine;
      batch.memory = allocate_aligned<std::byte>(label_offset_ + most * size_of(label_type));
    }
    std::byte* const data = size > 0 ? batch.memory.get() : nullptr;
    batch.epoch = current_epoch_;
    batch.step = current_step_;
    batch.size = size;
    batch.features = BufferView(data, size * width, feature_type);
    batch.labels = BufferView(size > 0 ? data + label_offset_ : nullptr, size, label_type);
    dataset_->gather(indices, batch.features, batch.labels);
    return &batch;
  }

  /// Number of samples in the largest batch, which is the first of an epoch. Not the batch size,
  /// which may be much larger than the shard.
  std::int64_t largest_batch() {
    return static_cast<std::int64_t>(sampler_.batch(current_epoch_, 0).size());
  }

  const std::shared_ptr<const Dataset> dataset_;
  Sampler sampler_;
  const Options options_;
  std::vector<SampleBatch> slots_;
  // The position of loading. If there is a thread, only that thread uses these and sampler_.
  std::int64_t epoch_;
  std::int64_t step_;
  std::int64_t current_epoch_ = 0;
  std::int64_t current_step_ = 0;
  std::int64_t label_offset_ = 0;  // in the memory of a batch

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<SampleBatch*> free_;
  std::deque<SampleBatch*> ready_;
  SampleBatch* held_ = nullptr;
  std::exception_ptr failure_;
  bool finished_ = false;
  bool stopping_ = false;
  std::thread loader_;
};

Prefetcher::Prefetcher(std::shared_ptr<const Dataset> dataset, Sampler sampler,
                       const Options& options)
    : impl_(std::make_unique<Impl>(std::move(dataset), std::move(sampler), options)) {}

Prefetcher::~Prefetcher() = default;

const SampleBatch* Prefetcher::next() {
  return impl_->next();
}

bool Prefetcher::is_ready() const {
  return impl_->is_ready();
}

}  // namespace dga
