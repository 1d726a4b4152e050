// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/arrays/array_blocks.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "dga/data/formats/arrays/elements.h"
#include "dga/data/stream/changed_file.h"

namespace dga {
namespace {

// Rows that are left out are read along where they are few, since each read may be a request. So
// many elements are then held at most, and so many are read for nothing at a time.
constexpr std::int64_t kHeldElements = std::int64_t{1} << 18;
constexpr std::int64_t kGapElements = std::int64_t{1} << 12;

}  // namespace

ArrayBlocks::ArrayBlocks(std::vector<LabelledArrays> parts, const Samples& samples, Missing missing)
    : parts_(std::move(parts)),
      count_(samples.count),
      origins_(samples.origins.features),
      missing_(missing) {
  std::int64_t sample = 0;
  for (std::size_t p = 0; p < parts_.size(); ++p) {
    const Samples::Part& part = samples.parts[p];
    if (part.lines.empty() && part.count > 0) {
      runs_.push_back({.sample = sample, .row = 0, .part = p});
    }
    for (std::size_t i = 0; i < part.lines.size(); ++i) {
      if (i == 0 || part.lines[i] != part.lines[i - 1] + 1) {
        runs_.push_back(
            {.sample = sample + static_cast<std::int64_t>(i), .row = part.lines[i], .part = p});
      }
    }
    sample += part.count;
  }
}

std::size_t ArrayBlocks::run_of(std::int64_t sample) const {
  const auto next =
      std::upper_bound(runs_.begin(), runs_.end(), sample,
                       [](std::int64_t wanted, const Run& run) { return wanted < run.sample; });
  return static_cast<std::size_t>(next - runs_.begin()) - 1;
}

std::int64_t ArrayBlocks::end_of(std::size_t run) const noexcept {
  return run + 1 < runs_.size() ? runs_[run + 1].sample : count_;
}

void ArrayBlocks::read_rows(const StoredArray& array, std::int64_t first, std::int64_t last,
                            std::vector<char>& buffer, float* values) const {
  if (origins_.empty()) {
    read_floats(array, first, last, buffer, values);
    return;
  }
  const std::int64_t width = array.width();
  for_each_element(array, first, last, buffer,
                   [&](std::int64_t row, std::int64_t column, auto value) {
                     // As a reading into memory leaves values without an origin as they are.
                     const double origin = origins_[static_cast<std::size_t>(column)];
                     values[(row - first) * width + column] =
                         origin == 0 ? static_cast<float>(value)
                                     : static_cast<float>(static_cast<double>(value) - origin);
                   });
}

void ArrayBlocks::read(std::int64_t first, std::int64_t last, float* values) const {
  std::vector<char> buffer;
  std::vector<float> held;
  const std::int64_t width = parts_.front().features.width();
  for (std::size_t run = run_of(first); first < last;) {
    const StoredArray& array = parts_[runs_[run].part].features;
    const auto row_of = [&](std::size_t of, std::int64_t sample) {
      return runs_[of].row + sample - runs_[of].sample;
    };
    const std::int64_t begin = row_of(run, first);
    std::int64_t sample = std::min(last, end_of(run));
    std::int64_t end = row_of(run, sample);
    std::size_t next = run + 1;  // after the runs that are read together
    while (next < runs_.size() && runs_[next].sample < last &&
           runs_[next].part == runs_[run].part && (runs_[next].row - end) * width <= kGapElements) {
      const std::int64_t further = row_of(next, std::min(last, end_of(next)));
      if ((further - begin) * width > kHeldElements) {
        break;
      }
      end = further;
      sample = std::min(last, end_of(next));
      ++next;
    }
    if (next == run + 1) {
      read_rows(array, begin, end, buffer, values);
    } else {
      held.resize(static_cast<std::size_t>((end - begin) * width));
      read_rows(array, begin, end, buffer, held.data());
      float* to = values;
      for (std::size_t r = run; r < next; ++r) {
        const std::int64_t from = std::max(first, runs_[r].sample);
        to = std::copy_n(held.data() + (row_of(r, from) - begin) * width,
                         (std::min(last, end_of(r)) - from) * width, to);
      }
    }
    values += (sample - first) * width;
    first = sample;
    run = next;
  }
}

void ArrayBlocks::check_not_finite(std::int64_t sample, std::span<const float> values) const {
  if (missing_ == Missing::mean && is_missing_at_most(values)) {
    return;
  }
  const Run& run = runs_[run_of(sample)];
  const StoredArray& array = parts_[run.part].features;
  if (missing_ == Missing::error) {
    const std::int64_t row = run.row + sample - run.sample;
    std::vector<char> buffer;
    for_each_element(array, row, row + 1, buffer,
                     [&](std::int64_t at, std::int64_t /*column*/, auto value) {
                       if (!std::isfinite(static_cast<float>(value))) {
                         refuse_not_finite(array, at, static_cast<double>(value));
                       }
                     });
  }
  refuse_changed_file(array.place);  // the first pass found nothing like it
}

}  // namespace dga
