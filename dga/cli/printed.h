// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string_view>

namespace dga {

/// Throws Error if standard output has not taken everything that was printed: it is full, or its
/// reader has gone. `done`: what the command has done all the same, as a sentence that begins with
/// a space; or "".
void check_printed(std::string_view done);

}  // namespace dga
