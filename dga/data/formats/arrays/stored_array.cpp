// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/arrays/stored_array.h"

#include <array>

namespace dga {

std::string_view name_of(ElementType type) noexcept {
  constexpr std::array<std::string_view, 15> kNames{"boolean", "u8",  "i8",  "u16",   "i16",
                                                    "u32",     "i32", "u64", "i64",   "f16",
                                                    "bf16",    "f32", "f64", "bytes", "utf32"};
  return kNames[static_cast<std::size_t>(type)];
}

std::int64_t StoredArray::width() const noexcept {
  std::int64_t count = 1;
  for (std::size_t d = 1; d < dims.size(); ++d) {
    count *= dims[d];
  }
  return count;
}

std::int64_t array_bytes(const std::vector<std::int64_t>& dims, std::int64_t element_bytes) {
  std::int64_t bytes = element_bytes;
  bool huge = false;
  for (const std::int64_t dim : dims) {
    huge = huge || dim < 0 || __builtin_mul_overflow(bytes, dim, &bytes);
  }
  return huge ? -1 : bytes;
}

}  // namespace dga
