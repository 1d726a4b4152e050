// SPDX-License-Identifier: Apache-2.0
//
// A training loop that goes on from its last checkpoint: after a worker has failed, and when the
// program is started again.
//     checkpointed_loop [RUN] [--engine auto|threads|processes|mpi] [--workers N]

#include <dga/dga.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adamw.h>

#include <cstdint>
#include <iostream>
#include <string>

namespace {

namespace nn = torch::nn;

void train(dga::Environment& env, const dga::PreparedData& data, const std::string& run) {
  auto net = dga::seeded_module(
      env, [] { return nn::Sequential(nn::Linear(64, 64), nn::ReLU(), nn::Linear(64, 10)); });
  dga::GradientAccumulator accumulator(
      env, net.ptr(),
      dga::optimizer_factory<torch::optim::AdamW>(torch::optim::AdamWOptions(3e-3)));
  dga::Checkpointer checkpoints(env, run);
  const auto point = checkpoints.load(accumulator);  // (1)
  for (std::int64_t epoch = point ? point->common.integers.at("epochs") : 0; epoch < 8; ++epoch) {
    const dga::BatchesOptions order{.batch = 16, .epochs = epoch + 1, .first_epoch = epoch};
    for (const auto& batch : dga::batches(env, data, order)) {
      accumulator.backward(
          batch, [&] { return nn::functional::cross_entropy(net->forward(batch.x()), batch.y()); });
      accumulator.step();
    }
    checkpoints.save(accumulator, {.integers = {{"epochs", epoch + 1}}});  // (2)
  }
  const std::string path = checkpoints.wait();
  const double error = dga::mean_error(env, net, *data.test);
  if (env.is_root()) {
    std::cout << env.workers() << " workers (" << name_of(env.engine()) << "): " << 100 * error
              << " % of the held-out digits wrong, weights " << dga::weights_sha256(*net)
              << ", saved in " << (path.empty() ? "an earlier run" : path) << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) try {
  auto options = dga::launch_arguments(argc, argv, {.workers = 4});
  if (dga::resolve_engine(options.engine) != dga::Engine::mpi) {
    options.max_restarts = 3;  // MPI ends all ranks: start the job again
  }
  const std::string run = argc > 1 ? argv[1] : "checkpointed_loop";
  const auto data =
      dga::split_and_normalise(dga::load_data({.data = "data/digits"}), 0.2, options.seed);
  dga::launch(options, [&](dga::Environment& env) { train(env, data, run); });
} catch (const dga::Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
