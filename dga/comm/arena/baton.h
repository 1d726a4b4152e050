// SPDX-License-Identifier: Apache-2.0
//
// Baton: lets one of the workers of a carrier run at a time.

#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
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
  /// What a worker waits for.
  struct Turn {
    int holder = 0;    // the worker that has the baton
    double since = 0;  // now_seconds() when it got it, or when this wait began, if later
  };
  /// Called while a worker waits; what it throws ends the wait.
  using Check = std::function<void(const Turn& turn)>;

  /// Blocks until worker `rank` holds the baton. Calls `check` twenty times a second. If it throws,
  /// the worker does not get the baton, and the exception is passed on.
  void take(int rank, const Check& check);
  /// Hands the baton on, if worker `rank` holds it: one whose take() threw does not.
  void give(int rank);

  /// Holds the baton while it lives.
  class Hold {
   public:
    /// Throws what `check` does.
    Hold(Baton& baton, int rank, const Check& check);
    ~Hold() { baton_.give(rank_); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    Baton& baton_;
    int rank_;
  };
  /// Lends the baton of worker `rank` to the others until end(); does nothing without a baton.
  class Rest {
   public:
    Rest(Baton* baton, int rank, Check check);
    /// As end(), but what `check` throws is dropped: the worker then goes on without the baton.
    /// That happens while an exception passes, and the worker is about to end.
    ~Rest();
    Rest(const Rest&) = delete;
    Rest& operator=(const Rest&) = delete;

    /// Takes the baton back. Throws what `check` does. Call it once.
    void end();

   private:
    Baton* baton_;  // null once it is taken back, or given up
    int rank_;
    Check check_;
  };

 private:
  struct Waiter {
    int rank;
    std::condition_variable granted = {};
    bool has_it = false;
  };
  static constexpr int kNobody = -1;

  void hold(int rank);
  void pass_on();

  std::mutex mutex_;
  int holder_ = kNobody;
  double since_ = 0;
  std::deque<Waiter*> waiters_;
};

}  // namespace dga
