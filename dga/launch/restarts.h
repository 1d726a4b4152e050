// SPDX-License-Identifier: Apache-2.0
//
// Restarts: decides whether the workers of a launch, or a job of dga launch, start again after a
// failure.

#pragma once

#include <cstdint>
#include <string>

namespace dga {

/// `text` with a full stop at its end.
std::string as_sentence(const std::string& text);

/// A start of the workers, and how far they came.
struct Attempt {
  int number = 0;          // how often they were started before
  std::int64_t steps = 0;  // the most that a worker has noted; 0: none
};

class Restarts {
 public:
  /// `most`: how often the workers may be started again.
  explicit Restarts(int most) noexcept : most_(most) {}

  /// Whether to start again after `attempt` has failed with the error `text`. Not when all are used
  /// up, when a signal asks for the end (StopSignal), or when the failure before was the same: at
  /// the same step or, before the first step, with the same text up to numbers. A program that is
  /// wrong would fail there each time.
  bool allow(const Attempt& attempt, const std::string& text);
  /// What to add to the first error when allow() has returned false: why there is no other start.
  /// Empty if restarts were never allowed.
  const std::string& reason() const noexcept { return reason_; }
  /// The text of the first of the failures that were alike, or else of the last one.
  const std::string& error() const noexcept { return error_; }

 private:
  int most_;
  std::int64_t last_steps_ = -1;
  std::string last_text_;  // without numbers
  std::string error_;
  std::string reason_;
};

}  // namespace dga
