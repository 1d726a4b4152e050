// SPDX-License-Identifier: Apache-2.0
//
// Presence: what a worker tells the others of its node: whether it has finished, what it waits for,
// and whether it is reading another worker's memory.

#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace dga {

/// One worker's entry in zero-initialised shared memory. Its worker writes it; all workers of the
/// node and the launcher read it.
class Presence {
 public:
  enum class State : std::uint32_t { starting, running, finished };

  // The release and acquire make everything that the worker did before it changed its state visible
  // to those who see the new state.
  void set_state(State state) noexcept {
    state_.store(static_cast<std::uint32_t>(state), std::memory_order_release);
  }
  State state() const noexcept {
    return static_cast<State>(state_.load(std::memory_order_acquire));
  }

  /// The operation that this worker waits in; empty while it computes. At most 111 bytes. The words
  /// are atomic but relaxed: a reader may see a mix of two texts, which is acceptable because the
  /// text is only shown in errors.
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

  /// The number of steps that this worker has taken; 0: it has not said. Relaxed: the value is all
  /// that readers use.
  std::atomic<std::int64_t> steps{0};
  /// 1 while this worker reads other workers' buffers; see World::ReadGuard.
  std::atomic<std::uint32_t> reading{0};
  /// A heartbeat: changes during a long copy of memory, so that others see that it is alive; see
  /// Pulse.
  std::atomic<std::uint64_t> pulse{0};
  /// now_seconds() when this worker last saw itself, or one that it waits for, get on; 0: never.
  /// Relaxed: the value is all that readers use. Equal on all processes of a node.
  std::atomic<double> got_on{0};

 private:
  static constexpr std::size_t kTextBytes = 112;

  std::atomic<std::uint32_t> state_{0};
  std::array<std::atomic<std::uint64_t>, kTextBytes / 8> waiting_{};
};

}  // namespace dga
