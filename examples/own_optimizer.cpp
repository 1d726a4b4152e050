// SPDX-License-Identifier: Apache-2.0
//
// A custom whole-matrix optimiser, sharded over the workers: Shampoo (Gupta et al., 2018), an
// ordinary torch optimiser of about 30 lines, for the matrices of a network; AdamW updates its
// biases and its output layer. It learns a function that another network computes.
//     own_optimizer [--engine auto|threads|processes|mpi] [--workers N]
//     mpirun -n 4 own_optimizer

#include <ATen/ops/linalg_eigh.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>

#include <iostream>

#include "dga/base/error.h"
#include "dga/base/random.h"
#include "dga/launch/launch.h"
#include "dga/launch/launch_arguments.h"
#include "dga/parallel/gradient_accumulator.h"
#include "dga/parallel/keyed_random_scope.h"

namespace {

namespace nn = torch::nn;

// --- the optimiser
struct ShampooState : torch::optim::OptimizerCloneableParamState<ShampooState> {
  torch::Tensor left, right;  // the sums of G G^T and of G^T G
};

torch::Tensor inverse_fourth_root(const torch::Tensor& symmetric) {
  const auto [values, vectors] = at::linalg_eigh(symmetric);
  return (vectors * values.clamp_min(1e-12).pow(-0.25)).mm(vectors.t());
}

struct Shampoo : torch::optim::Optimizer {
  Shampoo(const std::vector<torch::optim::OptimizerParamGroup>& groups,
          const torch::optim::SGDOptions& defaults)  // all that it needs is a learning rate
      : Optimizer(groups, std::make_unique<torch::optim::SGDOptions>(defaults)) {}

  torch::Tensor step(LossClosure) override {
    const torch::NoGradGuard no_grad;
    for (auto& group : param_groups()) {
      for (torch::Tensor& matrix : group.params()) {
        const torch::Tensor& g = matrix.grad();
        if (!g.defined()) continue;  // no worker used this matrix in this step
        auto& slot = state_[matrix.unsafeGetTensorImpl()];
        if (slot == nullptr) slot = std::make_unique<ShampooState>();
        auto& [left, right] = static_cast<ShampooState&>(*slot);
        left = g.mm(g.t()) + (left.defined() ? left : 1e-4 * torch::eye(g.size(0)));
        right = g.t().mm(g) + (right.defined() ? right : 1e-4 * torch::eye(g.size(1)));
        const auto update = inverse_fourth_root(left).mm(g).mm(inverse_fourth_root(right));
        matrix.sub_(update, group.options().get_lr());
      }
    }
    return {};
  }
};

// --- its use
nn::Sequential network() {
  return nn::Sequential(nn::Linear(8, 32), nn::Tanh(), nn::Linear(32, 32), nn::Tanh(),
                        nn::Linear(32, 1));
}

void train(dga::Environment& env) {
  nn::Sequential teacher{nullptr};
  {
    const dga::KeyedRandomScope same_everywhere(dga::stream_key(env.seed(), "teacher"));
    teacher = network();
  }
  const dga::KeyedRandomScope random(dga::stream_key(env.seed(), "samples", env.rank()));
  auto net = network();

  const auto others = dga::optimizer_factory<torch::optim::AdamW>(torch::optim::AdamWOptions(0.01));
  // "4" is the output layer: a module's name stands for all its parameters.
  dga::GradientAccumulator optimizer(
      env, net.ptr(),
      dga::matrix_optimizer_factory<Shampoo>(torch::optim::SGDOptions(0.03), others, {"4"}));
  double first = 0;
  double last = 0;
  for (int step = 0; step < 200; ++step) {
    const auto x = torch::randn({64, 8}) * 2;
    const auto target = teacher->forward(x).detach();
    const auto loss = (net->forward(x) - target).square().mean();
    optimizer.backward(loss, x.size(0));
    optimizer.step();
    (step == 0 ? first : last) = loss.item<double>();
  }
  double losses[] = {first, last};
  env.world().all_reduce({losses, 2}, dga::ReduceOp::sum, "losses");
  if (env.is_root()) {
    std::cout << env.workers() << " workers (" << name_of(env.engine()) << "): the loss went from "
              << losses[0] / env.workers() << " to " << losses[1] / env.workers() << " in "
              << optimizer.num_steps() << " steps\n";
  }
}

}  // namespace

int main(int argc, char** argv) try {
  dga::launch(dga::launch_arguments(argc, argv, {.workers = 4}), train);
} catch (const dga::Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
