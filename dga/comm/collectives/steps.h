// SPDX-License-Identifier: Apache-2.0
//
// Steps: the coroutine of a collective. It pauses wherever it has to wait for other workers. The
// code that resumes it decides whether to sleep, to poll, or to compute something else meanwhile.

#pragma once

#include <coroutine>
#include <exception>
#include <utility>

#include "dga/comm/arena/wait_word.h"

namespace dga {

/// What a paused collective waits for: a round of a phase, or its messages between nodes.
struct Awaited {
  enum class What : unsigned char { nothing, phase, wire };
  What what = What::nothing;
  Phase* phase = nullptr;
  std::uint32_t round = 0;
};

class Steps {
 public:
  // NOLINTNEXTLINE(readability-identifier-naming): the language requires this name
  struct promise_type {
    Awaited awaited;
    std::exception_ptr error;

    Steps get_return_object() {
      return Steps(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { error = std::current_exception(); }

    struct Pause {
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<>) const noexcept {}
      void await_resume() const noexcept {}
    };
    /// `co_await awaited` always pauses. If the wait is already over, the caller resumes at once.
    Pause await_transform(const Awaited& what) noexcept {
      awaited = what;
      return {};
    }
  };

  Steps() = default;
  Steps(Steps&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Steps& operator=(Steps&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Steps(const Steps&) = delete;
  Steps& operator=(const Steps&) = delete;
  ~Steps() {
    if (handle_) {
      handle_.destroy();
    }
  }

  bool done() const noexcept { return handle_.done(); }
  const Awaited& awaited() const noexcept { return handle_.promise().awaited; }
  /// Runs to the next pause or to the end. Throws what the coroutine throws.
  void resume() {
    handle_.promise().awaited = {};
    handle_.resume();
    if (handle_.promise().error) {
      std::rethrow_exception(std::exchange(handle_.promise().error, nullptr));
    }
  }

 private:
  explicit Steps(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}

  std::coroutine_handle<promise_type> handle_;
};

}  // namespace dga
