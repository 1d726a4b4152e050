// SPDX-License-Identifier: Apache-2.0
//
// A small GAN on handwritten digits: a generator that makes digits from noise, and a discriminator
// that learns to tell them from real ones. Two models, two accumulators, trained in turn by 4
// workers or as many as MPI starts.
//     gan [--engine auto|threads|processes|mpi] [--workers N]

#include <dga/dga.h>
#include <torch/nn/functional/activation.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adam.h>

#include <iostream>

namespace F = torch::nn::functional;

constexpr std::int64_t kPixels = 64;
constexpr std::int64_t kNoise = 16;

/// Two layers. One of these makes digits, another judges them.
struct Net : torch::nn::Module {
  Net(std::int64_t inputs, std::int64_t outputs)
      : hidden(register_module("hidden", torch::nn::Linear(inputs, 128))),
        output(register_module("output", torch::nn::Linear(128, outputs))) {}
  torch::Tensor forward(const torch::Tensor& x) {
    return output(F::leaky_relu(hidden(x), F::LeakyReLUFuncOptions().negative_slope(0.2)));
  }
  torch::nn::Linear hidden, output;
};

/// How the judge is wrong about digits of which all are real, or none is.
torch::Tensor judged(Net& judge, const torch::Tensor& digits, bool real) {
  const torch::Tensor score = judge.forward(digits);
  return F::binary_cross_entropy_with_logits(score, torch::full_like(score, real ? 1.0 : 0.0));
}

/// How much the mean and the standard deviation of a pixel differ between made-up and real digits,
/// on average.
double distance(Net& generator, const torch::Tensor& noise, const torch::Tensor& real) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor fake = generator.forward(noise);
  return ((fake.mean(0) - real.mean(0)).abs() + (fake.std(0) - real.std(0)).abs())
      .mean()
      .item<double>();
}

int main(int argc, char** argv) try {
  const auto options = dga::launch_arguments(argc, argv, {.workers = 4});
  const auto data =
      dga::split_and_normalise(dga::load_data({.data = "data/digits"}), 0.2, options.seed);
  dga::launch(options, [&](dga::Environment& env) {
    const auto generator = dga::seeded_module<Net>(env, kNoise, kPixels);
    const auto judge = dga::seeded_module<Net>(env, kPixels, 1);
    const auto adam = dga::optimizer_factory<torch::optim::Adam>(
        torch::optim::AdamOptions(1e-3).betas({0.5, 0.999}));
    dga::GradientAccumulator train_generator(env, generator, adam);
    dga::GradientAccumulator train_judge(env, judge, adam);

    const torch::Tensor noise = torch::randn({256, kNoise});
    torch::Tensor real;
    double before = 0;
    for (const auto& batch : dga::batches(env, data, {.batch = 16, .epochs = 40})) {
      const auto fake = [&] { return generator->forward(torch::randn({batch.size(), kNoise})); };
      if (batch.epoch() == 0) {
        const torch::Tensor digits = batch.x().flatten(1);
        real = real.defined() ? torch::cat({real, digits}) : digits.clone();
        before = distance(*generator, noise, real);
      }
      // The judge learns from real digits and from made-up ones, which do not train the generator.
      train_judge.backward(batch, [&] {
        return (judged(*judge, batch.x().flatten(1), true) +
                judged(*judge, fake().detach(), false)) /
               2;
      });
      train_judge.step();
      // The generator learns what the judge takes for real. Its loss depends on the judge's
      // parameters too; train_judge ignores these gradients when it calls its own backward.
      train_generator.backward(batch, [&] { return judged(*judge, fake(), true); });
      train_generator.step();
    }
    const double after = distance(*generator, noise, real);
    if (env.is_root()) {
      std::cout << env.workers() << " workers (" << name_of(env.engine())
                << "): a pixel of the made-up digits differs by " << before << " before training, "
                << after << " after\n";
      dga::save_weights("generator.safetensors", *generator);
    }
  });
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
