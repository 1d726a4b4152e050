// SPDX-License-Identifier: Apache-2.0
//
// DType: the element types that workers exchange. BufferView: a range of such elements in memory.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace dga {

/// `boolean` is a C++ bool: a byte that is 0 or 1.
enum class DType : std::uint8_t { f32, f64, f16, bf16, i32, i64, u8, i8, boolean };

/// IEEE binary16 and bfloat16, as stored in memory. Convert them to float for arithmetic.
struct Half {
  std::uint16_t bits;
};
struct BFloat16 {
  std::uint16_t bits;
};

/// Bytes of one element.
constexpr std::int64_t size_of(DType type) noexcept {
  switch (type) {
    case DType::f64:
    case DType::i64:
      return 8;
    case DType::f16:
    case DType::bf16:
      return 2;
    case DType::u8:
    case DType::i8:
    case DType::boolean:
      return 1;
    case DType::f32:
    case DType::i32:
      break;
  }
  return 4;
}

/// "f32", "bf16", …
std::string_view name_of(DType type) noexcept;

template <typename T>
constexpr DType dtype_of() noexcept {
  if constexpr (std::is_same_v<T, float>) {
    return DType::f32;
  } else if constexpr (std::is_same_v<T, double>) {
    return DType::f64;
  } else if constexpr (std::is_same_v<T, Half>) {
    return DType::f16;
  } else if constexpr (std::is_same_v<T, BFloat16>) {
    return DType::bf16;
  } else if constexpr (std::is_same_v<T, std::int32_t>) {
    return DType::i32;
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return DType::i64;
  } else if constexpr (std::is_same_v<T, std::int8_t>) {
    return DType::i8;
  } else if constexpr (std::is_same_v<T, bool>) {
    return DType::boolean;
  } else {
    static_assert(std::is_same_v<T, std::uint8_t>,
                  "dga moves f32, f64, f16, bf16, i32, i64, i8, u8 and bool");
    return DType::u8;
  }
}

/// `count` elements of `type` at `data`. A view owns no memory.
struct BufferView {
  void* data = nullptr;
  std::int64_t count = 0;
  DType type = DType::u8;

  BufferView() = default;
  BufferView(void* data_, std::int64_t count_, DType type_) noexcept
      : data(data_), count(count_), type(type_) {}
  template <typename T>
  BufferView(T* data_, std::int64_t count_) noexcept
      : data(data_), count(count_), type(dtype_of<T>()) {}

  std::int64_t bytes() const noexcept { return count * size_of(type); }
  /// Elements [first, first + n), which must lie within the view.
  BufferView slice(std::int64_t first, std::int64_t n) const noexcept {
    return {static_cast<std::byte*>(data) + first * size_of(type), n, type};
  }
};

/// A view of elements that are only read. A BufferView converts to it.
struct ConstBufferView {
  const void* data = nullptr;
  std::int64_t count = 0;
  DType type = DType::u8;

  ConstBufferView() = default;
  ConstBufferView(const void* data_, std::int64_t count_, DType type_) noexcept
      : data(data_), count(count_), type(type_) {}
  template <typename T>
  ConstBufferView(const T* data_, std::int64_t count_) noexcept
      : data(data_), count(count_), type(dtype_of<T>()) {}
  // NOLINTNEXTLINE(google-explicit-constructor): writable elements may always be read
  ConstBufferView(const BufferView& view) noexcept
      : data(view.data), count(view.count), type(view.type) {}

  std::int64_t bytes() const noexcept { return count * size_of(type); }
  ConstBufferView slice(std::int64_t first, std::int64_t n) const noexcept {
    return {static_cast<const std::byte*>(data) + first * size_of(type), n, type};
  }
};

}  // namespace dga
