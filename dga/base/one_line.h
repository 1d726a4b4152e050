// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <string_view>

namespace dga {

/// `text` as one printable line: control characters and bytes that are not valid UTF-8 become
/// `\xNN`.
std::string one_line(std::string_view text);

/// Whether `text` is valid UTF-8.
bool is_utf8(std::string_view text) noexcept;

}  // namespace dga
