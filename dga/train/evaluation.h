// SPDX-License-Identifier: Apache-2.0
//
// Evaluation: how wrong a model is about samples.

#pragma once

#include <cstdint>
#include <span>

#include "dga/data/dataset.h"
#include "dga/models/model.h"

namespace dga {

/// Over samples `indices` of `dataset`, features and targets being those the model was trained on:
/// the number of samples it gets wrong (classification; exact), or the sum of squared errors in
/// units of the normalised target (regression). The model must be in evaluation mode; gradients are
/// not recorded.
double sum_of_errors(Model& model, const ModelCard& card, const Dataset& dataset,
                     std::span<const std::int64_t> indices);

/// The features of a batch as a tensor that borrows them: (size, sample_shape...).
at::Tensor features_tensor(BufferView features, std::int64_t size,
                           const std::vector<std::int64_t>& sample_shape);

/// Targets as the model is trained on: (y - target_mean) / target_scale, in place.
void normalise_targets(const ModelCard& card, BufferView targets) noexcept;

}  // namespace dga
