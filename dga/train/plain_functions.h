// SPDX-License-Identifier: Apache-2.0
//
// Losses and metrics of programs that have no tensors: functions of plain arrays, which bring their
// own gradient. Free of torch.

#pragma once

#include <cstdint>
#include <functional>

#include "dga/train/train_extras.h"

namespace dga {

/// The samples of one call, rows without gaps, valid while the call lasts. Units are those of
/// LossFunction and MetricFunction.
struct PlainBatch {
  std::int64_t samples = 0;
  std::int64_t outputs = 0;
  const float* output = nullptr;          ///< (samples, outputs)
  const std::int64_t* classes = nullptr;  ///< (samples); null for regression
  const float* targets = nullptr;         ///< (samples, 1); null for classification
};

/// Answers the mean loss, and writes its derivative by `output` to `gradient`, (samples, outputs).
using PlainLoss = std::function<double(const PlainBatch& batch, float* gradient)>;
using PlainMetric = std::function<double(const PlainBatch& batch)>;

/// The loss as TrainExtras takes it: backward takes the gradient that `loss` wrote.
LossFunction loss_of(PlainLoss loss);
MetricFunction metric_of(PlainMetric metric);

}  // namespace dga
