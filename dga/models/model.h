// SPDX-License-Identifier: Apache-2.0
//
// Model: what the trainer trains, and the list of those that can be had by name.

#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <memory>

#include "dga/models/model_factory.h"
#include "dga/storage/model_card.h"

namespace dga {

class Model : public torch::nn::Module {
 public:
  /// `samples` is (B, input_shape...), the answer (B, outputs): scores of classes, or predictions.
  virtual at::Tensor forward(const at::Tensor& samples) = 0;
  /// Draws every parameter anew, by (seed, its name) alone: the same on every worker and engine,
  /// whatever else the model consists of.
  virtual void initialise(std::uint64_t seed) = 0;
};

/// The model that `card` describes, not yet initialised. Any thread; torch's default random
/// generator is left alone. Throws InvalidArgument for a name that no model has, or sizes that make
/// no sense.
///
/// To add a model, add a line to the table in model.cpp.
std::shared_ptr<Model> make_model(const ModelCard& card);

/// The same from `factory`, which is called by one thread at a time; where it is empty, by name.
/// Throws InvalidArgument when it answers null.
std::shared_ptr<Model> make_model(const ModelCard& card, const ModelFactory& factory);

}  // namespace dga
