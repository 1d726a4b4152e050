// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dga {

/// "scheme://authority/path", or nothing if `text` is a plain path.
struct Uri {
  std::string scheme;     // lower case
  std::string authority;  // "host:port"
  std::string path;       // with its leading '/', or empty; not decoded
};
std::optional<Uri> parse_uri(std::string_view text);

/// Decodes percent-encoded bytes, such as %20. What is no such code stays.
std::string percent_decoded(std::string_view text);

}  // namespace dga
