// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <string_view>

namespace dga {

/// `text` as a field of CSV (RFC 4180): quoted if necessary, with quotes inside it doubled.
std::string csv_field(std::string_view text);

}  // namespace dga
