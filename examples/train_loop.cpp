// SPDX-License-Identifier: Apache-2.0
//
// A LibTorch training loop, made distributed by three changed lines, marked (1), (2) and (3), and
// by the launch that runs it on many workers. It learns which of two spirals a point lies on.
//     train_loop [--engine auto|threads|processes|mpi] [--workers N]
//     mpirun -n 4 train_loop

#include <torch/nn/functional/loss.h>
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
namespace F = torch::nn::functional;

struct Points {
  torch::Tensor at;      // (count, 2)
  torch::Tensor spiral;  // (count), 0 or 1
};

Points draw_points(std::int64_t count) {
  const auto spiral = torch::randint(2, {count}, torch::kLong);
  const auto turn = torch::rand({count}) * 9 + 1;
  const auto angle = turn + spiral * 3.14159;
  const auto at = torch::stack({turn * angle.cos(), turn * angle.sin()}, 1) / 10;
  return {at + torch::randn({count, 2}) * 0.01, spiral};
}

void train(dga::Environment& env) {
  // Every worker has its own samples, and some workers have more than others.
  const dga::KeyedRandomScope random(dga::stream_key(env.seed(), "points", env.rank()));
  const Points points = draw_points(400 + 50 * (env.rank() % 3));
  const std::int64_t batch = 50;

  nn::Sequential net(nn::Linear(2, 64), nn::Tanh(), nn::Linear(64, 64), nn::Tanh(),
                     nn::Linear(64, 2));
  const auto options = torch::optim::AdamWOptions(5e-3);
  // was: torch::optim::AdamW optimizer(net->parameters(), options);
  dga::GradientAccumulator optimizer(  // (1)
      env, net.ptr(), dga::optimizer_factory<torch::optim::AdamW>(options));

  for (int epoch = 0; epoch < 150; ++epoch) {
    const auto order = torch::randperm(points.at.size(0)).split(batch);
    for (std::size_t step = 0; step < 10; ++step) {
      if (step < order.size()) {  // a worker without samples only steps
        const auto output = net->forward(points.at.index_select(0, order[step]));
        const auto loss = F::cross_entropy(output, points.spiral.index_select(0, order[step]));
        // was: loss.backward();
        optimizer.backward(loss, order[step].numel());  // (2)
      }
      // was: optimizer.step(); optimizer.zero_grad();
      optimizer.step();  // (3)
    }
  }

  // New points, which no worker has seen.
  const torch::NoGradGuard no_grad;
  const dga::KeyedRandomScope fresh(dga::stream_key(env.seed(), "test points", env.rank()));
  const Points test = draw_points(500);
  const auto wrong = net->forward(test.at).argmax(1).ne(test.spiral).sum().item<std::int64_t>();
  std::int64_t counts[] = {wrong, test.spiral.numel()};
  env.world().all_reduce({counts, 2}, dga::ReduceOp::sum, "errors");
  if (env.is_root()) {
    std::cout << env.workers() << " workers (" << name_of(env.engine()) << "): " << counts[0]
              << " of " << counts[1] << " new points wrong after " << optimizer.num_steps()
              << " steps of " << optimizer.recorder().median() * 1e3 << " ms\n";
  }
}

}  // namespace

int main(int argc, char** argv) try {
  dga::launch(dga::launch_arguments(argc, argv, {.workers = 4}), train);
} catch (const dga::Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
