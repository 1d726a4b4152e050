// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/table/text_codes.h"

#include <algorithm>
#include <set>

namespace dga {

std::int64_t TextCodes::code(std::string_view text) {
  const auto known = codes_.find(text);
  if (known != codes_.end()) {
    return known->second;
  }
  const auto code = static_cast<std::int64_t>(texts_.size());
  texts_.emplace_back(text);
  codes_.emplace(text, code);
  return code;
}

std::vector<std::string> all_texts(const std::vector<const TextCodes*>& parts) {
  std::set<std::string> all;
  for (const TextCodes* part : parts) {
    all.insert(part->texts().begin(), part->texts().end());
  }
  return {all.begin(), all.end()};
}

std::vector<std::int64_t> positions_in(const std::vector<std::string>& sorted,
                                       const TextCodes& texts) {
  std::vector<std::int64_t> positions;
  positions.reserve(texts.texts().size());
  for (const std::string& text : texts.texts()) {
    const auto found = std::lower_bound(sorted.begin(), sorted.end(), text);
    positions.push_back(found != sorted.end() && *found == text ? found - sorted.begin() : -1);
  }
  return positions;
}

}  // namespace dga
