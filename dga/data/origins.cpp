// SPDX-License-Identifier: Apache-2.0

#include "dga/data/origins.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <numeric>

namespace dga {
namespace {

constexpr float kExactIntegers = 16777216;  // up to 2^24 every integer is an f32
// Fewer than 14 of the 24 bits of an f32 tell the values apart.
constexpr double kExactInF64 = 9007199254740992;  // 2^53
constexpr float kCrowded = 1.0F / 1024;

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

Origin choose_origin(std::span<const double> values) {
  std::vector<double> sorted;
  std::copy_if(values.begin(), values.end(), std::back_inserter(sorted),
               [](double value) { return !std::isnan(value); });
  std::sort(sorted.begin(), sorted.end());
  if (sorted.empty()) {
    return {};
  }
  const std::size_t distinct = count_distinct(sorted, 0, false);
  const bool integers = std::all_of(sorted.begin(), sorted.end(),
                                    [](double value) { return value == std::trunc(value); });
  const bool exact = std::all_of(sorted.begin(), sorted.end(), [](double value) {
    return static_cast<double>(static_cast<float>(value)) == value;
  });
  if (exact || distinct == 1) {
    return {};  // nothing to tell apart
  }
  double mean =
      std::accumulate(sorted.begin(), sorted.end(), 0.0) / static_cast<double>(sorted.size());
  if (!std::isfinite(mean)) {
    mean = sorted[sorted.size() / 2];
  }
  const Origin origin{.value = integers ? std::nearbyint(mean) : mean};
  const double size = std::max(std::fabs(sorted.front()), std::fabs(sorted.back()));
  const std::size_t kept = count_distinct(sorted, origin.value, true);
  return {.value = origin.value,
          .merges = integers ? kept < distinct || size > kExactInF64 : 2 * kept < distinct};
}

}  // namespace dga
