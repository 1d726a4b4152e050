// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

namespace dga {

/// Allocates `count` elements of T at a 64-byte boundary, without initialising them. Pages that are
/// never written take no memory. Arrays of 16 MiB or more ask the kernel for huge pages, which
/// halves the time of the first access. Throws std::bad_alloc.
template <typename T>
std::shared_ptr<T[]> allocate_aligned(std::int64_t count) {
  static_assert(std::is_trivial_v<T>);
  constexpr std::size_t kLine = 64;
  constexpr std::size_t kHugePage = std::size_t{2} << 20;
  std::size_t bytes = 0;
  if (count < 0 || __builtin_mul_overflow(static_cast<std::size_t>(count), sizeof(T), &bytes) ||
      bytes > SIZE_MAX - kHugePage) {
    throw std::bad_alloc();
  }
  const std::size_t alignment = bytes >= 8 * kHugePage ? kHugePage : kLine;
  const std::size_t rounded = (bytes / alignment + 1) * alignment;
  void* memory = std::aligned_alloc(alignment, rounded);
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  if (alignment == kHugePage) {
    madvise(memory, rounded, MADV_HUGEPAGE);  // may fail, which only affects the speed
  }
  return std::shared_ptr<T[]>(static_cast<T*>(memory), [](T* p) { std::free(p); });
}

}  // namespace dga
