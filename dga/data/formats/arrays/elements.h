// SPDX-License-Identifier: Apache-2.0
//
// Elements: reads the numbers of a StoredArray as values of their own type.

#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "dga/data/formats/arrays/stored_array.h"

namespace dga {

/// The value of IEEE binary16.
inline float from_half(std::uint16_t bits) noexcept {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1fU;
  const std::uint32_t fraction = bits & 0x3ffU;
  if (exponent == 0) {  // zero or subnormal: fraction * 2^-24, which f32 holds exactly
    const float value = static_cast<float>(fraction) * 0x1.0p-24F;
    return sign != 0 ? -value : value;
  }
  const std::uint32_t wide = exponent == 0x1f ? 0xffU : exponent + 112U;
  return std::bit_cast<float>(sign | (wide << 23) | (fraction << 13));
}

namespace detail {

template <typename Bits>
Bits load_bits(const char* p, bool big_endian) noexcept {
  Bits bits;
  std::memcpy(&bits, p, sizeof(Bits));
  if constexpr (sizeof(Bits) > 1) {
    if (big_endian != (std::endian::native == std::endian::big)) {
      Bits swapped = 0;
      for (std::size_t i = 0; i < sizeof(Bits); ++i) {
        swapped = static_cast<Bits>((swapped << 8) | (bits & 0xff));
        bits = static_cast<Bits>(bits >> 8);
      }
      return swapped;
    }
  }
  return bits;
}

/// Calls use(i, value) for `count` elements, each `step` bytes after the one before.
template <typename T, typename Bits, typename Use>
void decode_as(const char* p, std::int64_t step, std::int64_t count, bool big_endian, Use& use) {
  for (std::int64_t i = 0; i < count; ++i, p += step) {
    use(i, std::bit_cast<T>(load_bits<Bits>(p, big_endian)));
  }
}

template <typename Use>
void decode(const StoredArray& array, const char* p, std::int64_t step, std::int64_t count,
            Use&& use) {
  const bool big = array.big_endian;
  switch (array.type) {
    case ElementType::boolean:
    case ElementType::u8:
      return decode_as<std::uint8_t, std::uint8_t>(p, step, count, big, use);
    case ElementType::i8:
      return decode_as<std::int8_t, std::uint8_t>(p, step, count, big, use);
    case ElementType::u16:
      return decode_as<std::uint16_t, std::uint16_t>(p, step, count, big, use);
    case ElementType::i16:
      return decode_as<std::int16_t, std::uint16_t>(p, step, count, big, use);
    case ElementType::u32:
      return decode_as<std::uint32_t, std::uint32_t>(p, step, count, big, use);
    case ElementType::i32:
      return decode_as<std::int32_t, std::uint32_t>(p, step, count, big, use);
    case ElementType::u64:
      return decode_as<std::uint64_t, std::uint64_t>(p, step, count, big, use);
    case ElementType::i64:
      return decode_as<std::int64_t, std::uint64_t>(p, step, count, big, use);
    case ElementType::f32:
      return decode_as<float, std::uint32_t>(p, step, count, big, use);
    case ElementType::f64:
      return decode_as<double, std::uint64_t>(p, step, count, big, use);
    case ElementType::f16:
    case ElementType::bf16:
      for (std::int64_t i = 0; i < count; ++i, p += step) {
        const auto bits = load_bits<std::uint16_t>(p, big);
        use(i, array.type == ElementType::f16
                   ? from_half(bits)
                   : std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16));
      }
      return;
    case ElementType::bytes:
    case ElementType::utf32:
      return;  // read_texts reads these
  }
}

}  // namespace detail

/// Calls use(row, column, value) for each element of rows [first, last), where `value` has the
/// arithmetic type of the array: row by row, or column by column for a column-major array. Keeps a
/// few megabytes of the file in `buffer`. Texts are skipped.
template <typename Use>
void for_each_element(const StoredArray& array, std::int64_t first, std::int64_t last,
                      std::vector<char>& buffer, Use&& use) {
  constexpr std::int64_t kPieceBytes = std::int64_t{4} << 20;  // each piece may be a request
  const std::int64_t width = array.width();
  const std::int64_t row_bytes = width * array.element_bytes;
  if (array.column_major) {
    // A column of the flattened sample, counted as in row-major order, lies at its place among the
    // columns in column-major order.
    const std::int64_t piece = std::max<std::int64_t>(1, kPieceBytes / array.element_bytes);
    for (std::int64_t column = 0; column < width; ++column) {
      std::int64_t rest = column;
      std::int64_t place = 0;
      std::int64_t below = 1;  // the number of elements of the dimensions before d
      for (std::size_t d = 1; d < array.dims.size(); ++d) {
        below *= array.dims[d];
      }
      std::int64_t step = 1;
      for (std::size_t d = 1; d < array.dims.size(); ++d) {
        below /= array.dims[d];
        place += rest / below * step;
        rest %= below;
        step *= array.dims[d];
      }
      for (std::int64_t row = first; row < last; row += piece) {
        const std::int64_t count = std::min(piece, last - row);
        buffer.resize(static_cast<std::size_t>(count * array.element_bytes));
        array.file->read(array.begin + (place * array.rows() + row) * array.element_bytes, buffer);
        detail::decode(array, buffer.data(), array.element_bytes, count,
                       [&](std::int64_t i, auto value) { use(row + i, column, value); });
      }
    }
    return;
  }
  const std::int64_t piece = std::max<std::int64_t>(1, kPieceBytes / array.stride);
  for (std::int64_t row = first; row < last; row += piece) {
    const std::int64_t count = std::min(piece, last - row);
    buffer.resize(static_cast<std::size_t>((count - 1) * array.stride + row_bytes));
    array.file->read(array.begin + row * array.stride, buffer);
    for (std::int64_t i = 0; i < count; ++i) {
      detail::decode(array, buffer.data() + i * array.stride, array.element_bytes, width,
                     [&](std::int64_t column, auto value) { use(row + i, column, value); });
    }
  }
}

/// Reads rows [first, last) of an array as f32 into `out`, row-major. Values that are not finite,
/// or too large for f32, are not looked for.
inline void read_floats(const StoredArray& array, std::int64_t first, std::int64_t last,
                        std::vector<char>& buffer, float* out) {
  const std::int64_t width = array.width();
  const bool whole_rows = !array.column_major && array.stride == width * array.element_bytes;
  if (whole_rows && array.type == ElementType::f32 &&
      array.big_endian == (std::endian::native == std::endian::big)) {
    array.file->read(
        array.begin + first * array.stride,
        {reinterpret_cast<char*>(out), static_cast<std::size_t>((last - first) * array.stride)});
    return;
  }
  if (whole_rows) {
    constexpr std::int64_t kPieceBytes = std::int64_t{4} << 20;
    const std::int64_t rows = std::max<std::int64_t>(1, kPieceBytes / array.stride);
    for (std::int64_t row = first; row < last; row += rows) {
      const std::int64_t count = std::min(rows, last - row);
      buffer.resize(static_cast<std::size_t>(count * array.stride));
      array.file->read(array.begin + row * array.stride, buffer);
      float* const to = out + (row - first) * width;
      detail::decode(array, buffer.data(), array.element_bytes, count * width,
                     [to](std::int64_t i, auto value) { to[i] = static_cast<float>(value); });
    }
    return;
  }
  for_each_element(array, first, last, buffer,
                   [&](std::int64_t row, std::int64_t column, auto value) {
                     out[(row - first) * width + column] = static_cast<float>(value);
                   });
}

/// `value` as an integer, if it is one that `value`'s type holds exactly. Returns false otherwise.
template <typename T>
bool exact_integer(T value, std::int64_t& out) noexcept {
  if constexpr (std::is_floating_point_v<T>) {
    const double wide = value;
    constexpr double kExact = 0x1.0p53;  // which may stand for 2^53 + 1 too
    if (!(wide > -kExact && wide < kExact) || wide != std::trunc(wide)) {
      return false;
    }
  } else if constexpr (std::is_same_v<T, std::uint64_t>) {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return false;
    }
  }
  out = static_cast<std::int64_t>(value);  // NOLINT(bugprone-signed-char-misuse): a number
  return true;
}

/// The texts of an array of `bytes` or `utf32`, in UTF-8. Throws DataError for what is no text.
std::vector<std::string> read_texts(const StoredArray& array);

}  // namespace dga
