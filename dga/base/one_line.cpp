// SPDX-License-Identifier: Apache-2.0

#include "dga/base/one_line.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace dga {
namespace {

/// Length in bytes of the UTF-8 sequence at the beginning of `text`; 0 if it is not valid UTF-8.
std::size_t sequence_bytes(std::string_view text) noexcept {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t length = first < 0x80              ? 1
                             : (first & 0xe0U) == 0xc0 ? 2
                             : (first & 0xf0U) == 0xe0 ? 3
                             : (first & 0xf8U) == 0xf0 ? 4
                                                       : 0;
  if (length == 0 || text.size() < length) {
    return 0;
  }
  std::uint32_t code = length == 1 ? first : first & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0U) != 0x80) {
      return 0;
    }
    code = code << 6 | (byte & 0x3fU);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  return code < kLeast[length] || surrogate || code > 0x10ffff ? 0 : length;
}

bool is_control(std::string_view sequence) noexcept {
  const auto first = static_cast<unsigned char>(sequence[0]);
  // U+0080 to U+009F are control characters too: terminals read some of them as escape sequences.
  return first < 0x20 || first == 0x7f ||
         (first == 0xc2 && static_cast<unsigned char>(sequence[1]) < 0xa0);
}

}  // namespace

std::string one_line(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  while (!text.empty()) {
    const std::size_t bytes = sequence_bytes(text);
    const std::string_view sequence = text.substr(0, std::max<std::size_t>(bytes, 1));
    if (bytes > 0 && !is_control(sequence)) {
      out += sequence;
    } else {
      for (const char c : sequence) {
        const auto byte = static_cast<unsigned char>(c);
        out += "\\x";
        out += kHex[byte >> 4];
        out += kHex[byte & 15];
      }
    }
    text.remove_prefix(sequence.size());
  }
  return out;
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t bytes = sequence_bytes(text);
    if (bytes == 0) {
      return false;
    }
    text.remove_prefix(bytes);
  }
  return true;
}

}  // namespace dga
