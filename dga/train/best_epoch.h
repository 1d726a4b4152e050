// SPDX-License-Identifier: Apache-2.0
//
// BestEpoch: which epoch was the best so far, and whether to give up waiting for a better one.

#pragma once

#include <cstdint>

#include "dga/storage/run_results.h"

namespace dga {

/// Judges epochs by their error on the held-out samples, or by their loss where none are held out:
/// numbers that all workers have, to the last bit, so each can judge for itself. Of equal epochs
/// the earlier is better; one whose number is NaN is worse than any other.
class BestEpoch {
 public:
  /// `patience`: 0 never gives up.
  explicit BestEpoch(std::int64_t patience) : patience_(patience) {}

  /// The next epoch. True when it is the best so far, as the first one is.
  bool add(const EpochResult& epoch) noexcept;

  /// The best so far, counted from 1; 0 before any.
  std::int64_t number() const noexcept { return number_; }
  /// The last `patience` epochs were none of them the best.
  bool patience_is_over() const noexcept;

 private:
  std::int64_t patience_;
  std::int64_t last_ = 0;
  std::int64_t number_ = 0;
  double least_ = 0;
};

}  // namespace dga
