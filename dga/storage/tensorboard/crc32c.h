// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <string_view>

namespace dga {

/// The checksum CRC-32C (Castagnoli; RFC 3720, section 12.1) of `bytes`. Works byte by byte with a
/// table, which is fast enough for records of a few hundred bytes but not for bulk data.
std::uint32_t crc32c(std::string_view bytes) noexcept;

}  // namespace dga
