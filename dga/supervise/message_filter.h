// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dga/launch/supervisor_message.h"

namespace dga {

/// Takes the messages of a job out of what its ranks write on standard error, which comes in pieces
/// of any length.
class MessageFilter {
 public:
  explicit MessageFilter(std::string job) : job_(std::move(job)) {}

  /// Returns the text to be shown, and adds the messages to `found`. Text that may be the beginning
  /// of a message is kept for the next call.
  std::string feed(std::string_view piece, std::vector<SupervisorMessage>& found);
  /// What is kept: call it at the end.
  std::string rest();

 private:
  std::string job_;
  std::string kept_;  // begins with kMessageStart, or is empty
};

}  // namespace dga
