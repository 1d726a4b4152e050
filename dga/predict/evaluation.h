// SPDX-License-Identifier: Apache-2.0
//
// Evaluation: the error of a model on samples.

#pragma once

#include <ATen/core/Tensor.h>

#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "dga/data/dataset.h"
#include "dga/data/normalisation.h"
#include "dga/launch/environment.h"
#include "dga/models/model_factory.h"
#include "dga/predict/metric.h"

namespace dga {

struct ErrorSums {
  /// Classification: the number of misclassified samples, exact. Regression: the sum of squared
  /// errors, in units of the normalised target.
  double errors = 0;
  /// By metric: the sum over batches of its value times the batch's samples.
  std::vector<double> metrics = {};
};

/// Over samples `indices` of `dataset`, whose features and targets are as in training. The model
/// must be in evaluation mode; gradients are not recorded. Throws InvalidArgument when its output
/// is not (B, outputs), and DataError, which names a sample of `set`, such as "training", when a
/// score is NaN or the largest one infinite.
ErrorSums sum_of_errors(const Model& model, const ModelCard& card, const Dataset& dataset,
                        std::span<const std::int64_t> indices, std::span<const Metric> metrics,
                        std::string_view set);

/// The error of `model` on all of `dataset`, the same on every worker: the fraction of
/// misclassified samples, or the mean squared error. Each worker evaluates its shard of the
/// samples, in evaluation mode and without gradients, and then restores the module's mode. Call
/// GradientAccumulator::synchronize_buffers first if the module has buffers. Features and targets
/// of `dataset` are as in training. Collective; blocks. Throws InvalidArgument for a dataset
/// without samples and an output that is not (B, classes), or (B, 1) for regression. A score that
/// is not finite ends the call on all workers.
double mean_error(const Environment& env, const Model& model, const Dataset& dataset);
/// The same for anything that as_model takes.
template <typename Net>
requires(!std::same_as<Net, Model>) double mean_error(const Environment& env, const Net& net,
                                                      const Dataset& dataset) {
  return mean_error(env, as_model(net), dataset);
}

/// Throws InvalidArgument unless `output` of a model is f32 of shape (samples, outputs).
void check_output(const at::Tensor& output, std::int64_t samples, std::int64_t outputs);

/// A tensor over the features of a batch, which it does not own: (size, sample_shape...).
at::Tensor features_tensor(BufferView features, std::int64_t size,
                           const std::vector<std::int64_t>& sample_shape);

}  // namespace dga
