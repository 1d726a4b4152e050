// SPDX-License-Identifier: Apache-2.0
//
// Evaluation: how wrong a model is about samples.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dga/data/dataset.h"
#include "dga/data/normalisation.h"
#include "dga/models/model.h"
#include "dga/predict/metric.h"

namespace dga {

struct ErrorSums {
  /// The number of samples it gets wrong (classification; exact), or the sum of squared errors in
  /// units of the normalised target (regression).
  double errors = 0;
  /// By metric: the sum of what it says about each batch, times the batch's samples.
  std::vector<double> metrics = {};
};

/// Over samples `indices` of `dataset`, features and targets being those the model was trained on.
/// The model must be in evaluation mode; gradients are not recorded. Throws InvalidArgument when
/// its output is not (B, outputs).
ErrorSums sum_of_errors(Model& model, const ModelCard& card, const Dataset& dataset,
                        std::span<const std::int64_t> indices,
                        std::span<const Metric> metrics = {});

/// Throws InvalidArgument unless `output`, a model's, is f32 of shape (samples, outputs).
void check_output(const at::Tensor& output, std::int64_t samples, std::int64_t outputs);

/// The features of a batch as a tensor that borrows them: (size, sample_shape...).
at::Tensor features_tensor(BufferView features, std::int64_t size,
                           const std::vector<std::int64_t>& sample_shape);

/// How the targets of `card`'s model are normalised.
TargetNormalisation target_normalisation_of(const ModelCard& card) noexcept;

}  // namespace dga
