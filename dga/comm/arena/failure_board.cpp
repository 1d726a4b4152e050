// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/arena/failure_board.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace dga {

bool FailureBoard::post(std::string_view text) noexcept {
  std::uint32_t expected = kClear;
  if (!state_.compare_exchange_strong(expected, kWriting, std::memory_order_seq_cst)) {
    return false;
  }
  length_ = static_cast<std::uint32_t>(std::min(text.size(), text_.size()));
  std::copy_n(text.data(), length_, text_.data());
  state_.store(kReady, std::memory_order_seq_cst);
  return true;
}

std::string FailureBoard::text() const {
  if (!failed()) {
    return {};
  }
  // A worker that is killed between its two stores leaves kWriting behind for ever, so this wait
  // has a limit: 500 ms.
  for (int i = 0; i < 500 && state_.load(std::memory_order_acquire) != kReady; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  if (state_.load(std::memory_order_acquire) != kReady) {
    return "[comm] a worker died while it reported a failure. See the output of the workers.";
  }
  return {text_.data(), length_};
}

}  // namespace dga
