// SPDX-License-Identifier: Apache-2.0

#include "dga/train/best_epoch.h"

#include <cmath>

namespace dga {

bool BestEpoch::add(const EpochResult& epoch) noexcept {
  const double measure = epoch.val_error.value_or(epoch.test_error.value_or(epoch.loss));
  last_ = epoch.epoch;
  const bool better =
      number_ == 0 || measure < least_ || (std::isnan(least_) && !std::isnan(measure));
  if (better) {
    number_ = epoch.epoch;
    least_ = measure;
  }
  return better;
}

bool BestEpoch::patience_is_over() const noexcept {
  return patience_ > 0 && last_ - number_ >= patience_;
}

}  // namespace dga
