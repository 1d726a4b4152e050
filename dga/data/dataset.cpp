// SPDX-License-Identifier: Apache-2.0

#include "dga/data/dataset.h"

#include <algorithm>
#include <numeric>

#include "dga/base/error.h"
#include "dga/data/stream/blocks.h"

namespace dga {
namespace {

void check_view(const char* what, BufferView view, DType type, std::int64_t count) {
  DGA_CHECK(view.data == nullptr || (view.type == type && view.count == count),
            "[data] gather: expected a buffer of ", count, " ", name_of(type), " for the ", what,
            ", found ", view.count, " ", name_of(view.type), ". Size it for the batch.");
}

}  // namespace

std::vector<std::string> Dataset::class_names() const {
  std::vector<std::string> names;
  for (std::int64_t c = 0; c < num_classes(); ++c) {
    names.push_back(std::to_string(c));
  }
  return names;
}

std::int64_t Dataset::block_of(std::int64_t index) const {
  return index / samples_per_block(num_features());
}

void Dataset::read_ahead(std::span<const std::int64_t> /*indices*/) const {}

std::vector<std::int64_t> block_starts(const Dataset& dataset,
                                       std::span<const std::int64_t> shard) {
  std::vector<std::int64_t> starts;
  std::int64_t block = -1;
  for (std::size_t i = 0; i < shard.size(); ++i) {
    const std::int64_t next = dataset.block_of(shard[i]);
    if (i == 0 || next != block) {
      starts.push_back(static_cast<std::int64_t>(i));
      block = next;
    }
  }
  return starts;
}

std::int64_t Dataset::num_features() const {
  std::int64_t product = 1;
  for (const std::int64_t dim : sample_shape()) {
    product *= dim;
  }
  return product;
}

void Dataset::gather(std::span<const std::int64_t> indices, BufferView features,
                     BufferView labels) const {
  gather_centred(indices, features, labels);
  const Origins origin = origins();
  if (!origin.features.empty() && features.data != nullptr) {
    auto* out = static_cast<float*>(features.data);
    for (std::size_t i = 0; i < indices.size(); ++i) {
      for (const double value : origin.features) {
        *out = static_cast<float>(static_cast<double>(*out) + value);
        ++out;
      }
    }
  }
  if (origin.target != 0 && labels.data != nullptr && label_type() == DType::f32) {
    auto* out = static_cast<float*>(labels.data);
    std::transform(out, out + labels.count, out, [&](float value) {
      return static_cast<float>(static_cast<double>(value) + origin.target);
    });
  }
}

void Dataset::gather_centred(std::span<const std::int64_t> indices, BufferView features,
                             BufferView labels) const {
  const auto count = static_cast<std::int64_t>(indices.size());
  const std::int64_t samples = size();
  for (const std::int64_t index : indices) {
    DGA_CHECK(index >= 0 && index < samples, "[data] gather: expected indices in [0, ", samples,
              "), found ", index, ". Take them from this dataset's split, shards or sampler.");
  }
  check_view("features", features, feature_type(), count * num_features());
  check_view("labels", labels, label_type(), count);
  if (count > 0) {
    copy_samples(indices, features, labels);
  }
}

std::vector<std::int64_t> class_labels(const Dataset& dataset) {
  DGA_CHECK(dataset.label_type() == DType::i64,
            "[data] class_labels: expected class labels (i64), found ",
            name_of(dataset.label_type()), ". Use a classification dataset.");
  std::vector<std::int64_t> all(static_cast<std::size_t>(dataset.size()));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  std::vector<std::int64_t> labels(all.size());
  dataset.gather(all, {}, BufferView(labels.data(), dataset.size()));
  return labels;
}

}  // namespace dga
