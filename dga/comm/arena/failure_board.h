// SPDX-License-Identifier: Apache-2.0
//
// FailureBoard: holds the first failure that a node learns of, for all its workers to read.

#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace dga {

/// Lies in zero-initialised memory that all workers of a node share. Every wait polls it. Any
/// thread or process may call its functions at any time.
class FailureBoard {
 public:
  /// Records `text` if no failure has been recorded. Returns whether it did. Text beyond 2040 bytes
  /// is cut off.
  bool post(std::string_view text) noexcept;

  bool failed() const noexcept { return state_.load(std::memory_order_seq_cst) != kClear; }

  /// The text of the failure, or "" if there is none. Waits up to half a second for a worker that
  /// is writing it.
  std::string text() const;

 private:
  static constexpr std::uint32_t kClear = 0;
  static constexpr std::uint32_t kWriting = 1;
  static constexpr std::uint32_t kReady = 2;

  // The worker whose exchange kClear -> kWriting succeeds owns length_ and text_ until it stores
  // kReady, which releases them. Readers load kReady with acquire before they read the two. post()
  // and failed() are seq_cst because a worker that leaves an operation posts here and then looks at
  // its neighbours' `reading` flags, while a reader raises its flag and then looks here: at least
  // one of them must see the other (see World::ReadGuard).
  std::atomic<std::uint32_t> state_{kClear};
  std::uint32_t length_ = 0;
  std::array<char, 2040> text_{};
};

}  // namespace dga
