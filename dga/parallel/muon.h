// SPDX-License-Identifier: Apache-2.0
//
// Muon: updates a matrix by its momentum, made nearly orthogonal. For the hidden matrices of a
// network; all other parameters need an element-wise optimiser (muon_factory).

#pragma once

#include <torch/arg.h>
#include <torch/optim/optimizer.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "dga/parallel/optimizer_factory.h"

namespace dga {

/// The factor of the learning rate for a matrix with r rows and c columns.
enum class MuonAdjust {
  original,            // sqrt(max(1, r / c))
  match_rms_adamw,     // 0.2 sqrt(max(r, c)): AdamW's learning rate and weight decay fit
  spectral_unclamped,  // sqrt(r / c)
};
std::string_view name_of(MuonAdjust adjust);
/// Throws InvalidArgument for an unknown name.
MuonAdjust muon_adjust_from(std::string_view name);

/// Precision of the Newton-Schulz iteration.
enum class MuonPrecision {
  bf16,  // as torch.optim.Muon
  f32,   // f64 for matrices in f64
};
std::string_view name_of(MuonPrecision precision);
/// Throws InvalidArgument for an unknown name.
MuonPrecision muon_precision_from(std::string_view name);

/// Names and defaults of torch.optim.Muon in Python, plus `precision`.
struct MuonOptions : public torch::optim::OptimizerCloneableOptions<MuonOptions> {
  using Coefficients = std::tuple<double, double, double>;

  explicit MuonOptions(double lr = 1e-3) : lr_(lr) {}
  TORCH_ARG(double, lr);
  /// Decoupled: the matrix is multiplied by 1 - lr * weight_decay, independently of `adjust_lr`.
  TORCH_ARG(double, weight_decay) = 0.1;
  /// The momentum is an average: momentum * old + (1 - momentum) * gradient. In [0, 1).
  TORCH_ARG(double, momentum) = 0.95;
  TORCH_ARG(bool, nesterov) = true;
  /// Each iteration replaces X by a X + b (X X^T) X + c (X X^T)^2 X.
  TORCH_ARG(Coefficients, ns_coefficients) = {3.4445, -4.7750, 2.0315};
  /// Lower bound of the norm used for normalisation before the first iteration. Above 0.
  TORCH_ARG(double, eps) = 1e-7;
  /// Number of iterations, 1 to 99.
  TORCH_ARG(std::int64_t, ns_steps) = 5;
  TORCH_ARG(MuonAdjust, adjust_lr) = MuonAdjust::original;
  TORCH_ARG(MuonPrecision, precision) = MuonPrecision::bf16;

 public:
  void serialize(torch::serialize::InputArchive& archive) override;
  void serialize(torch::serialize::OutputArchive& archive) const override;
  double get_lr() const override { return lr_; }
  void set_lr(const double lr) override { lr_ = lr; }
};

struct MuonParamState : public torch::optim::OptimizerCloneableParamState<MuonParamState> {
  TORCH_ARG(at::Tensor, momentum_buffer);

 public:
  void serialize(torch::serialize::InputArchive& archive) override;
  void serialize(torch::serialize::OutputArchive& archive) const override;
};

/// `matrix` (2-D) with its singular values brought near 1, in the precision of the iteration; the
/// same shape. Uses ns_coefficients, eps, ns_steps and precision of `options`.
at::Tensor newton_schulz(const at::Tensor& matrix, const MuonOptions& options);

/// An ordinary torch optimiser over matrices, with the arithmetic of torch.optim.Muon in Python:
///
///     buffer = lerp(buffer, gradient, 1 - momentum)
///     update = newton_schulz(nesterov ? lerp(gradient, buffer, momentum) : buffer)
///     matrix = matrix * (1 - lr * weight_decay) - lr * adjustment * update
///
/// Can be saved and loaded through archives like torch's own.
class Muon : public torch::optim::Optimizer {
 public:
  /// Throws InvalidArgument for options out of range and for parameters without two dimensions.
  explicit Muon(const std::vector<torch::optim::OptimizerParamGroup>& groups,
                const MuonOptions& defaults = MuonOptions());
  explicit Muon(std::vector<at::Tensor> matrices, const MuonOptions& defaults = MuonOptions());

  at::Tensor step(LossClosure closure = nullptr) override;
  void save(torch::serialize::OutputArchive& archive) const override;
  void load(torch::serialize::InputArchive& archive) override;
};

/// Muon for matrices and `others` for all other parameters. `except` names matrices that Muon
/// should not update, such as embeddings and the output layer (see AtomicOptimizer). Each optimiser
/// has its own learning rate; a schedule multiplies both.
OptimizerFactory muon_factory(const MuonOptions& options, OptimizerFactory others,
                              std::vector<std::string> except = {});
/// Uses AdamW with torch's defaults, lr 1e-3, for the others.
OptimizerFactory muon_factory(const MuonOptions& options, std::vector<std::string> except = {});

}  // namespace dga
