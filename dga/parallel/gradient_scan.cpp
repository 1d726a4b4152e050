// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/gradient_scan.h"

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <limits>

namespace dga {
namespace {

template <typename T>
const T* as(ConstBufferView view) {
  return static_cast<const T*>(view.data);
}

// `mask` selects the exponent bits, which are all set in infinities and NaNs.
template <typename Bits>
std::int64_t scan(const Bits* values, std::int64_t count, Bits mask) {
  // The compiler vectorises blocks of constant length. Only a block with a bad element is searched.
  constexpr std::int64_t kBlock = 64;
  std::int64_t at = 0;
  for (; at + kBlock <= count; at += kBlock) {
    Bits bad = 0;
    for (std::int64_t i = 0; i < kBlock; ++i) {
      bad = static_cast<Bits>(bad | static_cast<Bits>((values[at + i] & mask) == mask));
    }
    if (bad != 0) {
      break;
    }
  }
  for (; at < count; ++at) {
    if ((values[at] & mask) == mask) {
      return at;
    }
  }
  return -1;
}

/// The largest of the bit patterns without their sign, which are ordered as the magnitudes are:
/// infinity above all numbers, NaN above infinity.
template <typename Bits>
Bits largest_bits(const Bits* values, std::int64_t count) {
  constexpr std::int64_t kBlock = 64;
  constexpr Bits kMagnitude = std::numeric_limits<Bits>::max();  // all bits but the sign
  std::array<Bits, kBlock> most{};
  std::int64_t at = 0;
  for (; at + kBlock <= count; at += kBlock) {
    for (std::int64_t i = 0; i < kBlock; ++i) {
      const Bits magnitude = static_cast<Bits>(values[at + i] & kMagnitude);
      Bits& lane = most[static_cast<std::size_t>(i)];
      lane = magnitude > lane ? magnitude : lane;
    }
  }
  for (; at < count; ++at) {
    const Bits magnitude = static_cast<Bits>(values[at] & kMagnitude);
    most[0] = magnitude > most[0] ? magnitude : most[0];
  }
  return *std::max_element(most.begin(), most.end());
}

/// Whether any bit pattern without its sign is above `limit`.
template <typename Bits>
bool any_bits_above(const Bits* values, std::int64_t count, Bits limit) {
  constexpr std::int64_t kBlock = 64;
  constexpr Bits kMagnitude = std::numeric_limits<Bits>::max();  // all bits but the sign
  std::int64_t at = 0;
  for (; at + kBlock <= count; at += kBlock) {
    Bits above = 0;
    for (std::int64_t i = 0; i < kBlock; ++i) {
      above = static_cast<Bits>(above |
                                static_cast<Bits>((values[at + i] & kMagnitude) > limit ? -1 : 0));
    }
    if (above != 0) {
      return true;
    }
  }
  for (; at < count; ++at) {
    if (static_cast<Bits>(values[at] & kMagnitude) > limit) {
      return true;
    }
  }
  return false;
}

template <typename T>
double sum_of_squares(const T* values, std::int64_t count) {
  constexpr std::int64_t kSums = 8;
  std::array<double, kSums> sums{};
  std::int64_t at = 0;
  for (; at + kSums <= count; at += kSums) {
    for (std::int64_t i = 0; i < kSums; ++i) {
      const auto value = static_cast<double>(values[at + i]);
      sums[static_cast<std::size_t>(i)] += value * value;
    }
  }
  for (; at < count; ++at) {
    const auto value = static_cast<double>(values[at]);
    sums[0] += value * value;
  }
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

}  // namespace

std::int64_t first_non_finite(ConstBufferView gradient) {
  switch (gradient.type) {
    case DType::f64:
      return scan<std::uint64_t>(as<std::uint64_t>(gradient), gradient.count,
                                 0x7ff0000000000000ULL);
    case DType::f16:
      return scan<std::uint16_t>(as<std::uint16_t>(gradient), gradient.count, 0x7c00);
    case DType::bf16:
      return scan<std::uint16_t>(as<std::uint16_t>(gradient), gradient.count, 0x7f80);
    default:
      return scan<std::uint32_t>(as<std::uint32_t>(gradient), gradient.count, 0x7f800000U);
  }
}

double largest_magnitude(ConstBufferView gradient) {
  switch (gradient.type) {
    case DType::f64:
      return std::bit_cast<double>(
          largest_bits<std::int64_t>(as<std::int64_t>(gradient), gradient.count));
    case DType::f16: {
      const auto bits = largest_bits<std::int16_t>(as<std::int16_t>(gradient), gradient.count);
      return static_cast<double>(
          c10::Half(static_cast<std::uint16_t>(bits), c10::Half::from_bits()));
    }
    case DType::bf16: {
      const auto bits = largest_bits<std::int16_t>(as<std::int16_t>(gradient), gradient.count);
      return static_cast<double>(
          c10::BFloat16(static_cast<std::uint16_t>(bits), c10::BFloat16::from_bits()));
    }
    default:
      return static_cast<double>(std::bit_cast<float>(
          largest_bits<std::int32_t>(as<std::int32_t>(gradient), gradient.count)));
  }
}

bool any_above(ConstBufferView gradient, double limit) {
  switch (gradient.type) {
    case DType::f64:
      return any_bits_above(as<std::int64_t>(gradient), gradient.count,
                            std::bit_cast<std::int64_t>(limit));
    case DType::f16:
      return any_bits_above(as<std::int16_t>(gradient), gradient.count,
                            static_cast<std::int16_t>(c10::Half(static_cast<float>(limit)).x));
    case DType::bf16:
      return any_bits_above(as<std::int16_t>(gradient), gradient.count,
                            static_cast<std::int16_t>(c10::BFloat16(static_cast<float>(limit)).x));
    default:
      return any_bits_above(as<std::int32_t>(gradient), gradient.count,
                            std::bit_cast<std::int32_t>(static_cast<float>(limit)));
  }
}

double largest_value(DType type) {
  switch (type) {
    case DType::f64:
      return std::numeric_limits<double>::max();
    case DType::f16:
      return static_cast<double>(std::numeric_limits<c10::Half>::max());
    case DType::bf16:
      return static_cast<double>(std::numeric_limits<c10::BFloat16>::max());
    default:
      return static_cast<double>(std::numeric_limits<float>::max());
  }
}

double element_value(ConstBufferView gradient, std::int64_t element) {
  switch (gradient.type) {
    case DType::f64:
      return as<double>(gradient)[element];
    case DType::f16:
      return static_cast<double>(as<c10::Half>(gradient)[element]);
    case DType::bf16:
      return static_cast<double>(as<c10::BFloat16>(gradient)[element]);
    default:
      return static_cast<double>(as<float>(gradient)[element]);
  }
}

double squared_norm(ConstBufferView gradient) {
  switch (gradient.type) {
    case DType::f64:
      return sum_of_squares(as<double>(gradient), gradient.count);
    case DType::f16:
      return sum_of_squares(as<c10::Half>(gradient), gradient.count);
    case DType::bf16:
      return sum_of_squares(as<c10::BFloat16>(gradient), gradient.count);
    default:
      return sum_of_squares(as<float>(gradient), gradient.count);
  }
}

}  // namespace dga
