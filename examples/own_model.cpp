// SPDX-License-Identifier: Apache-2.0
//
// A model of the program's own, trained on handwritten digits by 4 workers or as many as MPI
// starts.
//     own_model [--engine auto|threads|processes|mpi] [--workers N]

#include <dga/dga.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adamw.h>

#include <iostream>

struct Net : torch::nn::Module {
  Net(std::int64_t inputs, std::int64_t classes)
      : hidden(register_module("hidden", torch::nn::Linear(inputs, 64))),
        output(register_module("output", torch::nn::Linear(64, classes))) {}
  torch::Tensor forward(const torch::Tensor& x) { return output(hidden(x.flatten(1)).relu()); }
  torch::nn::Linear hidden, output;
};

int main(int argc, char** argv) try {
  const auto options = dga::launch_arguments(argc, argv, {.workers = 4});
  const auto data =
      dga::split_and_normalise(dga::load_data({.data = "data/digits"}), 0.2, options.seed);
  dga::launch(options, [&](dga::Environment& env) {
    auto net = dga::seeded_module<Net>(env, 64, 10);
    dga::GradientAccumulator accumulator(
        env, net, dga::optimizer_factory<torch::optim::AdamW>(torch::optim::AdamWOptions(3e-3)));
    for (const auto& batch : dga::batches(env, data, {.batch = 16, .epochs = 10})) {
      accumulator.backward(batch, [&] {
        return torch::nn::functional::cross_entropy(net->forward(batch.x()), batch.y());
      });
      accumulator.step();
    }
    const double error = dga::mean_error(env, net, *data.test);
    if (env.is_root()) {
      std::cout << env.workers() << " workers (" << name_of(env.engine()) << "): " << 100 * error
                << " % of the held-out digits wrong\n";
      dga::save_weights("own_model.safetensors", *net);
    }
  });
} catch (const dga::Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
