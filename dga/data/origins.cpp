// SPDX-License-Identifier: Apache-2.0

#include "dga/data/origins.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <numeric>

#include "dga/data/merged_numbers.h"

namespace dga {
namespace {

constexpr float kExactIntegers = 16777216;  // up to 2^24 every integer is an f32
// Fewer than 14 of the 24 bits of an f32 tell the values apart.
constexpr float kCrowded = 1.0F / 1024;
// Integers of a size in [2^53, 2^64) are identifiers, of which f64 has merged some. Beyond that
// they are measured values in a small unit.
constexpr double kExactInF64 = 0x1.0p53;
constexpr double kLargestIdentifier = 0x1.0p64;

std::vector<double> sorted_without_nan(std::span<const double> values) {
  std::vector<double> sorted;
  std::copy_if(values.begin(), values.end(), std::back_inserter(sorted),
               [](double value) { return !std::isnan(value); });
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

bool are_integers(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(),
                     [](double value) { return value == std::trunc(value); });
}

bool are_short_decimals(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [](double value) {
    std::array<char, 32> text{};
    const auto written = std::to_chars(text.data(), text.data() + text.size(), value,
                                       std::chars_format::scientific, 9);
    double back = 0;
    std::from_chars(text.data(), written.ptr, back);
    return back == value;
  });
}

std::size_t count_distinct(const std::vector<double>& sorted, double origin, bool rounded) {
  std::size_t count = 0;
  double last = 0;
  for (const double value : sorted) {
    const double here = rounded ? static_cast<double>(static_cast<float>(value - origin)) : value;
    if (count == 0 || here != last) {
      ++count;
      last = here;
    }
  }
  return count;
}

/// merge_in_f32 of the distances from an origin. `sorted` has no NaN.
bool merge_around(double origin, const std::vector<double>& sorted) {
  const std::size_t distinct = count_distinct(sorted, 0, false);
  const std::size_t kept = count_distinct(sorted, origin, true);
  return 2 * kept < distinct ||
         (kept < distinct && (are_integers(sorted) || are_short_decimals(sorted)));
}

}  // namespace

std::vector<std::int64_t> features_with(const Origins& origins) {
  std::vector<std::int64_t> features;
  for (std::size_t f = 0; f < origins.features.size(); ++f) {
    if (origins.features[f] != 0) {
      features.push_back(static_cast<std::int64_t>(f));
    }
  }
  return features;
}

bool is_crowded(float least, float most) noexcept {
  const float size = std::max(std::fabs(least), std::fabs(most));
  return size > kExactIntegers || (size > 0 && most - least < size * kCrowded);
}

std::int64_t samples_to_compare(std::int64_t count, std::int64_t width) noexcept {
  constexpr std::int64_t kAllValues = std::int64_t{1} << 20;
  constexpr std::int64_t kMostSamples = 1024;
  constexpr std::int64_t kMostValues = std::int64_t{1} << 18;
  return count <= kAllValues / width
             ? count
             : std::min(count, std::clamp<std::int64_t>(kMostValues / width, 2, kMostSamples));
}

std::vector<SampleRun> spread_samples(std::int64_t rows, std::int64_t count) {
  constexpr std::int64_t kRunLength = 64;  // neighbours are those that merge most often
  const std::int64_t runs = rows >= count ? 1 : std::max<std::int64_t>(1, rows / kRunLength);
  std::vector<SampleRun> spread;
  for (std::int64_t run = 0; run < runs; ++run) {
    const std::int64_t first = rows * run / runs;
    spread.push_back(
        {.first = first + (count - rows) * run / runs, .count = rows * (run + 1) / runs - first});
  }
  return spread;
}

bool merge_in_f32(std::span<const double> values) {
  const bool exact = std::all_of(values.begin(), values.end(), [](double value) {
    return std::isnan(value) || static_cast<double>(static_cast<float>(value)) == value;
  });
  return !exact && merge_around(0, sorted_without_nan(values));
}

bool has_merged(const WideColumn& column) {
  return column.merged || merge_in_f32(column.values);
}

Origin choose_origin(const WideColumn& column) {
  Origin origin = choose_origin(column.values);
  if (column.merged) {
    origin.warning = "has different values that are equal in f64";
  }
  return origin;
}

Origin choose_origin(std::span<const double> values) {
  const std::vector<double> sorted = sorted_without_nan(values);
  if (sorted.empty()) {
    return {};
  }
  const bool integers = are_integers(sorted);
  const double size = std::max(std::fabs(sorted.front()), std::fabs(sorted.back()));
  Origin origin;
  if (integers && size >= kExactInF64 && size < kLargestIdentifier) {
    origin.warning = "has integers above 2^53, of which different ones may be equal in f64";
  }
  const bool exact = std::all_of(sorted.begin(), sorted.end(), [](double value) {
    return static_cast<double>(static_cast<float>(value)) == value;
  });
  if (exact || sorted.front() == sorted.back()) {
    return origin;  // nothing to tell apart
  }
  double mean =
      std::accumulate(sorted.begin(), sorted.end(), 0.0) / static_cast<double>(sorted.size());
  if (!std::isfinite(mean)) {
    mean = sorted[sorted.size() / 2];
  }
  origin.value = integers ? std::nearbyint(mean) : mean;
  if (origin.warning.empty() && merge_around(origin.value, sorted)) {
    origin.warning =
        "has different values that are equal in f32, even as distances from their mean";
  }
  return origin;
}

}  // namespace dga
