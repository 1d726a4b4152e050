// SPDX-License-Identifier: Apache-2.0
//
// Weights and totals that no run has are refused and change nothing; buffers of every type are
// synchronised.

#include <ATen/Functions.h>
#include <gmock/gmock.h>

#include "tests/support/error_of.h"
#include "tests/train_engines/small_loop.h"

namespace dga::test {
namespace {

DGA_ENGINE_TEST(SynchronizedBuffers, ComplexValuesAreAveraged) {
  auto net = constant_net();
  const c10::complex<double> own(environment.rank(), -2.0 * environment.rank());
  const auto complex = at::TensorOptions(at::kComplexDouble);
  at::Tensor spectrum = net->register_buffer("spectrum", at::zeros({2, 3}, complex));
  at::Tensor conjugate = net->register_buffer("conjugate", at::zeros({2}, complex).conj());
  GradientAccumulator accumulator(environment, net, plain_sgd());
  spectrum.fill_(own);
  conjugate.fill_(own);
  accumulator.synchronize_buffers(3);
  const double mean = (environment.workers() - 1) / 2.0;
  const c10::complex<double> expected(mean, -2 * mean);
  EXPECT_TRUE(spectrum.allclose(at::full({2, 3}, expected, complex)));
  EXPECT_TRUE(conjugate.resolve_conj().allclose(at::full({2}, expected, complex)));
}

DGA_ENGINE_TEST(SynchronizedBuffers, WeightsThatNoRunHasAreRefusedAndChangeNothing) {
  auto net = constant_net();
  at::Tensor mean = net->register_buffer("mean", at::zeros({2}));
  GradientAccumulator accumulator(environment, net, plain_sgd());
  mean.fill_(environment.rank());
  for (const std::int64_t weight : {std::int64_t{-1}, std::int64_t{1} << 62}) {
    EXPECT_EQ(error_of<InvalidArgument>([&] { accumulator.synchronize_buffers(weight); }),
              str("[parallel] synchronize_buffers: expected 0 to 2^48 samples, found ", weight,
                  ". Pass the number of this worker's samples."));
  }
  EXPECT_TRUE(mean.equal(at::full({2}, environment.rank(), at::kFloat)));
}

DGA_ENGINE_TEST(SynchronizedBuffers, TotalsThatNoStepHasAreRefusedAndChangeNothing) {
  auto net = constant_net();
  GradientAccumulator accumulator(environment, net, plain_sgd());
  const std::int64_t most = environment.workers() * (std::int64_t{1} << 48);
  for (const std::int64_t total : {std::int64_t{-1}, most + 1}) {
    EXPECT_EQ(
        error_of<InvalidArgument>([&] { accumulator.expect_samples(total); }),
        str("[parallel] expect_samples: expected 0 to ", most, " samples over all workers, found ",
            total, ". Pass the sum of all workers' samples."));
  }
  take_steps(accumulator, *net, environment.rank(), 2);
  expect_near(*net, *trained_alone(environment.workers(), 2));
}

}  // namespace
}  // namespace dga::test
