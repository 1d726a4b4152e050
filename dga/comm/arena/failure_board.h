// SPDX-License-Identifier: Apache-2.0
//
// FailureBoard: where the first failure of a world is written, once, for every worker to read.

#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace dga {

/// Lies in memory that all workers of a node share, zero-initialised. Every wait looks at it.
class FailureBoard {
 public:
  /// Writes `text` unless a failure stands here already. Answers whether it was the first.
  bool post(std::string_view text) noexcept;

  bool failed() const noexcept { return state_.load(std::memory_order_seq_cst) != kClear; }

  /// The text of the failure; waits a moment for a writer that is just at it. Empty without one.
  std::string text() const;

 private:
  static constexpr std::uint32_t kClear = 0;
  static constexpr std::uint32_t kWriting = 1;
  static constexpr std::uint32_t kReady = 2;

  // The winner of kClear -> kWriting owns text_ until it stores kReady with release; readers load
  // kReady with acquire before they touch text_. seq_cst where the order against the readers' "I
  // am reading your memory" flags matters (see Presence).
  std::atomic<std::uint32_t> state_{kClear};
  std::uint32_t length_ = 0;
  std::array<char, 2040> text_{};
};

}  // namespace dga
