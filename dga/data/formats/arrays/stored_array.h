// SPDX-License-Identifier: Apache-2.0
//
// StoredArray: an array in a file, of which samples or labels are made. IDX, NPY, NPZ, safetensors
// and CIFAR differ only in where they keep theirs.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dga/storage/byte_source.h"

namespace dga {

/// The elements of a StoredArray. `bytes` and `utf32` are texts of equal room, padded with zeros.
enum class ElementType : std::uint8_t {
  boolean,
  u8,
  i8,
  u16,
  i16,
  u32,
  i32,
  u64,
  i64,
  f16,
  bf16,
  f32,
  f64,
  bytes,
  utf32
};

/// "f32", "u8", …
std::string_view name_of(ElementType type) noexcept;

constexpr bool is_text(ElementType type) noexcept {
  return type == ElementType::bytes || type == ElementType::utf32;
}

/// Whether f32 may round values of this type.
constexpr bool may_round(ElementType type) noexcept {
  return type == ElementType::u32 || type == ElementType::i32 || type == ElementType::u64 ||
         type == ElementType::i64 || type == ElementType::f64;
}

constexpr bool may_be_nan(ElementType type) noexcept {
  return type == ElementType::f16 || type == ElementType::bf16 || type == ElementType::f32 ||
         type == ElementType::f64;
}

/// The first dimension counts the samples.
struct StoredArray {
  std::string title = {};  // the name of the file or member, which says what the array holds
  std::string place = {};  // begins errors: "x.npy" or "digits.npz: x"
  SourcePtr file = {};
  ElementType type = ElementType::u8;
  std::int64_t element_bytes = 1;
  bool big_endian = false;
  std::vector<std::int64_t> dims = {};
  std::int64_t begin = 0;     // offset of the first element
  std::int64_t stride = 0;    // bytes from a row to the next; row-major only
  std::int64_t classes = 0;   // labels are below this; 0: they may be any
  bool column_major = false;  // the first dimension changes fastest, as in Fortran

  std::int64_t rows() const noexcept { return dims.front(); }
  /// Elements of a row.
  std::int64_t width() const noexcept;
};

/// The number of elements times `element_bytes`, or -1 if a size is negative or no file is so
/// large.
std::int64_t array_bytes(const std::vector<std::int64_t>& dims, std::int64_t element_bytes);

}  // namespace dga
