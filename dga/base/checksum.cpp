// SPDX-License-Identifier: Apache-2.0

#include "dga/base/checksum.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace dga {

std::uint64_t checksum(std::span<const std::byte> bytes, std::uint64_t before) noexcept {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), before);
}

}  // namespace dga
