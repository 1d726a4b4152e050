// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adagrad.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/rmsprop.h>
#include <torch/optim/sgd.h>

#include <vector>

#include "dga/parallel/gradient_accumulator.h"
#include "dga/parallel/keyed_random_scope.h"
#include "dga/parallel/lamb.h"
#include "dga/parallel/muon.h"

namespace dga::test {

/// Two layers with dropout; `extra` gets a gradient in every second step only.
struct StateNet : torch::nn::Module {
  StateNet() {
    const KeyedRandomScope random(5);
    first = register_module("first", torch::nn::Linear(7, 9));
    second = register_module("second", torch::nn::Linear(9, 3));
    extra = register_parameter("extra", at::full({3}, 0.5));
  }
  at::Tensor loss(int worker, std::int64_t step) {
    const at::Tensor samples =
        (at::arange(14, at::kFloat) * 1.1 + worker * 3.7 + static_cast<double>(step) * 1.9)
            .sin()
            .reshape({2, 7});
    at::Tensor out = second(at::dropout(first(samples).tanh(), 0.25, true));
    if (step % 2 == 1) {
      out = out + extra;
    }
    return out.square().mean();
  }

  torch::nn::Linear first{nullptr};
  torch::nn::Linear second{nullptr};
  at::Tensor extra;
};

/// One of each kind of optimiser state.
inline std::vector<OptimizerFactory> factories() {
  using namespace torch::optim;
  return {
      optimizer_factory<SGD>(SGDOptions(0.1)),
      optimizer_factory<SGD>(SGDOptions(0.1).momentum(0.9)),
      optimizer_factory<Adam>(AdamOptions(0.01).amsgrad(true)),
      optimizer_factory<AdamW>(AdamWOptions(0.01)),
      optimizer_factory<RMSprop>(RMSpropOptions(0.01).momentum(0.5).centered(true)),
      optimizer_factory<Adagrad>(AdagradOptions(0.05)),
      muon_factory(MuonOptions(0.02).precision(MuonPrecision::f32)),
      lamb_factory(LambOptions(0.01), {"extra"}),
  };
}

inline void train_net(GradientAccumulator& accumulator, StateNet& net, int worker, int steps) {
  for (int i = 0; i < steps; ++i) {
    accumulator.backward(net.loss(worker, accumulator.num_steps()), 2);
    EXPECT_TRUE(accumulator.step());
  }
}

inline void copy_parameters(const StateNet& from, StateNet& to) {
  const at::NoGradGuard no_grad;
  const auto source = from.parameters();
  auto target = to.parameters();
  for (std::size_t i = 0; i < source.size(); ++i) {
    target[i].copy_(source[i]);
  }
}

}  // namespace dga::test
