// SPDX-License-Identifier: Apache-2.0
//
// Inbox: where the workers of a node leave notes for one of them.

#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "dga/comm/wire.h"

namespace dga {

/// Lies in zero-initialised shared memory. Any worker of the node may put a note, its owner alone
/// takes them. Notes may be lost: those who need an answer ask again.
class Inbox {
 public:
  void put(std::string_view note) noexcept {
    for (Slot& slot : slots_) {
      std::uint32_t expected = kFree;
      if (note.size() <= slot.note.size() &&
          slot.state.compare_exchange_strong(expected, kWriting, std::memory_order_acquire)) {
        slot.bytes = static_cast<std::uint32_t>(note.size());
        std::memcpy(slot.note.data(), note.data(), note.size());
        slot.state.store(kReady, std::memory_order_release);
        return;
      }
    }
  }

  std::optional<std::string> take() {
    for (Slot& slot : slots_) {
      if (slot.state.load(std::memory_order_acquire) == kReady) {
        std::string note(slot.note.data(), std::min<std::size_t>(slot.bytes, slot.note.size()));
        slot.state.store(kFree, std::memory_order_release);
        return note;
      }
    }
    return std::nullopt;
  }

 private:
  static constexpr std::uint32_t kFree = 0;
  static constexpr std::uint32_t kWriting = 1;
  static constexpr std::uint32_t kReady = 2;

  // The worker whose exchange kFree -> kWriting succeeds owns the slot until it stores kReady; its
  // acquire pairs with the owner's release of kFree, so it does not write while the owner reads.
  // The release of kReady makes the note visible to the owner, which loads it with acquire. A
  // worker that is killed between the two leaves a slot that nobody uses again.
  struct Slot {
    std::atomic<std::uint32_t> state{kFree};
    std::uint32_t bytes = 0;
    std::array<char, Wire::kMostNote> note{};
  };
  std::array<Slot, 8> slots_{};
};

}  // namespace dga
