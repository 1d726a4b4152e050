// SPDX-License-Identifier: Apache-2.0

#include "dga/data/stream/streamed_dataset.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <utility>

#include "dga/base/parallel_for.h"
#include "dga/data/stream/blocks.h"

namespace dga {
namespace {

/// Of infinities and NaNs alone, all bits of the exponent are set.
bool is_finite(float value) noexcept {
  constexpr std::uint32_t kExponent = 0x7f800000U;
  return (std::bit_cast<std::uint32_t>(value) & kExponent) != kExponent;
}

/// Copies values, and returns whether all of them are finite. The compiler vectorises blocks of
/// constant length that have no branch.
bool copy_finite(const float* from, std::int64_t count, float* to) noexcept {
  constexpr std::int64_t kBlock = 64;
  std::copy_n(from, count, to);
  std::uint32_t found = 0;
  std::int64_t i = 0;
  for (; i + kBlock <= count; i += kBlock) {
    for (std::int64_t k = 0; k < kBlock; ++k) {
      found |= is_finite(from[i + k]) ? 0U : 1U;
    }
  }
  for (; i < count; ++i) {
    found |= is_finite(from[i]) ? 0U : 1U;
  }
  return found == 0;
}

}  // namespace

StreamedDataset::StreamedDataset(const Samples& samples, std::vector<std::string> class_names,
                                 std::size_t blocks)
    : reader_(samples.blocks),
      shape_(samples.shape),
      size_(samples.count),
      width_(width_of(samples)),
      rows_(samples_per_block(width_)),
      labels_(samples.labels),
      targets_(samples.targets),
      origins_(samples.origins),
      class_names_(std::move(class_names)),
      reads_(static_cast<std::size_t>(std::max(1, reader_->reads_at_a_time()))),
      cache_(std::max(blocks, reads_), rows_ * width_) {}

void StreamedDataset::load_block(std::int64_t number, float* values) const {
  const std::int64_t first = number * rows_;
  reader_->read(first, std::min(first + rows_, size_), values);
}

void StreamedDataset::load_together(std::span<const std::int64_t> indices) const {
  if (reads_ == 1 || cache_.holds(indices.front() / rows_)) {
    return;
  }
  std::vector<std::int64_t> missing;
  std::int64_t last = -1;
  for (const std::int64_t index : indices) {
    const std::int64_t number = index / rows_;
    if (number == last) {
      continue;
    }
    last = number;
    if (std::find(missing.begin(), missing.end(), number) == missing.end() &&
        !cache_.holds(number)) {
      missing.push_back(number);
      if (missing.size() == reads_) {
        break;
      }
    }
  }
  parallel_for(std::ssize(missing), static_cast<int>(reads_), [&](std::int64_t i, int /*thread*/) {
    const std::int64_t number = missing[static_cast<std::size_t>(i)];
    cache_.get(number, [&](float* values) { load_block(number, values); });
  });
}

void StreamedDataset::read_ahead(std::span<const std::int64_t> indices) const {
  for (std::size_t i = 0; i < indices.size(); ++i) {
    load_together(indices.subspan(i));
    const std::int64_t number = indices[i] / rows_;
    cache_.get(number, [&](float* values) { load_block(number, values); });
  }
}

void StreamedDataset::copy_samples(std::span<const std::int64_t> indices, BufferView features,
                                   BufferView labels) const {
  if (features.data != nullptr) {
    auto* out = static_cast<float*>(features.data);
    std::int64_t current = -1;
    BlockCache::Block block;
    for (std::size_t i = 0; i < indices.size(); ++i) {
      const std::int64_t index = indices[i];
      const std::int64_t number = index / rows_;
      if (number != current) {
        load_together(indices.subspan(i));
        block = cache_.get(number, [&](float* values) { load_block(number, values); });
        current = number;
      }
      if (!copy_finite(block.get() + index % rows_ * width_, width_, out)) {
        reader_->check_not_finite(index, {out, static_cast<std::size_t>(width_)});
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
