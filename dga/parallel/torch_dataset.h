// SPDX-License-Identifier: Apache-2.0
//
// TorchDataset: a dataset of torch::data as a dga::Dataset.

#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/ArrayRef.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>
#include <vector>

#include "dga/data/dataset.h"
#include "dga/parallel/batches.h"

namespace dga {

struct TorchDatasetOptions {
  /// Number of classes. 0: one more than the largest label, which the first call of num_classes()
  /// finds by reading all samples.
  std::int64_t num_classes = 0;
  /// Whether several threads may read from the torch dataset at once. Otherwise they take turns.
  bool concurrent = false;
};

/// Reads samples by number from a torch dataset. `dga::torch_dataset` makes it.
class TorchDataset final : public Dataset {
 public:
  /// The examples at the given indices, in their order.
  struct Examples {
    std::vector<at::Tensor> data;
    std::vector<at::Tensor> target;
  };
  using Read = std::function<Examples(const std::vector<std::size_t>& numbers)>;

  TorchDataset(std::int64_t size, Read read, const TorchDatasetOptions& options);

  std::int64_t size() const override { return size_; }
  std::vector<std::int64_t> sample_shape() const override { return shape_; }
  DType label_type() const override { return label_type_; }
  std::int64_t num_classes() const override;

 private:
  void copy_samples(std::span<const std::int64_t> indices, BufferView features,
                    BufferView labels) const override;
  Examples read(std::span<const std::int64_t> indices) const;

  std::int64_t size_;
  Read read_;
  TorchDatasetOptions options_;
  std::vector<std::int64_t> shape_;
  DType label_type_ = DType::i64;
  mutable std::mutex turn_;
  mutable std::once_flag counted_;
  mutable std::int64_t num_classes_ = 0;
};

/// A map-style torch::data dataset: derived from torch::data::datasets::Dataset, with transforms
/// (`.map(...)`, Stack included) or without.
template <typename D>
concept TorchMapDataset = requires(D& dataset, c10::ArrayRef<std::size_t> numbers) {
  dataset.get_batch(numbers);
  dataset.size();
};

namespace detail {

template <typename Example>
constexpr bool kIsExample = requires(Example& example) {
  example.data;
  example.target;
};

template <typename Batch>
TorchDataset::Examples examples_of(Batch batch) {
  TorchDataset::Examples examples;
  if constexpr (kIsExample<Batch>) {  // stacked
    examples.data = batch.data.unbind();
    examples.target = batch.target.unbind();
  } else {
    static_assert(kIsExample<typename Batch::value_type>,
                  "dga::torch_dataset needs examples with data and target");
    for (auto& example : batch) {
      examples.data.push_back(std::move(example.data));
      examples.target.push_back(std::move(example.target));
    }
  }
  return examples;
}

}  // namespace detail

/// Wraps `dataset` in a dga::Dataset, which owns it. Its samples must have one shape. They are
/// converted to f32 and copied into batches; targets with a whole-number type are class numbers,
/// others are regression targets, one number per sample.
///
///     auto digits = dga::torch_dataset(torch::data::datasets::MNIST(folder)
///                                          .map(torch::data::transforms::Normalize<>(0.13, 0.31))
///                                          .map(torch::data::transforms::Stack<>()));
///
/// Sample i must be the same whenever it is read: draw random augmentations in the training loop.
/// If workers are threads, they share the dataset and take turns reading it, in their own threads
/// or in prefetch threads; see TorchDatasetOptions::concurrent. Reads the first sample. Throws
/// InvalidArgument for a dataset of unknown size or without samples; reading throws DataError for a
/// sample of another shape or type than the first, and what the torch dataset throws.
template <TorchMapDataset D>
std::shared_ptr<const Dataset> torch_dataset(D dataset, const TorchDatasetOptions& options = {}) {
  const auto size = dataset.size();  // an optional number
  auto held = std::make_shared<D>(std::move(dataset));
  return std::make_shared<TorchDataset>(
      size.has_value() ? static_cast<std::int64_t>(*size) : 0,
      [held](const std::vector<std::size_t>& numbers) {
        return detail::examples_of(held->get_batch(numbers));
      },
      options);
}

/// The same as `batches` over `torch_dataset(dataset)`.
template <TorchMapDataset D>
Batches batches(const Environment& env, D dataset, const BatchesOptions& options = {}) {
  return batches(env, torch_dataset(std::move(dataset)), options);
}

}  // namespace dga
