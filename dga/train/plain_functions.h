// SPDX-License-Identifier: Apache-2.0
//
// Losses and metrics for programs without tensors: functions of plain arrays. A loss computes its
// own gradient. Includes no torch header.

#pragma once

#include <cstdint>
#include <functional>

#include "dga/train/train_extras.h"

namespace dga {

/// The samples of one call, as dense rows, valid during the call. Units are those of LossFunction
/// and MetricFunction.
struct PlainBatch {
  std::int64_t samples = 0;
  std::int64_t outputs = 0;
  const float* output = nullptr;          ///< (samples, outputs)
  const std::int64_t* classes = nullptr;  ///< (samples); null for regression
  const float* targets = nullptr;         ///< (samples, 1); null for classification
};

/// Returns the mean loss, and writes its derivative by `output` to `gradient`, (samples, outputs).
using PlainLoss = std::function<double(const PlainBatch& batch, float* gradient)>;
/// Returns the mean of the metric over the batch.
using PlainMetric = std::function<double(const PlainBatch& batch)>;

/// Converts a loss for TrainExtras. Its backward uses the gradient that `loss` wrote.
LossFunction loss_of(PlainLoss loss);
/// Converts a metric for TrainExtras.
MetricFunction metric_of(PlainMetric metric);

}  // namespace dga
