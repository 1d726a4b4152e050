// SPDX-License-Identifier: Apache-2.0
//
// The words of a line of LIBSVM.

#pragma once

#include <algorithm>
#include <string_view>

namespace dga {

/// Takes the next word of `line`; empty at its end.
inline std::string_view take_word(std::string_view& line) {
  constexpr std::string_view kBlanks = " \t\r\v\f";
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  return word;
}

inline std::string_view without_comment(std::string_view line) {
  return line.substr(0, line.find('#'));
}

}  // namespace dga
