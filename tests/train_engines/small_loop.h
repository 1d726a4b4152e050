// SPDX-License-Identifier: Apache-2.0
//
// A small model, its loop on many workers, and the same loop in torch alone.

#pragma once

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/sgd.h>

#include <memory>

#include "dga/base/error.h"
#include "dga/parallel/gradient_accumulator.h"
#include "tests/support/engine_suite.h"

namespace dga::test {

using Linear = torch::nn::LinearImpl;

inline torch::optim::SGDOptions plain_options() {
  return torch::optim::SGDOptions(0.1).momentum(0.9);
}

inline OptimizerFactory plain_sgd() {
  return optimizer_factory<torch::optim::SGD>(plain_options());
}

inline std::shared_ptr<Linear> constant_net(double value = 0.1) {
  auto net = std::make_shared<Linear>(7, 3);
  const at::NoGradGuard no_grad;
  net->weight.fill_(value);
  net->bias.fill_(value / 2);
  return net;
}

/// Two samples.
inline at::Tensor inputs(int worker, std::int64_t step) {
  return (at::arange(14, at::kFloat) * 1.1 + worker * 3.7 + static_cast<double>(step) * 1.9)
      .sin()
      .reshape({2, 7});
}

inline at::Tensor squares_of(Linear& net, int worker, std::int64_t step) {
  return net.forward(inputs(worker, step)).square().mean();
}

inline void take_steps(GradientAccumulator& accumulator, Linear& net, int worker, int steps) {
  for (int i = 0; i < steps; ++i) {
    accumulator.backward(squares_of(net, worker, accumulator.num_steps()), 2);
    EXPECT_TRUE(accumulator.step());
  }
}

/// The same by torch alone: one worker with the samples of all.
inline std::shared_ptr<Linear> trained_alone(int workers, int steps, double value = 0.1) {
  auto net = constant_net(value);
  torch::optim::SGD optimizer(net->parameters(), plain_options());
  for (int step = 0; step < steps; ++step) {
    optimizer.zero_grad();
    for (int worker = 0; worker < workers; ++worker) {
      (squares_of(*net, worker, step) / workers).backward();
    }
    optimizer.step();
  }
  return net;
}

inline void expect_near(const Linear& net, const Linear& expected) {
  EXPECT_TRUE(net.weight.allclose(expected.weight, 1e-5, 1e-6))
      << net.weight.detach() << expected.weight.detach();
  EXPECT_TRUE(net.bias.allclose(expected.bias, 1e-5, 1e-6));
}

}  // namespace dga::test
