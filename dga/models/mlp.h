// SPDX-License-Identifier: Apache-2.0
//
// Mlp: fully connected layers with ReLU between them.

#pragma once

#include <torch/nn/modules/linear.h>

#include <cstdint>
#include <vector>

#include "dga/models/model_factory.h"

namespace dga {

/// (B, …, inputs in all) -> hidden[0] -> ReLU, dropout -> hidden[1] -> … -> (B, outputs).
/// Without hidden layers it is a linear model. Parameters are called layers.0.weight,
/// layers.0.bias, layers.1.weight, …, in torch's shapes.
class Mlp : public torch::nn::Module {
 public:
  /// Throws InvalidArgument for a size below 1 or a dropout outside [0, 1).
  Mlp(std::int64_t inputs, const std::vector<std::int64_t>& hidden, std::int64_t outputs,
      double dropout = 0);

  at::Tensor forward(const at::Tensor& samples);
  /// Draws every parameter from a stream keyed by (seed, parameter name), so that equal layers of
  /// different networks have equal initial values: uniform in ±1 / sqrt(number of inputs of the
  /// layer), as torch::nn::Linear does.
  void initialise(std::uint64_t seed);

 private:
  std::vector<torch::nn::Linear> layers_;
  double dropout_;
};

/// The network of `card`, initialised by `seed`.
Model make_mlp(const ModelCard& card, std::uint64_t seed);

}  // namespace dga
