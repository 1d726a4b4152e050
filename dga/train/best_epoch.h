// SPDX-License-Identifier: Apache-2.0
//
// BestEpoch: finds the best epoch so far, and decides when to stop early.

#pragma once

#include <cstdint>

#include "dga/storage/run_results.h"

namespace dga {

/// Compares epochs by their validation error, by their held-out error if there is no validation
/// set, or by their loss if nothing is held out either. All workers
/// have these numbers bit for bit, so each decides for itself and all agree. Of equal epochs the
/// earlier is better. A NaN is worse than any other value.
class BestEpoch {
 public:
  /// `patience`: epochs without a new best one, after which training stops; 0 never stops.
  explicit BestEpoch(std::int64_t patience) : patience_(patience) {}

  /// Adds the next epoch. Returns true when it is the best so far; the first one always is.
  bool add(const EpochResult& epoch) noexcept;

  /// The number of the best epoch so far, from 1; 0 before any.
  std::int64_t number() const noexcept { return number_; }
  /// Whether none of the last `patience` epochs was the best.
  bool patience_is_over() const noexcept;

 private:
  std::int64_t patience_;
  std::int64_t last_ = 0;
  std::int64_t number_ = 0;
  double least_ = 0;
};

}  // namespace dga
