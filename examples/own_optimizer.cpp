// SPDX-License-Identifier: Apache-2.0
//
// A custom whole-matrix optimiser, sharded over the workers: Shampoo (Gupta et al., 2018), an
// ordinary torch optimiser of about 50 lines, for the matrices of a network; AdamW updates its
// biases and its output layer. It learns a function that another network computes.
//     own_optimizer [--engine auto|threads|processes|mpi] [--workers N]
//     mpirun -n 4 own_optimizer

#include <ATen/ops/linalg_eigh.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adamw.h>
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
struct ShampooOptions : torch::optim::OptimizerCloneableOptions<ShampooOptions> {
  explicit ShampooOptions(double rate) : lr(rate) {}
  double get_lr() const override { return lr; }
  void set_lr(double rate) override { lr = rate; }
  double lr;
};

struct ShampooState : torch::optim::OptimizerCloneableParamState<ShampooState> {
  torch::Tensor left;   // (rows, rows): the sum of G G^T
  torch::Tensor right;  // (columns, columns): the sum of G^T G
};

class Shampoo : public torch::optim::Optimizer {
 public:
  Shampoo(const std::vector<torch::optim::OptimizerParamGroup>& groups,
          const ShampooOptions& defaults)
      : Optimizer(groups, std::make_unique<ShampooOptions>(defaults)) {}

  torch::Tensor step(LossClosure) override {
    const torch::NoGradGuard no_grad;
    for (auto& group : param_groups()) {
      for (torch::Tensor& matrix : group.params()) {
        const torch::Tensor& gradient = matrix.grad();
        if (!gradient.defined()) {  // no worker used this matrix in this step
          continue;
        }
        auto& slot = state_[matrix.unsafeGetTensorImpl()];
        if (slot == nullptr) {
          auto first = std::make_unique<ShampooState>();
          first->left = torch::eye(matrix.size(0)) * 1e-4;
          first->right = torch::eye(matrix.size(1)) * 1e-4;
          slot = std::move(first);
        }
        auto& state = static_cast<ShampooState&>(*slot);
        state.left += gradient.mm(gradient.t());
        state.right += gradient.t().mm(gradient);
        const auto update =
            inverse_fourth_root(state.left).mm(gradient).mm(inverse_fourth_root(state.right));
        matrix.sub_(update, group.options().get_lr());
      }
    }
    return {};
  }

 private:
  static torch::Tensor inverse_fourth_root(const torch::Tensor& symmetric) {
    const auto [values, vectors] = at::linalg_eigh(symmetric);
    return (vectors * values.clamp_min(1e-12).pow(-0.25)).mm(vectors.t());
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
      env, net.ptr(), dga::matrix_optimizer_factory<Shampoo>(ShampooOptions(0.03), others, {"4"}));
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
