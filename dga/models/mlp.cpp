// SPDX-License-Identifier: Apache-2.0

#include "dga/models/mlp.h"

#include <ATen/ops/dropout.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>

#include <cmath>
#include <string>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/random.h"

namespace dga {
namespace {

/// Groups the layers under one name.
class Layers : public torch::nn::Module {};

void check_size(const char* what, std::int64_t size) {
  DGA_CHECK(size >= 1, "[models] mlp: expected ", what, " of at least 1, found ", size, ".");
}

/// Draws from dga's own stream, so that the values do not depend on the version of torch.
void fill_uniform(const at::Tensor& tensor, double bound, std::uint64_t key) {
  RandomStream stream(key);
  auto* values = tensor.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    values[i] = static_cast<float>((2 * stream.uniform() - 1) * bound);
  }
}

}  // namespace

Mlp::Mlp(std::int64_t inputs, const std::vector<std::int64_t>& hidden, std::int64_t outputs,
         double dropout)
    : dropout_(dropout) {
  check_size("inputs", inputs);
  check_size("outputs", outputs);
  DGA_CHECK(dropout >= 0 && dropout < 1,
            "[models] mlp: expected a dropout of at least 0 and below 1, found ", dropout, ".");
  const auto group = register_module("layers", std::make_shared<Layers>());
  std::int64_t width = inputs;
  std::vector<std::int64_t> sizes = hidden;
  sizes.push_back(outputs);
  for (const std::int64_t size : sizes) {
    check_size("hidden layers", size);
    layers_.push_back(
        group->register_module(std::to_string(layers_.size()), torch::nn::Linear(width, size)));
    width = size;
  }
}

at::Tensor Mlp::forward(const at::Tensor& samples) {
  at::Tensor x = samples.dim() == 2 ? samples : samples.flatten(1);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    x = at::linear(x, layers_[i]->weight, layers_[i]->bias);
    if (i + 1 < layers_.size()) {
      x = at::relu(x);
      if (dropout_ > 0 && is_training()) {
        x = at::dropout(x, dropout_, true);
      }
    }
  }
  return x;
}

void Mlp::initialise(std::uint64_t seed) {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const at::Tensor& weight = layers_[i]->weight;
    const double bound = 1 / std::sqrt(static_cast<double>(weight.size(1)));
    const std::string name = str("init layers.", i);
    fill_uniform(weight, bound, stream_key(seed, name + ".weight"));
    fill_uniform(layers_[i]->bias, bound, stream_key(seed, name + ".bias"));
  }
}

Model make_mlp(const ModelCard& card, std::uint64_t seed) {
  std::int64_t inputs = 1;
  for (const std::int64_t dim : card.input_shape) {
    inputs *= dim;
  }
  auto mlp = std::make_shared<Mlp>(inputs, card.hidden, card.outputs, card.dropout);
  mlp->initialise(seed);
  return as_model(std::move(mlp));
}

}  // namespace dga
