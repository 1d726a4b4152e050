// SPDX-License-Identifier: Apache-2.0

#include "dga/data/stream/streamed_arrays.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>

#include "dga/base/error.h"
#include "dga/data/formats/arrays/elements.h"
#include "dga/data/stream/blocks.h"

namespace dga {
namespace {

/// Copies values, and returns whether all of them are finite. Looks at the bits as integers,
/// without a branch, so that the compiler handles several values at a time: of infinities and NaNs
/// alone, all bits of the exponent are set.
bool copy_finite(const float* from, std::int64_t count, float* to) noexcept {
  constexpr std::uint32_t kExponent = 0x7f800000U;
  std::uint32_t found = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(from[i]);
    found |= (bits & kExponent) == kExponent ? 1U : 0U;
    to[i] = from[i];
  }
  return found == 0;
}

}  // namespace

StreamedArrays::StreamedArrays(std::vector<LabelledArrays> parts, const Samples& labels,
                               std::vector<std::string> class_names, std::size_t blocks)
    : parts_(std::move(parts)),
      shape_(labels.shape),
      size_(labels.count),
      width_(parts_.front().features.width()),
      rows_(samples_per_block(width_)),
      labels_(labels.labels),
      targets_(labels.targets),
      target_origin_(labels.origins.target),
      class_names_(std::move(class_names)),
      cache_(blocks, rows_ * width_) {
  std::int64_t first = 0;
  for (const LabelledArrays& part : parts_) {
    first_samples_.push_back(first);
    first += part.features.rows();
  }
}

/// Reads the samples of block `number` of all parts together.
void StreamedArrays::load_block(std::int64_t number, float* values) const {
  const std::int64_t begin = number * rows_;
  const std::int64_t end = std::min(begin + rows_, size_);
  std::vector<char> buffer;
  for (std::size_t p = 0; p < parts_.size(); ++p) {
    const StoredArray& array = parts_[p].features;
    const std::int64_t offset = first_samples_[p];
    const std::int64_t first = std::max<std::int64_t>(0, begin - offset);
    const std::int64_t last = std::min(end - offset, array.rows());
    if (first >= last) {
      continue;
    }
    read_floats(array, first, last, buffer, values + (offset + first - begin) * width_);
  }
}

void StreamedArrays::refuse_not_finite(std::int64_t index) const {
  const auto next = std::upper_bound(first_samples_.begin(), first_samples_.end(), index);
  const auto part = static_cast<std::size_t>(next - first_samples_.begin()) - 1;
  const StoredArray& array = parts_[part].features;
  const std::int64_t sample = index - first_samples_[part];
  std::vector<char> buffer;
  for_each_element(
      array, sample, sample + 1, buffer,
      [&](std::int64_t row, std::int64_t /*column*/, auto value) {
        if (!std::isfinite(static_cast<float>(value))) {
          throw DataError(str(array.place, ": sample ", row,
                              ": expected a finite number of at most 3.4e38 in size, found ", value,
                              ". Correct the file, or train without --stream and with --missing."));
        }
      });
  throw DataError(str(array.place,
                      ": expected the file as it was when it was opened, found that it "
                      "has changed. Do not change the file while it is read."));
}

void StreamedArrays::read_ahead(std::span<const std::int64_t> indices) const {
  for (const std::int64_t index : indices) {
    const std::int64_t number = index / rows_;
    cache_.get(number, [&](float* values) { load_block(number, values); });
  }
}

void StreamedArrays::copy_samples(std::span<const std::int64_t> indices, BufferView features,
                                  BufferView labels) const {
  if (features.data != nullptr) {
    auto* out = static_cast<float*>(features.data);
    std::int64_t current = -1;
    BlockCache::Block block;
    for (const std::int64_t index : indices) {
      const std::int64_t number = index / rows_;
      if (number != current) {
        block = cache_.get(number, [&](float* values) { load_block(number, values); });
        current = number;
      }
      if (!copy_finite(block.get() + index % rows_ * width_, width_, out)) {
        refuse_not_finite(index);
      }
      out += width_;
    }
  }
  for (std::size_t i = 0; labels.data != nullptr && i < indices.size(); ++i) {
    if (targets_) {
      static_cast<float*>(labels.data)[i] = targets_[indices[i]];
    } else {
      static_cast<std::int64_t*>(labels.data)[i] = labels_[indices[i]];
    }
  }
}

}  // namespace dga
