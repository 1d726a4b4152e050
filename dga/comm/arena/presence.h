// SPDX-License-Identifier: Apache-2.0
//
// Presence: what the workers of a node tell each other about themselves: alive or done, what they
// wait for, and whether they are reading somebody else's memory at this moment.

#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace dga {

/// One worker's entry; zero-initialised, written by its worker (and its launcher), read by all.
class Presence {
 public:
  enum class State : std::uint32_t { starting, running, finished };

  void set_state(State state) noexcept {
    state_.store(static_cast<std::uint32_t>(state), std::memory_order_release);
  }
  State state() const noexcept {
    return static_cast<State>(state_.load(std::memory_order_acquire));
  }

  /// What this worker waits for; empty while it computes. Relaxed words: a reader may catch a mix
  /// of two texts, which is good enough for the sentence it goes into.
  void set_waiting(std::string_view text) noexcept {
    std::array<char, kTextBytes> bytes{};
    std::memcpy(bytes.data(), text.data(), std::min(text.size(), kTextBytes - 1));
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data() + 8 * i, 8);
      waiting_[i].store(word, std::memory_order_relaxed);
    }
  }
  std::string waiting() const {
    std::array<char, kTextBytes + 1> bytes{};
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      const std::uint64_t word = waiting_[i].load(std::memory_order_relaxed);
      std::memcpy(bytes.data() + 8 * i, &word, 8);
    }
    return bytes.data();
  }

  /// Raised while this worker reads other workers' buffers (see World::ReadGuard).
  std::atomic<std::uint32_t> reading{0};

 private:
  static constexpr std::size_t kTextBytes = 112;

  std::atomic<std::uint32_t> state_{0};
  std::array<std::atomic<std::uint64_t>, kTextBytes / 8> waiting_{};
};

}  // namespace dga
