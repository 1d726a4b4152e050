// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/element_difference.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "dga/base/error.h"
#include "dga/base/widen.h"

namespace dga {
namespace {

template <typename T>
T element_at(std::span<const std::byte> block, std::size_t first) noexcept {
  T value;
  std::memcpy(&value, block.data() + first, sizeof(T));
  return value;
}

template <typename T>
void add_element(T a, T b, ElementDifference& sum) noexcept {
  ++sum.count;
  if constexpr (std::is_integral_v<T>) {
    // The distance of two signed numbers may exceed their type.
    using Unsigned = std::make_unsigned_t<T>;
    const auto low = static_cast<Unsigned>(std::min(a, b));
    const auto high = static_cast<Unsigned>(std::max(a, b));
    sum.largest = std::max(sum.largest, static_cast<double>(static_cast<Unsigned>(high - low)));
  } else {
    const double distance = std::abs(static_cast<double>(widen(a)) - static_cast<double>(widen(b)));
    if (std::isnan(distance)) {
      ++sum.nan_count;
    } else {
      sum.largest = std::max(sum.largest, distance);
    }
  }
}

template <typename T>
void add_all(std::span<const std::byte> a, std::span<const std::byte> b,
             ElementDifference& sum) noexcept {
  for (std::size_t first = 0; first + sizeof(T) <= a.size(); first += sizeof(T)) {
    if (std::memcmp(a.data() + first, b.data() + first, sizeof(T)) != 0) {
      add_element(element_at<T>(a, first), element_at<T>(b, first), sum);
    }
  }
}

}  // namespace

void add_difference(DType type, std::span<const std::byte> a, std::span<const std::byte> b,
                    ElementDifference& sum) {
  DGA_CHECK(a.size() == b.size() && std::ssize(a) % size_of(type) == 0,
            "[storage] difference: expected blocks of equal sizes, found ", a.size(), " and ",
            b.size(), " bytes.");
  if (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0) {
    return;
  }
  switch (type) {
    case DType::f32:
      return add_all<float>(a, b, sum);
    case DType::f64:
      return add_all<double>(a, b, sum);
    case DType::f16:
      return add_all<Half>(a, b, sum);
    case DType::bf16:
      return add_all<BFloat16>(a, b, sum);
    case DType::i32:
      return add_all<std::int32_t>(a, b, sum);
    case DType::i64:
      return add_all<std::int64_t>(a, b, sum);
    case DType::i8:
      return add_all<std::int8_t>(a, b, sum);
    case DType::u8:
    case DType::boolean:  // a damaged one may be neither 0 nor 1
      return add_all<std::uint8_t>(a, b, sum);
  }
}

}  // namespace dga
