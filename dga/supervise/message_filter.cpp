// SPDX-License-Identifier: Apache-2.0

#include "dga/supervise/message_filter.h"

#include <utility>

namespace dga {
namespace {

// A longer line is no message, and is not kept back any longer.
constexpr std::size_t kLongestMessage = 4096;

}  // namespace

std::string MessageFilter::feed(std::string_view piece, std::vector<SupervisorMessage>& found) {
  std::string all = std::exchange(kept_, {});
  all += piece;
  std::string_view text = all;
  std::string shown;
  while (!text.empty()) {
    const std::size_t start = text.find(kMessageStart);
    shown += text.substr(0, start);
    if (start == std::string_view::npos) {
      break;
    }
    text.remove_prefix(start);
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      if (text.size() <= kLongestMessage) {
        kept_ = text;
        break;
      }
      shown += text.front();
      text.remove_prefix(1);
      continue;
    }
    if (auto message = message_in(text.substr(0, end), job_)) {
      found.push_back(std::move(*message));
      text.remove_prefix(end + 1);
    } else {
      shown += text.front();
      text.remove_prefix(1);
    }
  }
  return shown;
}

std::string MessageFilter::rest() {
  return std::exchange(kept_, {});
}

}  // namespace dga
