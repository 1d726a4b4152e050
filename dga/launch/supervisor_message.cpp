// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/supervisor_message.h"

#include <charconv>

#include "dga/base/error.h"
#include "dga/base/named_values.h"
#include "dga/base/one_line.h"

namespace dga {
namespace {

using Kind = SupervisorMessage::Kind;

constexpr NamedValues<Kind, 5> kMessageKinds{{{"workers", Kind::workers},
                                              {"joined", Kind::joined},
                                              {"steps", Kind::steps},
                                              {"ended", Kind::ended},
                                              {"failed", Kind::failed}}};

/// The text before the next space; `rest` begins behind that.
std::string_view next_word(std::string_view& rest) noexcept {
  const std::size_t end = rest.find(' ');
  const std::string_view word = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return word;
}

}  // namespace

std::string to_line(const SupervisorMessage& message, std::string_view job) {
  // A line of up to 4096 bytes reaches the pipe of a launcher in one piece.
  constexpr std::size_t kLongestText = 3500;
  return str(kMessageStart, "dga ", job, ' ', name_in(kMessageKinds, message.kind), ' ',
             message.number, ' ', one_line(message.text).substr(0, kLongestText), '\n');
}

std::optional<SupervisorMessage> message_in(std::string_view line, std::string_view job) {
  if (line.empty() || line.front() != kMessageStart) {
    return std::nullopt;
  }
  line.remove_prefix(1);
  if (next_word(line) != "dga" || next_word(line) != job) {
    return std::nullopt;
  }
  const auto kind = value_in(kMessageKinds, next_word(line));
  const std::string_view digits = next_word(line);
  SupervisorMessage message;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), message.number);
  if (!kind || error != std::errc() || end != digits.data() + digits.size() || message.number < 0) {
    return std::nullopt;
  }
  message.kind = *kind;
  message.text = line;
  return message;
}

}  // namespace dga
