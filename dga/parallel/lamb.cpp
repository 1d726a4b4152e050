// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/lamb.h"

#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/zeros_like.h>
#include <torch/optim/adamw.h>
#include <torch/optim/serialize.h>
#include <torch/serialize/archive.h>
#include <torch/utils.h>

#include <cmath>
#include <memory>
#include <utility>

#include "dga/base/error.h"
#include "dga/parallel/own_optimizer.h"

namespace dga {
namespace {

void check_lamb(const LambOptions& options) {
  check_at_least_0("Lamb lr", options.lr());
  check_at_least_0("Lamb eps", options.eps());
  check_at_least_0("Lamb weight_decay", options.weight_decay());
  const auto [first, second] = options.betas();
  DGA_CHECK(first >= 0 && first < 1 && second >= 0 && second < 1,
            "[parallel] Lamb betas: expected 0 or more, below 1, found ", first, " and ", second,
            ".");
}

}  // namespace

void LambOptions::serialize(torch::serialize::OutputArchive& archive) const {
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(lr);
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(betas);
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(eps);
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(weight_decay);
}

void LambOptions::serialize(torch::serialize::InputArchive& archive) {
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(double, lr);
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(Betas, betas);
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(double, eps);
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(double, weight_decay);
}

void LambParamState::serialize(torch::serialize::OutputArchive& archive) const {
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(step);
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(exp_avg);
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(exp_avg_sq);
}

void LambParamState::serialize(torch::serialize::InputArchive& archive) {
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(std::int64_t, step);
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(at::Tensor, exp_avg);
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(at::Tensor, exp_avg_sq);
}

Lamb::Lamb(const std::vector<torch::optim::OptimizerParamGroup>& groups,
           const LambOptions& defaults)
    : Optimizer(groups, std::make_unique<LambOptions>(defaults)) {
  check_lamb(defaults);
  adopt_options<LambOptions>(*this, groups, "Lamb", check_lamb);
}

Lamb::Lamb(std::vector<at::Tensor> parameters, const LambOptions& defaults)
    : Lamb({torch::optim::OptimizerParamGroup(std::move(parameters))}, defaults) {}

at::Tensor Lamb::step(LossClosure closure) {
  at::Tensor loss = loss_of(closure);
  const at::NoGradGuard no_grad;
  for (auto& group : param_groups()) {
    const auto& options = static_cast<const LambOptions&>(group.options());
    const auto [beta1, beta2] = options.betas();
    for (at::Tensor& parameter : group.params()) {
      const at::Tensor& gradient = parameter.grad();
      if (!gradient.defined()) {
        continue;
      }
      auto& slot = state_[parameter.unsafeGetTensorImpl()];
      if (slot == nullptr) {
        auto fresh = std::make_unique<LambParamState>();
        fresh->exp_avg(at::zeros_like(gradient));
        fresh->exp_avg_sq(at::zeros_like(gradient));
        slot = std::move(fresh);
      }
      auto& state = static_cast<LambParamState&>(*slot);
      state.step(state.step() + 1);
      state.exp_avg().lerp_(gradient, 1 - beta1);
      state.exp_avg_sq().mul_(beta2).addcmul_(gradient, gradient, 1 - beta2);
      const auto steps = static_cast<double>(state.step());
      const double correction1 = 1 - std::pow(beta1, steps);
      const double correction2 = 1 - std::pow(beta2, steps);
      const at::Tensor denominator =
          at::sqrt(state.exp_avg_sq()).div_(std::sqrt(correction2)).add_(options.eps());
      at::Tensor update = (state.exp_avg() / correction1).div_(denominator);
      if (options.weight_decay() != 0) {
        update.add_(parameter, options.weight_decay());
      }
      const double weight = at::linalg_vector_norm(parameter, 2).item<double>();
      const double length = at::linalg_vector_norm(update, 2).item<double>();
      const double ratio = weight > 0 && length > 0 ? weight / length : 1;
      parameter.add_(update, -options.lr() * ratio);
    }
  }
  return loss;
}

void Lamb::save(torch::serialize::OutputArchive& archive) const {
  torch::optim::serialize<LambParamState, LambOptions>(archive, *this);
}

void Lamb::load(torch::serialize::InputArchive& archive) {
  torch::optim::serialize<LambParamState, LambOptions>(archive, *this);
}

OptimizerFactory lamb_factory(const LambOptions& options, OptimizerFactory others,
                              std::vector<std::string> except) {
  check_lamb(options);
  DGA_CHECK(others.atomic.selects == nullptr,
            "[parallel] lamb_factory: expected an element-wise optimiser for the other parameters, "
            "found one with an atomic optimiser of its own.");
  others.atomic.selects = [](const std::string&, const at::Tensor&) { return true; };
  others.atomic.except = std::move(except);
  others.atomic.make = optimizer_factory<Lamb>(options).element_wise;
  return others;
}

OptimizerFactory lamb_factory(const LambOptions& options, std::vector<std::string> except) {
  return lamb_factory(
      options,
      optimizer_factory<torch::optim::AdamW>(torch::optim::AdamWOptions(options.lr())
                                                 .betas(options.betas())
                                                 .eps(options.eps())
                                                 .weight_decay(options.weight_decay())),
      std::move(except));
}

}  // namespace dga
