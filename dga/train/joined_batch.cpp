// SPDX-License-Identifier: Apache-2.0

#include "dga/train/joined_batch.h"

#include <cstdint>

namespace dga {
namespace {

void append(std::vector<std::byte>& to, const BufferView& from) {
  const auto* first = static_cast<const std::byte*>(from.data);
  to.insert(to.end(), first, first + from.bytes());
}

BufferView view_of(std::vector<std::byte>& bytes, DType type) {
  return {static_cast<void*>(bytes.data()), static_cast<std::int64_t>(bytes.size()) / size_of(type),
          type};
}

}  // namespace

void JoinedBatch::clear() noexcept {
  size_ = 0;
  features_.clear();
  labels_.clear();
}

void JoinedBatch::add(const SampleBatch& batch) {
  if (batch.size == 0) {
    return;
  }
  size_ += batch.size;
  feature_type_ = batch.features.type;
  label_type_ = batch.labels.type;
  append(features_, batch.features);
  append(labels_, batch.labels);
}

SampleBatch JoinedBatch::view() {
  return {.size = size_,
          .features = view_of(features_, feature_type_),
          .labels = view_of(labels_, label_type_),
          .memory = {}};
}

}  // namespace dga
