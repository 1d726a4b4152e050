// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/muon.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros_like.h>
#include <torch/optim/adamw.h>
#include <torch/optim/serialize.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <mutex>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/named_values.h"
#include "dga/parallel/own_optimizer.h"

namespace dga {
namespace {

constexpr NamedValues<MuonAdjust, 3> kAdjusts{
    {{"original", MuonAdjust::original},
     {"match_rms_adamw", MuonAdjust::match_rms_adamw},
     {"spectral_unclamped", MuonAdjust::spectral_unclamped}}};
constexpr NamedValues<MuonPrecision, 2> kPrecisions{
    {{"bf16", MuonPrecision::bf16}, {"f32", MuonPrecision::f32}}};

void check_muon(const MuonOptions& options) {
  check_at_least_0("Muon lr", options.lr());
  check_at_least_0("Muon weight_decay", options.weight_decay());
  DGA_CHECK(options.momentum() >= 0 && options.momentum() < 1,
            "[parallel] Muon momentum: expected 0 or more, below 1, found ", options.momentum(),
            ".");
  DGA_CHECK(std::isfinite(options.eps()) && options.eps() > 0,
            "[parallel] Muon eps: expected more than 0, found ", options.eps(), ".");
  DGA_CHECK(options.ns_steps() >= 1 && options.ns_steps() < 100,
            "[parallel] Muon ns_steps: expected 1 to 99, found ", options.ns_steps(), ".");
  const auto [a, b, c] = options.ns_coefficients();
  DGA_CHECK(std::isfinite(a) && std::isfinite(b) && std::isfinite(c),
            "[parallel] Muon ns_coefficients: expected three numbers, found ", a, ", ", b, " and ",
            c, ".");
}

double adjustment(const MuonOptions& options, const at::Tensor& matrix) {
  const auto rows = static_cast<double>(matrix.size(0));
  const auto columns = static_cast<double>(matrix.size(1));
  switch (options.adjust_lr()) {
    case MuonAdjust::match_rms_adamw:
      return 0.2 * std::sqrt(std::max(rows, columns));
    case MuonAdjust::spectral_unclamped:
      return std::sqrt(rows / columns);
    case MuonAdjust::original:
      break;
  }
  return std::sqrt(std::max(1.0, rows / columns));
}

at::ScalarType iteration_type(const at::Tensor& matrix, MuonPrecision precision) {
  if (precision == MuonPrecision::bf16) {
    return at::kBFloat16;
  }
  return matrix.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
}

/// The libraries behind matrix products choose their kernels at first use, which should not happen
/// in several threads at once (see kernel_warm_up.h).
void warm_up_iteration() {
  static std::once_flag once;
  std::call_once(once, [] {
    for (const auto precision : {MuonPrecision::bf16, MuonPrecision::f32}) {
      newton_schulz(at::ones({8, 8}), MuonOptions().precision(precision));
    }
  });
}

}  // namespace

std::string_view name_of(MuonAdjust adjust) {
  return name_in(kAdjusts, adjust);
}

MuonAdjust muon_adjust_from(std::string_view name) {
  return required_value_in(kAdjusts, name, "[parallel] Muon adjust_lr");
}

std::string_view name_of(MuonPrecision precision) {
  return name_in(kPrecisions, precision);
}

MuonPrecision muon_precision_from(std::string_view name) {
  return required_value_in(kPrecisions, name, "[parallel] Muon precision");
}

void MuonOptions::serialize(torch::serialize::OutputArchive& archive) const {
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(lr);
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(weight_decay);
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(momentum);
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(nesterov);
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(ns_coefficients);
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(eps);
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(ns_steps);
  archive.write("adjust_lr", c10::IValue(std::string(name_of(adjust_lr()))));
  archive.write("precision", c10::IValue(std::string(name_of(precision()))));
}

void MuonOptions::serialize(torch::serialize::InputArchive& archive) {
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(double, lr);
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(double, weight_decay);
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(double, momentum);
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(bool, nesterov);
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(Coefficients, ns_coefficients);
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(double, eps);
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(std::int64_t, ns_steps);
  c10::IValue text;
  archive.read("adjust_lr", text);
  adjust_lr(muon_adjust_from(text.toStringRef()));
  archive.read("precision", text);
  precision(muon_precision_from(text.toStringRef()));
}

void MuonParamState::serialize(torch::serialize::OutputArchive& archive) const {
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(momentum_buffer);
}

void MuonParamState::serialize(torch::serialize::InputArchive& archive) {
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(at::Tensor, momentum_buffer);
}

at::Tensor newton_schulz(const at::Tensor& matrix, const MuonOptions& options) {
  const auto [a, b, c] = options.ns_coefficients();
  const bool tall = matrix.size(0) > matrix.size(1);
  // The operators, their order and their strides are those of PyTorch's Muon, for the same bits.
  at::Tensor x = matrix.to(iteration_type(matrix, options.precision()), false, /*copy=*/true);
  if (tall) {
    x = x.t();
  }
  // The largest singular value is at most the norm.
  x.div_(at::linalg_vector_norm(x, 2).clamp_min(options.eps()));
  for (std::int64_t step = 0; step < options.ns_steps(); ++step) {
    const at::Tensor gram = at::mm(x, x.t());
    const at::Tensor polynomial = at::addmm(gram, gram, gram, b, c);
    x = at::addmm(x, polynomial, x, a);
  }
  return tall ? x.t() : x;
}

Muon::Muon(const std::vector<torch::optim::OptimizerParamGroup>& groups,
           const MuonOptions& defaults)
    : Optimizer(groups, std::make_unique<MuonOptions>(defaults)) {
  check_muon(defaults);
  adopt_options<MuonOptions>(*this, groups, "Muon", check_muon);
  for (const auto& group : param_groups()) {
    for (const at::Tensor& matrix : group.params()) {
      DGA_CHECK(matrix.dim() == 2,
                "[parallel] Muon: expected matrices, found a parameter of shape ", matrix.sizes(),
                ". Give it to an element-wise optimiser.");
    }
  }
  warm_up_iteration();
}

Muon::Muon(std::vector<at::Tensor> matrices, const MuonOptions& defaults)
    : Muon({torch::optim::OptimizerParamGroup(std::move(matrices))}, defaults) {}

at::Tensor Muon::step(LossClosure closure) {
  at::Tensor loss = loss_of(closure);
  const at::NoGradGuard no_grad;
  for (auto& group : param_groups()) {
    const auto& options = static_cast<const MuonOptions&>(group.options());
    for (at::Tensor& matrix : group.params()) {
      const at::Tensor& gradient = matrix.grad();
      if (!gradient.defined()) {
        continue;
      }
      auto& state = state_[matrix.unsafeGetTensorImpl()];
      if (state == nullptr) {
        auto fresh = std::make_unique<MuonParamState>();
        fresh->momentum_buffer(at::zeros_like(gradient));
        state = std::move(fresh);
      }
      at::Tensor& buffer = static_cast<MuonParamState&>(*state).momentum_buffer();
      buffer.lerp_(gradient, 1 - options.momentum());
      const at::Tensor update = newton_schulz(
          options.nesterov() ? gradient.lerp(buffer, options.momentum()) : buffer, options);
      matrix.mul_(1 - options.lr() * options.weight_decay());
      matrix.add_(update, -options.lr() * adjustment(options, matrix));
    }
  }
  return loss;
}

void Muon::save(torch::serialize::OutputArchive& archive) const {
  torch::optim::serialize<MuonParamState, MuonOptions>(archive, *this);
}

void Muon::load(torch::serialize::InputArchive& archive) {
  torch::optim::serialize<MuonParamState, MuonOptions>(archive, *this);
}

OptimizerFactory muon_factory(const MuonOptions& options, OptimizerFactory others,
                              std::vector<std::string> except) {
  check_muon(options);
  return matrix_optimizer_factory<Muon>(options, std::move(others), std::move(except));
}

OptimizerFactory muon_factory(const MuonOptions& options, std::vector<std::string> except) {
  return muon_factory(options,
                      optimizer_factory<torch::optim::AdamW>(torch::optim::AdamWOptions(1e-3)),
                      std::move(except));
}

}  // namespace dga
