// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>

namespace dga {

/// Pauses between attempts: exponential backoff with jitter, up to a total time.
class Retry {
 public:
  struct Limits {
    double first_s = 0.05;  // the mean of the first pause; each further one is twice as long
    double longest_s = 4;   // the mean of the longest pause
    double total_s = 60;    // from the construction to the last attempt
  };
  explicit Retry(Limits limits);
  Retry() : Retry(Limits()) {}

  /// Sleeps before another attempt. Returns false, without sleeping, once the total time is over.
  bool pause();
  int attempts() const noexcept { return attempts_; }
  double seconds() const;

 private:
  Limits limits_;
  double began_;
  double mean_s_;
  int attempts_ = 1;
};

}  // namespace dga
