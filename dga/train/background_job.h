// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

namespace dga {

/// Runs one piece of work at a time in a thread of its own. Used by one thread.
class BackgroundJob {
 public:
  BackgroundJob() = default;
  /// Waits for the work.
  ~BackgroundJob() { static_cast<void>(wait()); }
  BackgroundJob(const BackgroundJob&) = delete;
  BackgroundJob& operator=(const BackgroundJob&) = delete;

  /// Call it when no other work is under way. What `work` throws is kept for wait(). If the system
  /// refuses a thread, the work is done before this returns.
  void start(std::function<void()> work);
  /// Whether there is work that has not ended.
  bool is_busy() const noexcept {
    return thread_.joinable() && !ended_.load(std::memory_order_acquire);
  }
  /// Waits until the work has ended. Returns the text of what it threw, or "".
  std::string wait() noexcept;

 private:
  void run(const std::function<void()>& work) noexcept;

  std::thread thread_;
  std::string error_;  // written by the thread, read after it was joined
  // Released when all else that the thread does is done: whoever sees it need not wait.
  std::atomic<bool> ended_ = false;
};

}  // namespace dga
