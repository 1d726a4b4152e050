// SPDX-License-Identifier: Apache-2.0
//
// Baton: lets one of the workers of a carrier run at a time.

#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>

namespace dga {

/// The workers that one carrier carries are threads of one process. Each holds the baton while it
/// runs, and hands it on while it waits for other workers (see World). They get it in the order in
/// which they ask for it, so that none is left out.
///
/// Ordering: all state is guarded by mutex_. What a worker wrote before give() is visible to the
/// one whose take() returns next, because both lock mutex_.
class Baton {
 public:
  /// Blocks until this thread holds the baton. No timeout is needed: the holder either gives it
  /// back or computes, and a wait for a worker that computes ends by the timeout of that wait.
  void take();
  void give();

  /// Holds the baton while it lives.
  class Hold {
   public:
    explicit Hold(Baton& baton) : baton_(baton) { baton_.take(); }
    ~Hold() { baton_.give(); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    Baton& baton_;
  };
  /// Lends the baton of this thread to the others while it lives; does nothing without a baton.
  class Rest {
   public:
    explicit Rest(Baton* baton);
    ~Rest();
    Rest(const Rest&) = delete;
    Rest& operator=(const Rest&) = delete;

   private:
    Baton* baton_;
  };

 private:
  struct Waiter {
    std::condition_variable granted;
    bool has_it = false;
  };

  std::mutex mutex_;
  bool held_ = false;
  std::deque<Waiter*> waiters_;
};

}  // namespace dga
