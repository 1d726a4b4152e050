// SPDX-License-Identifier: Apache-2.0
//
// BlockReader: how a StreamedDataset reads features from files. Each kind of format has its own.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace dga {

/// A place in a file of text where a record begins.
struct TextMark {
  std::int64_t sample = 0;  // number of the first sample from here on
  std::size_t file = 0;
  std::int64_t offset = 0;  // bytes
};

/// Whether NaN, which may stand for a missing value, is all that is not finite among `values`.
inline bool is_missing_at_most(std::span<const float> values) {
  return std::none_of(values.begin(), values.end(), [](float x) { return std::isinf(x); });
}

/// Several threads may call the functions at the same time.
class BlockReader {
 public:
  BlockReader() = default;
  BlockReader(const BlockReader&) = delete;
  BlockReader& operator=(const BlockReader&) = delete;
  virtual ~BlockReader() = default;

  /// Writes the features of the samples [first, last), minus their origins, to `values`: shape
  /// (last - first, num_features). Throws DataError for files that have changed.
  virtual void read(std::int64_t first, std::int64_t last, float* values) const = 0;

  /// How many blocks are best read at the same time; see ByteSource.
  virtual int reads_at_a_time() const noexcept { return 1; }

  /// Called for a sample that was read as `values`, with NaN or an infinity among them. Throws
  /// DataError unless there is only NaN, and it stands for a missing value.
  virtual void check_not_finite(std::int64_t sample, std::span<const float> values) const = 0;

  /// Of text, what the first pass found: places of records. Empty for formats whose samples have
  /// fixed places.
  virtual std::span<const TextMark> marks() const { return {}; }
};

}  // namespace dga
