// SPDX-License-Identifier: Apache-2.0
#include <dga/dga.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/sgd.h>

#include <iostream>

int main() {
  dga::launch({.engine = dga::Engine::threads, .workers = 2}, [](dga::Environment& env) {
    auto net = std::make_shared<torch::nn::LinearImpl>(2, 1);
    dga::GradientAccumulator accumulator(
        env, net, dga::optimizer_factory<torch::optim::SGD>(torch::optim::SGDOptions(0.125)));
    const auto before = net->bias.item<float>();
    accumulator.backward(net->forward(at::ones({4, 2})).mean(), 4);
    accumulator.step();
    if (env.is_root()) std::cout << before - net->bias.item<float>() << '\n';
  });
}
