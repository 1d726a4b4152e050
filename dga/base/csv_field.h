// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <string_view>

namespace dga {

/// A field of CSV (RFC 4180): `text`, in quotes where it must be.
std::string csv_field(std::string_view text);

}  // namespace dga
