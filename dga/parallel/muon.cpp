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
#include <array>
#include <cmath>
#include <memory>
#include <mutex>
#include <utility>

#include "dga/base/error.h"

namespace dga {
namespace {

template <typename Enum, std::size_t kCount>
using Names = std::array<std::pair<Enum, std::string_view>, kCount>;

constexpr Names<MuonAdjust, 3> kAdjusts{{{MuonAdjust::original, "original"},
                                         {MuonAdjust::match_rms_adamw, "match_rms_adamw"},
                                         {MuonAdjust::spectral_unclamped, "spectral_unclamped"}}};
constexpr Names<MuonPrecision, 2> kPrecisions{
    {{MuonPrecision::bf16, "bf16"}, {MuonPrecision::f32, "f32"}}};

template <typename Enum, std::size_t kCount>
std::string_view name_in(const Names<Enum, kCount>& names, Enum value) {
  return std::find_if(names.begin(), names.end(),
                      [&](const auto& entry) { return entry.first == value; })
      ->second;
}

template <typename Enum, std::size_t kCount>
Enum value_in(const Names<Enum, kCount>& names, std::string_view name, const char* what) {
  std::string all;
  for (const auto& [value, known] : names) {
    if (known == name) {
      return value;
    }
    all += dga::str(all.empty() ? "" : ", ", known);
  }
  throw InvalidArgument(
      dga::str("[parallel] Muon ", what, ": expected one of ", all, ", found '", name, "'."));
}

void check(const MuonOptions& options) {
  const auto check_at_least_0 = [](const char* name, double value) {
    DGA_CHECK(std::isfinite(value) && value >= 0, "[parallel] Muon ", name,
              ": expected 0 or more, found ", value, ".");
  };
  check_at_least_0("lr", options.lr());
  check_at_least_0("weight_decay", options.weight_decay());
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
  return value_in(kAdjusts, name, "adjust_lr");
}

std::string_view name_of(MuonPrecision precision) {
  return name_in(kPrecisions, precision);
}

MuonPrecision muon_precision_from(std::string_view name) {
  return value_in(kPrecisions, name, "precision");
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
  check(defaults);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    auto& group = param_groups()[i];
    if (groups[i].has_options()) {
      // torch 2.15 keeps a group's options only if their type is one of its own.
      group.set_options(groups[i].options().clone());
    }
    const auto* options = dynamic_cast<const MuonOptions*>(&group.options());
    DGA_CHECK(options != nullptr, "[parallel] Muon: expected MuonOptions for parameter group ", i,
              ", found options of another optimiser.");
    check(*options);
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
  at::Tensor loss;
  if (closure != nullptr) {
    const at::AutoGradMode with_graph(true);
    loss = closure();
  }
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
  check(options);
  return matrix_optimizer_factory<Muon>(options, std::move(others), std::move(except));
}

OptimizerFactory muon_factory(const MuonOptions& options, std::vector<std::string> except) {
  return muon_factory(options,
                      optimizer_factory<torch::optim::AdamW>(torch::optim::AdamWOptions(1e-3)),
                      std::move(except));
}

}  // namespace dga
