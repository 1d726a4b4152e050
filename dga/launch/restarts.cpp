// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/restarts.h"

#include <algorithm>
#include <utility>

#include "dga/base/error.h"
#include "dga/launch/stop_signal.h"

namespace dga {
namespace {

/// Without what differs between two failures of one kind: numbers of workers and processes, and who
/// waited for the worker.
std::string kind_of_failure(const std::string& text) {
  std::string kind = text.substr(0, text.find(';'));
  std::erase_if(kind, [](char c) { return c >= '0' && c <= '9'; });
  return kind;
}

}  // namespace

std::string as_sentence(const std::string& text) {
  return text.ends_with('.') ? text : text + '.';
}

bool Restarts::allow(const Attempt& attempt, const std::string& text) {
  const std::string kind = kind_of_failure(text);
  const bool same = attempt.number > 0 && attempt.steps == last_steps_ &&
                    (attempt.steps > 0 || kind == last_text_);
  last_steps_ = attempt.steps;
  last_text_ = kind;
  if (!same) {
    error_ = text;
  }
  if (most_ == 0 || StopSignal::requested()) {
    return false;
  }
  if (same) {
    error_ = as_sentence(error_);
    reason_ = str(" It happened again after a restart, ",
                  attempt.steps > 0 ? str("after step ", attempt.steps) : "before the first step",
                  ", so there is no other one.");
    return false;
  }
  if (attempt.number >= most_) {
    error_ = as_sentence(error_);
    reason_ = str(" All ", most_, " restarts are used up.");
    return false;
  }
  return true;
}

}  // namespace dga
