// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/images/resize.h"

#include <algorithm>
#include <cmath>

namespace dga {
namespace {

constexpr int kWeightBits = 22;  // a sum of weighted bytes fits into 31 bits
constexpr std::int32_t kHalf = std::int32_t{1} << (kWeightBits - 1);

/// The pixels of which one pixel of the result consists.
struct Taps {
  std::int64_t first = 0;
  std::vector<std::int32_t> weights = {};  // they add up to 1 << kWeightBits, but for rounding
};

/// Halves go up.
std::int64_t rounded(double value) {
  return static_cast<std::int64_t>(std::floor(value + 0.5));
}

std::vector<Taps> taps_of(std::int64_t from, std::int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double support = std::max(scale, 1.0);
  std::vector<Taps> all(static_cast<std::size_t>(to));
  std::vector<double> weights;
  for (std::int64_t i = 0; i < to; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    Taps& taps = all[static_cast<std::size_t>(i)];
    taps.first = std::max<std::int64_t>(0, rounded(centre - support));
    const std::int64_t end = std::min(from, rounded(centre + support));
    weights.clear();
    double sum = 0;
    for (std::int64_t pixel = taps.first; pixel < end; ++pixel) {
      const double distance = std::fabs(static_cast<double>(pixel) - centre + 0.5) * (1 / support);
      weights.push_back(distance < 1 ? 1 - distance : 0);
      sum += weights.back();
    }
    for (const double weight : weights) {
      taps.weights.push_back(
          static_cast<std::int32_t>(rounded(weight / sum * (std::int32_t{1} << kWeightBits))));
    }
  }
  return all;
}

std::uint8_t byte_of(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

/// One row of the result, `channels` values a pixel.
void resize_row(const std::uint8_t* from, const std::vector<Taps>& columns, int channels,
                std::uint8_t* into) {
  for (const Taps& taps : columns) {
    for (int c = 0; c < channels; ++c) {
      std::int32_t sum = kHalf;
      const std::uint8_t* value = from + taps.first * channels + c;
      for (const std::int32_t weight : taps.weights) {
        sum += weight * *value;
        value += channels;
      }
      *into++ = byte_of(sum);
    }
  }
}

}  // namespace

std::vector<std::uint8_t> resized(std::span<const std::uint8_t> from, ImageSize size, ImageSize to,
                                  int channels) {
  const std::vector<Taps> columns = taps_of(size.width, to.width);
  const std::vector<Taps> rows = taps_of(size.height, to.height);
  const std::int64_t from_row = size.width * channels;
  const std::int64_t row = to.width * channels;
  std::vector<std::uint8_t> narrow(static_cast<std::size_t>(size.height * row));
  for (std::int64_t y = 0; y < size.height; ++y) {
    resize_row(from.data() + y * from_row, columns, channels, narrow.data() + y * row);
  }
  std::vector<std::uint8_t> result(static_cast<std::size_t>(to.height * row));
  std::vector<std::int32_t> sums(static_cast<std::size_t>(row));
  for (std::int64_t y = 0; y < to.height; ++y) {
    const Taps& taps = rows[static_cast<std::size_t>(y)];
    std::fill(sums.begin(), sums.end(), kHalf);
    const std::uint8_t* values = narrow.data() + taps.first * row;
    for (const std::int32_t weight : taps.weights) {
      for (std::int64_t x = 0; x < row; ++x) {
        sums[static_cast<std::size_t>(x)] += weight * values[x];
      }
      values += row;
    }
    std::transform(sums.begin(), sums.end(), result.begin() + y * row, byte_of);
  }
  return result;
}

}  // namespace dga
