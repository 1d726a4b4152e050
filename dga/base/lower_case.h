// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

namespace dga {

/// `text` with the letters A-Z as a-z. Other characters stay as they are.
inline std::string lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') {
      c = static_cast<char>(c - 'A' + 'a');
    }
  }
  return text;
}

}  // namespace dga
