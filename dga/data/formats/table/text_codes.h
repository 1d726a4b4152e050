// SPDX-License-Identifier: Apache-2.0
//
// TextCodes: the different texts of a column, numbered as they come.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace dga {

class TextCodes {
 public:
  /// The number of `text`: 0, 1, … in the order of the first calls.
  std::int64_t code(std::string_view text);
  const std::vector<std::string>& texts() const noexcept { return texts_; }

 private:
  std::map<std::string, std::int64_t, std::less<>> codes_;
  std::vector<std::string> texts_;
};

/// The texts of all, ascending by bytes, each once.
std::vector<std::string> all_texts(const std::vector<const TextCodes*>& parts);

/// By code: the position in `sorted`, or -1 for a text that is not in it.
std::vector<std::int64_t> positions_in(const std::vector<std::string>& sorted,
                                       const TextCodes& texts);

}  // namespace dga
