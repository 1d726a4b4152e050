// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/images/planes.h"

#include <cstring>

namespace dga {
namespace {

/// 16 bytes in a vector register, of any processor.
using Bytes = std::uint8_t __attribute__((vector_size(16)));

/// One byte of each in turn: of the first half of `a` and the first half of `b`.
Bytes zip_low(Bytes a, Bytes b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

Bytes second_half(Bytes a) {
  return __builtin_shufflevector(a, a, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
}

}  // namespace

void split_into_planes(std::span<const std::uint8_t> pixels, std::uint8_t* planes) {
  constexpr std::size_t kBlock = sizeof(Bytes);  // pixels
  const std::size_t count = pixels.size() / 3;
  std::size_t i = 0;
  for (; i + kBlock <= count; i += kBlock) {
    Bytes a;
    Bytes b;
    Bytes c;
    std::memcpy(&a, pixels.data() + 3 * i, kBlock);
    std::memcpy(&b, pixels.data() + 3 * i + kBlock, kBlock);
    std::memcpy(&c, pixels.data() + 3 * i + 2 * kBlock, kBlock);
    // The byte at place p of the 48 moves to 2p modulo 47 in each round, so after four rounds to
    // 16p: the bytes at 0, 3, 6, … then follow one another. Instructions that find bytes at any
    // place would need one round, but not all processors have them.
    for (int round = 0; round < 4; ++round) {
      const Bytes next_a = zip_low(a, second_half(b));
      const Bytes next_b = zip_low(second_half(a), c);
      c = zip_low(b, second_half(c));
      a = next_a;
      b = next_b;
    }
    std::memcpy(planes + i, &a, kBlock);
    std::memcpy(planes + count + i, &b, kBlock);
    std::memcpy(planes + 2 * count + i, &c, kBlock);
  }
  for (; i < count; ++i) {
    planes[i] = pixels[3 * i];
    planes[count + i] = pixels[3 * i + 1];
    planes[2 * count + i] = pixels[3 * i + 2];
  }
}

}  // namespace dga
