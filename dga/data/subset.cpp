// SPDX-License-Identifier: Apache-2.0

#include "dga/data/subset.h"

#include <utility>

#include "dga/base/error.h"

namespace dga {

Subset::Subset(std::shared_ptr<const Dataset> base, std::vector<std::int64_t> indices)
    : base_(std::move(base)), indices_(std::move(indices)) {
  DGA_CHECK(base_ != nullptr, "[data] Subset: expected a dataset, found null. Pass the base.");
  for (const std::int64_t index : indices_) {
    DGA_CHECK(index >= 0 && index < base_->size(), "[data] Subset: expected indices in [0, ",
              base_->size(), "), found ", index, ". Take them from the base dataset.");
  }
}

std::vector<std::int64_t> Subset::of_base(std::span<const std::int64_t> indices) const {
  std::vector<std::int64_t> result;
  result.reserve(indices.size());
  for (const std::int64_t index : indices) {
    result.push_back(indices_[static_cast<std::size_t>(index)]);
  }
  return result;
}

void Subset::copy_samples(std::span<const std::int64_t> indices, BufferView features,
                          BufferView labels) const {
  base_->gather_centred(of_base(indices), features, labels);
}

}  // namespace dga
