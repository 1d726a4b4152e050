// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/arrays/array_blocks.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "dga/base/error.h"
#include "dga/data/formats/arrays/elements.h"
#include "dga/data/stream/changed_file.h"

namespace dga {

ArrayBlocks::ArrayBlocks(std::vector<LabelledArrays> parts) : parts_(std::move(parts)) {
  std::int64_t first = 0;
  for (const LabelledArrays& part : parts_) {
    first_samples_.push_back(first);
    first += part.features.rows();
  }
}

void ArrayBlocks::read(std::int64_t first, std::int64_t last, float* values) const {
  std::vector<char> buffer;
  for (std::size_t p = 0; p < parts_.size(); ++p) {
    const StoredArray& array = parts_[p].features;
    const std::int64_t offset = first_samples_[p];
    const std::int64_t begin = std::max<std::int64_t>(0, first - offset);
    const std::int64_t end = std::min(last - offset, array.rows());
    if (begin < end) {
      read_floats(array, begin, end, buffer, values + (offset + begin - first) * array.width());
    }
  }
}

void ArrayBlocks::check_not_finite(std::int64_t sample) const {
  const auto next = std::upper_bound(first_samples_.begin(), first_samples_.end(), sample);
  const auto part = static_cast<std::size_t>(next - first_samples_.begin()) - 1;
  const StoredArray& array = parts_[part].features;
  const std::int64_t row = sample - first_samples_[part];
  std::vector<char> buffer;
  for_each_element(
      array, row, row + 1, buffer, [&](std::int64_t at, std::int64_t /*column*/, auto value) {
        if (!std::isfinite(static_cast<float>(value))) {
          throw DataError(str(array.place, ": sample ", at,
                              ": expected a finite number of at most 3.4e38 in size, found ", value,
                              ". Correct the file, or train without --stream and with --missing."));
        }
      });
  refuse_changed_file(array.place);
}

}  // namespace dga
