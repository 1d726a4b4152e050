// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/batches.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/base/topology.h"
#include "dga/data/batches/sampler.h"
#include "dga/parallel/torch_types.h"

namespace dga {
namespace {

/// A tensor over `view` that keeps the memory of its batch.
at::Tensor tensor_over(const BufferView& view, const std::vector<std::int64_t>& shape,
                       const std::shared_ptr<std::byte[]>& memory) {
  const at::TensorOptions options(scalar_type_of(view.type));
  if (view.count == 0) {
    return at::empty(shape, options);
  }
  return at::for_blob(view.data, shape).deleter([memory](void*) {}).options(options).make_tensor();
}

}  // namespace

Batches::Batches(const Environment& env, std::shared_ptr<const Dataset> dataset,
                 const BatchesOptions& options) {
  DGA_CHECK(dataset != nullptr,
            "[parallel] batches: expected a dataset, found none. Pass the training samples.");
  DGA_CHECK(
      env.blocks().one_each(),
      "[parallel] batches: expected a carrier for each worker, found carriers of several. Use "
      "launch instead of launch_carriers.");
  sample_shape_ = dataset->sample_shape();
  const Communicator& workers = env.group(Axis::data);
  auto all = shards(*dataset, workers.size(), options.shard, env.seed());
  steps_ = dga::steps_per_epoch(all, options.batch);
  std::vector<std::int64_t>& shard = all[static_cast<std::size_t>(workers.rank())];
  std::vector<std::int64_t> blocks = block_starts(*dataset, shard);
  Sampler sampler(std::move(shard), {.batch = options.batch,
                                     .steps = steps_,
                                     .seed = env.seed(),
                                     .rank = workers.rank(),
                                     .window = options.shuffle_window,
                                     .blocks = std::move(blocks)});
  const int depth = options.prefetch.value_or(prefetch_depth(
      env, options.batch * dataset->num_features() * size_of(dataset->feature_type()),
      options.shuffle_window));
  prefetcher_ =
      std::make_unique<Prefetcher>(std::move(dataset), std::move(sampler),
                                   Prefetcher::Options{.depth = depth,
                                                       .first_epoch = options.first_epoch,
                                                       .first_step = options.first_step,
                                                       .epochs = options.epochs,
                                                       .timeout_seconds = env.options().timeout_s});
}

Batches::Iterator Batches::begin() {
  DGA_CHECK(!begun_,
            "[parallel] batches: expected one loop over them, found a second. Call batches() "
            "again, or raise epochs.");
  begun_ = true;
  advance();
  return Iterator(this);
}

void Batches::advance() {
  current_ = {};  // or the prefetcher could not use its memory again
  const SampleBatch* const next = prefetcher_->next();
  if (next == nullptr) {
    ended_ = true;
    return;
  }
  std::vector<std::int64_t> shape{next->size};
  shape.insert(shape.end(), sample_shape_.begin(), sample_shape_.end());
  current_.x_ = tensor_over(next->features, shape, next->memory);
  shape.assign(1, next->size);
  if (next->labels.type != DType::i64) {
    shape.push_back(1);
  }
  current_.y_ = tensor_over(next->labels, shape, next->memory);
  current_.size_ = next->size;
  current_.epoch_ = next->epoch;
  current_.step_ = next->step;
}

Batches batches(const Environment& env, std::shared_ptr<const Dataset> dataset,
                const BatchesOptions& options) {
  return {env, std::move(dataset), options};
}

Batches batches(const Environment& env, const PreparedData& data, const BatchesOptions& options) {
  return {env, data.train, options};
}

Batches batches(const Environment& env, const LoadedData& data, const BatchesOptions& options) {
  return {env, data.train, options};
}

int prefetch_depth(const Environment& env, std::int64_t bytes, std::int64_t window) {
  constexpr std::int64_t kWorthwhileBytes = std::int64_t{256} << 10;
  const Placement placement = env.world().placement();
  const auto node = placement.node_of[static_cast<std::size_t>(env.rank())];
  const auto neighbours = static_cast<int>(placement.workers_of(node).size());
  const bool worthwhile = window > 0 || bytes >= kWorthwhileBytes;
  // Each worker of a carrier would have a thread of its own.
  return worthwhile && env.block().count == 1 && 2 * neighbours <= usable_cores() ? 2 : 0;
}

}  // namespace dga
