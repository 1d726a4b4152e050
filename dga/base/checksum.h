// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace dga {

/// The XXH3 checksum of `bytes`, the same on every machine of one byte order. It finds accidental
/// differences at memory speed; for hashes that nobody can forge, see crypto/sha256.h. `before` is
/// the checksum of what precedes `bytes`.
std::uint64_t checksum(std::span<const std::byte> bytes, std::uint64_t before = 0) noexcept;

}  // namespace dga
