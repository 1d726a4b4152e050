// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/torch_dataset.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "dga/base/error.h"

namespace dga {
namespace {

/// Copies `value`, of any number type, to `count` elements at `to`.
void copy_to(void* to, at::IntArrayRef shape, at::ScalarType type, const at::Tensor& value) {
  at::from_blob(to, shape, at::TensorOptions(type)).copy_(value);
}

DType label_type_of(const at::Tensor& target) {
  return target.is_floating_point() ? DType::f32 : DType::i64;
}

}  // namespace

TorchDataset::TorchDataset(std::int64_t size, Read read, const TorchDatasetOptions& options)
    : size_(size), read_(std::move(read)), options_(options) {
  DGA_CHECK(size_ > 0,
            "[parallel] torch dataset: expected at least 1 sample, found none or an unknown "
            "number. Pass a dataset with a size, not a stream.");
  DGA_CHECK(options_.num_classes >= 0,
            "[parallel] torch dataset: expected a num_classes of 0 or more, found ",
            options_.num_classes, ". Leave it out to count the classes.");
  constexpr std::array<std::int64_t, 1> kFirst{0};
  const Examples first = this->read(kFirst);
  shape_ = first.data.front().sizes().vec();
  label_type_ = label_type_of(first.target.front());
}

TorchDataset::Examples TorchDataset::read(std::span<const std::int64_t> indices) const {
  const std::vector<std::size_t> numbers(indices.begin(), indices.end());
  std::unique_lock turn(turn_, std::defer_lock);
  if (!options_.concurrent) {
    turn.lock();
  }
  Examples examples = read_(numbers);
  for (const std::size_t found : {examples.data.size(), examples.target.size()}) {
    if (found != numbers.size()) {
      throw DataError(dga::str("[parallel] torch dataset: expected ", numbers.size(),
                               " examples from get_batch, found ", found,
                               ". Let it return one for each number."));
    }
  }
  return examples;
}

void TorchDataset::copy_samples(std::span<const std::int64_t> indices, BufferView features,
                                BufferView labels) const {
  const at::NoGradGuard no_grad;
  const Examples examples = read(indices);
  const std::int64_t width = num_features();
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const at::Tensor& data = examples.data[i];
    const at::Tensor& target = examples.target[i];
    if (data.sizes() != at::IntArrayRef(shape_)) {
      throw DataError(dga::str("[parallel] torch dataset: expected samples of shape ",
                               at::IntArrayRef(shape_), ", as sample 0, found ", data.sizes(),
                               " in sample ", indices[i], ". Give all samples one shape."));
    }
    if (target.numel() != 1 || label_type_of(target) != label_type_) {
      throw DataError(dga::str(
          "[parallel] torch dataset: expected one ", label_type_ == DType::i64 ? "whole" : "real",
          " number as the target of each sample, found ", target.scalar_type(), " ", target.sizes(),
          " in sample ", indices[i], ". Give each sample a class number or a regression target."));
    }
    const auto at = static_cast<std::int64_t>(i);
    if (features.data != nullptr) {
      copy_to(features.slice(at * width, width).data, shape_, at::kFloat, data);
    }
    if (labels.data != nullptr) {
      copy_to(labels.slice(at, 1).data, target.sizes(),
              label_type_ == DType::i64 ? at::kLong : at::kFloat, target);
    }
  }
}

std::int64_t TorchDataset::num_classes() const {
  if (label_type_ != DType::i64) {
    return 0;
  }
  std::call_once(counted_, [this] {
    num_classes_ = options_.num_classes;
    if (num_classes_ > 0) {
      return;
    }
    constexpr std::int64_t kChunk = 256;
    std::vector<std::int64_t> indices;
    std::vector<std::int64_t> labels;
    for (std::int64_t first = 0; first < size_; first += kChunk) {
      indices.resize(static_cast<std::size_t>(std::min(kChunk, size_ - first)));
      std::iota(indices.begin(), indices.end(), first);
      labels.resize(indices.size());
      gather(indices, {}, BufferView(labels.data(), static_cast<std::int64_t>(labels.size())));
      num_classes_ = std::max(num_classes_, *std::max_element(labels.begin(), labels.end()) + 1);
    }
  });
  return num_classes_;
}

}  // namespace dga
