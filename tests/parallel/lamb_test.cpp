// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/lamb.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <torch/optim/sgd.h>

#include <cmath>
#include <limits>
#include <vector>

#include "dga/base/error.h"
#include "tests/support/error_of.h"

namespace dga {
namespace {

struct LambCase {
  std::int64_t elements;
  LambOptions options;
  double factor;
};

/// As CASES of lamb_golden.py.
std::vector<LambCase> lamb_cases() {
  return {{6, LambOptions(0.02), 1},
          {5, LambOptions(0.1).betas({0.5, 0.9}).eps(1e-3).weight_decay(0), 1},
          {4, LambOptions(0.01).betas({0.0, 0.99}).weight_decay(0.3), 0}};
}

const std::vector<std::vector<double>>& lamb_golden() {
  static const std::vector<std::vector<double>> values{
#include "tests/parallel/lamb_golden.inc"
  };
  return values;
}

TEST(Lamb, EqualsNumPyInF64) {
  const auto cases = lamb_cases();
  ASSERT_EQ(lamb_golden().size(), cases.size());
  for (std::size_t c = 0; c < cases.size(); ++c) {
    const auto [elements, options, factor] = cases[c];
    at::Tensor parameter = at::zeros({elements}, at::kDouble);
    at::Tensor gradient = at::zeros({elements}, at::kDouble);
    auto* x = parameter.mutable_data_ptr<double>();
    auto* g = gradient.mutable_data_ptr<double>();
    for (std::int64_t i = 0; i < elements; ++i) {
      x[i] = factor * static_cast<double>((7 * i) % 11 - 5) / 8;
    }
    parameter.requires_grad_(true);
    Lamb lamb({parameter}, options);
    for (std::int64_t step = 1; step <= 20; ++step) {
      for (std::int64_t i = 0; i < elements; ++i) {
        g[i] = static_cast<double>((5 * i + 13 * step + i * i * step) % 31 - 15) / 16;
      }
      parameter.mutable_grad() = gradient;
      lamb.step();
    }
    for (std::int64_t i = 0; i < elements; ++i) {
      EXPECT_NEAR(x[i], lamb_golden()[c][static_cast<std::size_t>(i)], 1e-12) << c << ", " << i;
    }
  }
}

TEST(Lamb, RefusesOptionsOutOfRange) {
  const auto refusal = [](const LambOptions& options) {
    return test::error_of<InvalidArgument>([&] { const Lamb lamb({at::ones({1})}, options); });
  };
  EXPECT_EQ(refusal(LambOptions(-1)), "[parallel] Lamb lr: expected 0 or more, found -1.");
  EXPECT_EQ(refusal(LambOptions(0.1).betas({1.0, 0.9})),
            "[parallel] Lamb betas: expected 0 or more, below 1, found 1 and 0.9.");
  EXPECT_EQ(refusal(LambOptions(0.1).weight_decay(std::numeric_limits<double>::infinity())),
            "[parallel] Lamb weight_decay: expected 0 or more, found inf.");
}

TEST(Lamb, IsForAllParametersButTheExceptions) {
  const OptimizerFactory factory = lamb_factory(LambOptions(0.1), {"bias"});
  EXPECT_TRUE(factory.atomic.selects("weight", at::ones({3})));
  EXPECT_THAT(factory.atomic.except, testing::ElementsAre("bias"));
  EXPECT_THAT(test::error_of<InvalidArgument>([&] { lamb_factory(LambOptions(0.1), factory); }),
              testing::HasSubstr("found one with an atomic optimiser of its own."));
}

}  // namespace
}  // namespace dga
