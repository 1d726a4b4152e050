// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/fingerprint.h"

#include <cstring>

#include "dga/base/checksum.h"

namespace dga {

std::uint64_t fingerprint(std::span<const std::byte> bytes, Fingerprints kind) noexcept {
  using Word = std::uint32_t;
  constexpr std::size_t kSamples = 5;
  if (kind == Fingerprints::whole || bytes.size() <= kSamples * sizeof(Word)) {
    return checksum(bytes);
  }
  std::uint64_t print = 0;
  const std::size_t words = bytes.size() / sizeof(Word);
  for (std::size_t i = 0; i < kSamples; ++i) {
    Word word = 0;
    std::memcpy(&word, bytes.data() + i * (words - 1) / (kSamples - 1) * sizeof(Word),
                sizeof(Word));
    print = (print ^ word) * 0x9e3779b97f4a7c15ULL;  // odd, so no bit is lost
  }
  return print;
}

}  // namespace dga
