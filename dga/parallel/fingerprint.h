// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace dga {

/// How much of a tensor a fingerprint reads.
enum class Fingerprints : std::uint8_t {
  sampled,  ///< a few words: enough to see that a tensor was scaled or set
  whole,    ///< every byte, at memory speed
};

/// Equal for equal bytes. Differs if a byte that it reads differs.
std::uint64_t fingerprint(std::span<const std::byte> bytes, Fingerprints kind) noexcept;

}  // namespace dga
