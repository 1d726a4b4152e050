// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <string_view>

namespace dga {

/// `text` as one printable line: control characters and bytes that are not valid UTF-8 become
/// `\xNN`.
std::string one_line(std::string_view text);

}  // namespace dga
