// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <string_view>

namespace dga {

/// `text` as one line that any terminal can show: control characters, and bytes that are no UTF-8,
/// become `\xNN`.
std::string one_line(std::string_view text);

}  // namespace dga
