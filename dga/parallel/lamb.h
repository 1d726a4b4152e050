// SPDX-License-Identifier: Apache-2.0
//
// Lamb: Adam whose step for each parameter is scaled to the parameter's norm, for large batches.

#pragma once

#include <torch/arg.h>
#include <torch/optim/optimizer.h>

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "dga/parallel/optimizer_factory.h"

namespace dga {

/// Names and defaults are those of torch::optim::AdamWOptions, except that eps is 1e-6 instead of
/// 1e-8, and there is no amsgrad.
struct LambOptions : public torch::optim::OptimizerCloneableOptions<LambOptions> {
  using Betas = std::tuple<double, double>;

  explicit LambOptions(double lr = 1e-3) : lr_(lr) {}
  TORCH_ARG(double, lr);
  TORCH_ARG(Betas, betas) = {0.9, 0.999};
  TORCH_ARG(double, eps) = 1e-6;
  TORCH_ARG(double, weight_decay) = 0.01;

 public:
  void serialize(torch::serialize::InputArchive& archive) override;
  void serialize(torch::serialize::OutputArchive& archive) const override;
  double get_lr() const override { return lr_; }
  void set_lr(const double lr) override { lr_ = lr; }
};

struct LambParamState : public torch::optim::OptimizerCloneableParamState<LambParamState> {
  TORCH_ARG(std::int64_t, step) = 0;
  TORCH_ARG(at::Tensor, exp_avg);
  TORCH_ARG(at::Tensor, exp_avg_sq);

 public:
  void serialize(torch::serialize::InputArchive& archive) override;
  void serialize(torch::serialize::OutputArchive& archive) const override;
};

/// An ordinary torch optimiser over parameters of any shape: algorithm 2 of You et al., "Large
/// Batch Optimization for Deep Learning: Training BERT in 76 minutes", ICLR 2020, with the identity
/// as its phi:
///
///     update    = Adam's step without the learning rate + weight_decay * parameter
///     parameter = parameter - lr * norm(parameter) / norm(update) * update
///
/// The ratio of the norms is 1 if either is 0. Can be saved and loaded through archives like
/// torch's own.
class Lamb : public torch::optim::Optimizer {
 public:
  /// Throws InvalidArgument for options out of range.
  explicit Lamb(const std::vector<torch::optim::OptimizerParamGroup>& groups,
                const LambOptions& defaults = LambOptions());
  explicit Lamb(std::vector<at::Tensor> parameters, const LambOptions& defaults = LambOptions());

  at::Tensor step(LossClosure closure = nullptr) override;
  void save(torch::serialize::OutputArchive& archive) const override;
  void load(torch::serialize::InputArchive& archive) override;
};

/// Lamb for all parameters but those in `except` (see AtomicOptimizer), which `others` updates. It
/// is usual to except biases and the parameters of normalisation layers.
OptimizerFactory lamb_factory(const LambOptions& options, OptimizerFactory others,
                              std::vector<std::string> except = {});
/// Uses AdamW with Lamb's learning rate for the others.
OptimizerFactory lamb_factory(const LambOptions& options, std::vector<std::string> except = {});

}  // namespace dga
