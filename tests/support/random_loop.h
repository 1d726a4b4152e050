// SPDX-License-Identifier: Apache-2.0
//
// A training loop drawn from a seed: module, optimiser, options, samples. The same loop runs with
// an accumulator on many workers, and in torch alone on one, which is the oracle.

#pragma once

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/utils/clip_grad.h>
#include <torch/optim/adagrad.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/rmsprop.h>
#include <torch/optim/sgd.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "dga/base/random.h"
#include "dga/parallel/gradient_accumulator.h"

namespace dga::test {
namespace random_loop {

enum class Tie : std::uint8_t { none, registered, by_memory };

/// What the seed decides.
struct Plan {
  explicit Plan(std::uint64_t seed) : seed_(seed) {
    RandomStream draw(stream_key(seed, "plan"));
    const auto one_in = [&](std::uint64_t n) { return draw.below(n) == 0; };
    type = one_in(3) ? at::kFloat : at::kDouble;
    width = 3 + static_cast<std::int64_t>(draw.below(9));
    layers = 2 + static_cast<int>(draw.below(3));
    norm = one_in(2);
    embedding = one_in(3);
    sparse = one_in(2);
    tie = static_cast<Tie>(draw.below(3));
    frozen = one_in(3);
    unused_in_even_steps = one_in(3);
    optimizer = static_cast<int>(draw.below(6));
    grouped = one_in(3);
    scheduled = one_in(3);
    options.micro_steps = 1 + static_cast<int>(draw.below(3));
    options.clip_norm = one_in(3) ? 0.05 : 0;
    options.overlap = !one_in(3);
    options.bucket_bytes = one_in(2) ? 0 : 64 << draw.below(6);
    if (one_in(3)) {
      options.grad_scaler = GradScalerOptions{.init_scale = 64, .growth_interval = 2};
    } else if (one_in(2)) {
      options.on_nonfinite = OnNonfinite::skip;
    }
    bad_step = options.grad_scaler || options.on_nonfinite == OnNonfinite::skip
                   ? static_cast<int>(draw.below(4))
                   : -1;
    options.warn_unused_after = 0;
  }

  /// 0 to 3 samples; often different between workers.
  std::int64_t samples(int worker, int step, int call) const {
    RandomStream draw(stream_key(seed_, "samples", worker * 100 + call, step));
    return static_cast<std::int64_t>(draw.below(4));
  }
  /// How often a worker calls backward in a step.
  int calls(int worker, int step) const {
    RandomStream draw(stream_key(seed_, "calls", worker, step));
    return static_cast<int>(draw.below(static_cast<std::uint64_t>(options.micro_steps) + 1));
  }
  double rate(int step) const { return scheduled && step >= 2 ? 0.5 : 1; }

  std::uint64_t seed_;
  at::ScalarType type;
  std::int64_t width;
  int layers;
  bool norm;
  bool embedding;
  bool sparse;
  Tie tie;
  bool frozen;
  bool unused_in_even_steps;
  int optimizer;
  bool grouped;
  bool scheduled;
  int bad_step;
  AccumulatorOptions options;
};

struct RandomNet : torch::nn::Module {
  /// `tie`: ties by memory become ties by registration in the oracle.
  RandomNet(const Plan& plan, Tie tie) : plan_(plan) {
    for (int i = 0; i < plan.layers; ++i) {
      layers_.push_back(
          register_module("layer" + std::to_string(i), torch::nn::Linear(plan.width, plan.width)));
    }
    if (plan.norm) {
      norm_ =
          register_module("norm", torch::nn::LayerNorm(torch::nn::LayerNormOptions({plan.width})));
    }
    if (plan.embedding) {
      table_ = register_module(
          "table",
          torch::nn::Embedding(torch::nn::EmbeddingOptions(11, plan.width).sparse(plan.sparse)));
    }
    seldom_ = register_parameter("seldom", at::zeros({plan.width}));
    to(plan.type);
    std::int64_t number = 0;
    const at::NoGradGuard no_grad;
    for (const auto& item : named_parameters()) {
      item.value().copy_(
          (at::arange(item.value().numel(), at::kDouble) * 0.7 + static_cast<double>(++number))
              .sin()
              .reshape(item.value().sizes()) *
          0.5);
    }
    if (tie == Tie::registered) {
      last_ = register_parameter("last", layers_.front()->weight);
    } else {
      last_ = register_parameter("last", layers_.back()->weight.detach().clone());
      if (tie == Tie::by_memory) {
        last_.set_data(layers_.front()->weight);
      }
    }
    if (plan.frozen) {
      layers_.front()->bias.requires_grad_(false);
    }
  }

  at::Tensor loss(int worker, int step, int call, std::int64_t samples) {
    at::Tensor x = (at::arange(samples * plan_.width, at::kDouble) * 1.3 + worker * 3.1 +
                    step * 1.9 + call * 0.7)
                       .sin()
                       .reshape({samples, plan_.width})
                       .to(plan_.type);
    if (table_) {
      const at::Tensor rows = (at::arange(samples, at::kLong) * 3 + worker + step).remainder(11);
      x = x + table_(rows);
    }
    for (auto& layer : layers_) {
      x = layer(x).tanh();
    }
    if (norm_) {
      x = norm_(x);
    }
    x = x.matmul(last_.t());
    if (!plan_.unused_in_even_steps || step % 2 == 1) {
      x = x + seldom_;
    }
    return (x - 0.3).square().mean();
  }

 private:
  const Plan& plan_;
  std::vector<torch::nn::Linear> layers_;
  torch::nn::LayerNorm norm_{nullptr};
  torch::nn::Embedding table_{nullptr};
  at::Tensor seldom_;
  at::Tensor last_;
};

inline MakeOptimizer optimizer_of(const Plan& plan) {
  using namespace torch::optim;
  switch (plan.optimizer) {
    case 0:
      return optimizer_factory<Adam>(AdamOptions(0.01).eps(1e-4)).element_wise;
    case 1:
      return optimizer_factory<AdamW>(AdamWOptions(0.01).eps(1e-4).amsgrad(true)).element_wise;
    case 2:
      return optimizer_factory<RMSprop>(RMSpropOptions(0.01).eps(1e-4).momentum(0.5)).element_wise;
    case 3:
      return optimizer_factory<Adagrad>(AdagradOptions(0.05).eps(1e-4)).element_wise;
    case 4:
      return optimizer_factory<SGD>(SGDOptions(0.1).momentum(0.9).nesterov(true)).element_wise;
    default:
      return optimizer_factory<SGD>(SGDOptions(0.1).momentum(0.8).weight_decay(0.01)).element_wise;
  }
}

inline bool is_in_group(const std::string&, const at::Tensor& parameter) {
  return parameter.dim() == 1;
}

/// The default options of the plan's optimiser with half the learning rate.
inline std::shared_ptr<const torch::optim::OptimizerOptions> group_options(const Plan& plan) {
  const auto optimizer = optimizer_of(plan)({torch::optim::OptimizerParamGroup({at::zeros({1})})});
  std::shared_ptr<torch::optim::OptimizerOptions> options = optimizer->defaults().clone();
  options->set_lr(options->get_lr() / 2);
  return options;
}

inline std::vector<at::Tensor> values_of_all(const RandomNet& net) {
  std::vector<at::Tensor> values;
  for (const auto& item : net.named_parameters()) {
    values.push_back(item.value().detach());
  }
  return values;
}

constexpr int kSteps = 4;

/// The loop in torch alone: one worker with the samples of all.
inline std::shared_ptr<RandomNet> oracle_net(const Plan& plan, int workers) {
  auto net = std::make_shared<RandomNet>(plan, plan.tie == Tie::none ? Tie::none : Tie::registered);
  std::vector<at::Tensor> grouped;
  std::vector<at::Tensor> others;
  for (const auto& item : net->named_parameters()) {
    const auto is_it = [&](const at::Tensor& known) { return known.is_same(item.value()); };
    if (item.value().requires_grad() && std::none_of(others.begin(), others.end(), is_it)) {
      (plan.grouped && is_in_group(item.key(), item.value()) ? grouped : others)
          .push_back(item.value());
    }
  }
  std::vector<torch::optim::OptimizerParamGroup> groups;
  if (plan.grouped) {
    groups.emplace_back(grouped, group_options(plan)->clone());
  }
  groups.emplace_back(others);
  const auto optimizer = optimizer_of(plan)(std::move(groups));
  std::vector<double> rates;
  for (const auto& group : optimizer->param_groups()) {
    rates.push_back(group.options().get_lr());
  }
  int taken = 0;
  for (int step = 0; step < kSteps; ++step) {
    std::int64_t total = 0;
    for (int worker = 0; worker < workers; ++worker) {
      for (int call = 0; call < plan.calls(worker, step); ++call) {
        total += plan.samples(worker, step, call);
      }
    }
    optimizer->zero_grad();
    net->zero_grad();
    if (total > 0 && step == plan.bad_step) {
      continue;
    }
    for (int worker = 0; worker < workers; ++worker) {
      for (int call = 0; call < plan.calls(worker, step); ++call) {
        const std::int64_t samples = plan.samples(worker, step, call);
        if (samples > 0) {
          (net->loss(worker, step, call, samples) *
           (static_cast<double>(samples) / static_cast<double>(total)))
              .backward();
        }
      }
    }
    if (total > 0) {
      for (at::Tensor& parameter : net->parameters()) {
        if (parameter.grad().defined() && parameter.grad().is_sparse()) {
          parameter.mutable_grad() = parameter.grad().to_dense();
        }
      }
      if (plan.options.clip_norm > 0) {
        std::vector<at::Tensor> all = others;
        all.insert(all.end(), grouped.begin(), grouped.end());
        torch::nn::utils::clip_grad_norm_(all, plan.options.clip_norm);
      }
      for (std::size_t group = 0; group < rates.size(); ++group) {
        optimizer->param_groups()[group].options().set_lr(rates[group] * plan.rate(taken));
      }
      optimizer->step();
    }
    ++taken;
  }
  return net;
}

}  // namespace random_loop

/// Runs the loop of `seed` on all workers and expects the parameters of the oracle. Collective.
inline void check_random_loop(const Environment& environment, std::uint64_t seed) {
  using namespace random_loop;
  const Plan plan(seed);
  auto net = std::make_shared<RandomNet>(plan, plan.tie);
  AccumulatorOptions options = plan.options;
  if (plan.grouped) {
    options.groups.push_back({.contains = is_in_group, .options = group_options(plan)});
  }
  if (plan.scheduled) {
    options.learning_rate = [&plan](std::int64_t step) {
      return plan.rate(static_cast<int>(step));
    };
  }
  GradientAccumulator accumulator(environment, net, optimizer_of(plan), options);
  const int rank = environment.rank();
  for (int step = 0; step < kSteps; ++step) {
    for (int call = 0; call < plan.calls(rank, step); ++call) {
      const std::int64_t samples = plan.samples(rank, step, call);
      at::Tensor loss;
      if (samples > 0) {
        loss = net->loss(rank, step, call, samples);
        if (step == plan.bad_step) {
          loss = loss * std::numeric_limits<double>::quiet_NaN();
        }
      }
      accumulator.backward(loss, samples);
    }
    accumulator.step();
  }
  const auto oracle = oracle_net(plan, environment.workers());
  const auto found = values_of_all(*net);
  const auto expected = values_of_all(*oracle);
  ASSERT_EQ(found.size(), expected.size());
  const double tolerance = plan.type == at::kFloat ? 2e-3 : 1e-9;
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_TRUE(found[i].allclose(expected[i], tolerance, tolerance))
        << "seed " << seed << ", parameter " << i << ", largest difference "
        << (found[i] - expected[i]).abs().max().item<double>();
  }
  environment.world().barrier("checked");
}

}  // namespace dga::test
