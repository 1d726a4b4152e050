// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/muon.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/linalg_svdvals.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <torch/serialize/input-archive.h>
#include <torch/serialize/output-archive.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <sstream>

#include "dga/base/error.h"
#include "tests/support/error_of.h"

namespace dga {
namespace {

/// Elements by a formula that muon_golden.py has too; all are exact in f32.
at::Tensor matrix_of(std::int64_t rows, std::int64_t columns, at::ScalarType type,
                     const std::function<std::int64_t(std::int64_t, std::int64_t)>& element,
                     double divisor) {
  at::Tensor matrix = at::zeros({rows, columns}, at::kDouble);
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j) {
      matrix.mutable_data_ptr<double>()[i * columns + j] =
          static_cast<double>(element(i, j)) / divisor;
    }
  }
  return matrix.to(type);
}

at::Tensor first_weight(std::int64_t rows, std::int64_t columns, at::ScalarType type) {
  return matrix_of(
      rows, columns, type, [](auto i, auto j) { return (7 * i + 3 * j) % 11 - 5; }, 8);
}

at::Tensor gradient(std::int64_t rows, std::int64_t columns, std::int64_t step,
                    at::ScalarType type) {
  return matrix_of(
      rows, columns, type,
      [&](auto i, auto j) { return (5 * i + 11 * j + 13 * step + i * j * step) % 31 - 15; }, 16);
}

struct Case {
  std::int64_t rows;
  std::int64_t columns;
  MuonOptions options;
};

/// As CASES of muon_golden.py.
std::vector<Case> cases() {
  return {{6, 4, MuonOptions(0.02)},
          {4, 6,
           MuonOptions(0.05).momentum(0.9).nesterov(false).adjust_lr(MuonAdjust::match_rms_adamw)},
          {5, 5,
           MuonOptions(0.02)
               .weight_decay(0)
               .momentum(0.5)
               .ns_coefficients({2.0, -1.5, 0.5})
               .ns_steps(3)
               .adjust_lr(MuonAdjust::spectral_unclamped)},
          {7, 3,
           MuonOptions(0.01).weight_decay(0.3).momentum(0).ns_steps(6).adjust_lr(
               MuonAdjust::spectral_unclamped)},
          {1, 9, MuonOptions(0.01).weight_decay(0.01)}};
}

/// The weights after 50 steps, by case, row by row.
const std::vector<std::vector<double>> kGolden{
#include "tests/parallel/muon_golden.inc"
};

/// The largest difference from the golden weights over all cases.
double difference_from_golden(at::ScalarType type, MuonPrecision precision) {
  EXPECT_EQ(kGolden.size(), cases().size());
  double largest = 0;
  for (std::size_t i = 0; i < kGolden.size(); ++i) {
    const auto [rows, columns, options] = cases()[i];
    const at::Tensor weight = first_weight(rows, columns, type);
    Muon optimizer({weight}, MuonOptions(options).precision(precision));
    for (std::int64_t step = 0; step < 50; ++step) {
      weight.mutable_grad() = gradient(rows, columns, step, type);
      optimizer.step();
    }
    EXPECT_EQ(weight.numel(), static_cast<std::int64_t>(kGolden[i].size()));
    const at::Tensor found = weight.to(at::kDouble).contiguous();
    for (std::size_t element = 0; element < kGolden[i].size(); ++element) {
      largest = std::max(largest,
                         std::abs(found.const_data_ptr<double>()[element] - kGolden[i][element]));
    }
  }
  return largest;
}

TEST(Muon, EqualsNumPyInF64) {
  EXPECT_LE(difference_from_golden(at::kDouble, MuonPrecision::f32), 1e-12);
}

TEST(Muon, EqualsNumPyInF32ButForRounding) {
  EXPECT_LE(difference_from_golden(at::kFloat, MuonPrecision::f32), 2e-6);
}

TEST(Muon, IteratesInBf16WhereAskedTo) {
  // bf16 has 8 bits: near the golden weights, and visibly not equal.
  const double difference = difference_from_golden(at::kFloat, MuonPrecision::bf16);
  EXPECT_GT(difference, 1e-5);
  EXPECT_LE(difference, 0.05);
  // Its iteration is the same in f64.
  EXPECT_GT(difference_from_golden(at::kDouble, MuonPrecision::bf16), 1e-5);
}

TEST(Muon, BringsSingularValuesNearOne) {
  for (const auto precision : {MuonPrecision::bf16, MuonPrecision::f32}) {
    for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{24, 40}, {40, 24}}) {
      const at::Tensor matrix = at::randn(shape);
      const at::Tensor result = newton_schulz(matrix, MuonOptions().precision(precision));
      EXPECT_EQ(result.sizes(), matrix.sizes());
      const at::Tensor values = at::linalg_svdvals(result.to(at::kFloat));
      EXPECT_GT(values.min().item<float>(), 0.5F);
      EXPECT_LT(values.max().item<float>(), 1.5F);
    }
  }
}

TEST(Muon, LeavesAMatrixWithoutGradientAloneAndOnlyDecaysOneWhoseGradientIsZero) {
  const at::Tensor without = at::ones({2, 3});
  const at::Tensor zero = at::ones({2, 3});
  zero.mutable_grad() = at::zeros({2, 3});
  Muon optimizer({without, zero}, MuonOptions(0.5).weight_decay(0.5));
  optimizer.step();
  EXPECT_TRUE(without.equal(at::ones({2, 3})));
  EXPECT_TRUE(zero.equal(at::ones({2, 3}) * 0.75));
  EXPECT_EQ(optimizer.state().size(), 1U);
}

TEST(Muon, CallsAClosureLikeTorchsOptimisers) {
  at::Tensor weight = at::ones({2, 2}).requires_grad_(true);
  Muon optimizer({weight}, MuonOptions(0.1));
  const at::Tensor loss = optimizer.step([&] {
    optimizer.zero_grad();
    at::Tensor sum = weight.sum();
    sum.backward();
    return sum;
  });
  EXPECT_EQ(loss.item<float>(), 4);
  EXPECT_LT(weight.sum().item<float>(), 4);
}

/// What `optimizer` writes, for reading.
std::stringstream saved(const Muon& optimizer) {
  torch::serialize::OutputArchive archive;
  optimizer.save(archive);
  std::stringstream stream;
  archive.save_to(stream);
  return stream;
}

TEST(Muon, GoesOnFromItsArchiveWithTheSameBits) {
  const auto options = MuonOptions(0.02)
                           .weight_decay(0.2)
                           .momentum(0.8)
                           .nesterov(false)
                           .ns_coefficients({3, -3.2, 1.2})
                           .eps(1e-6)
                           .ns_steps(4)
                           .adjust_lr(MuonAdjust::match_rms_adamw)
                           .precision(MuonPrecision::f32);
  const at::Tensor weight = first_weight(6, 4, at::kFloat);
  Muon optimizer({weight}, options);
  const auto step = [](Muon& muon, const at::Tensor& matrix, std::int64_t number) {
    matrix.mutable_grad() = gradient(6, 4, number, at::kFloat);
    muon.step();
  };
  step(optimizer, weight, 0);
  step(optimizer, weight, 1);

  const at::Tensor again = weight.clone();
  Muon loaded({again});  // all its options differ
  torch::serialize::InputArchive archive;
  auto stream = saved(optimizer);
  archive.load_from(stream);
  loaded.load(archive);
  for (std::int64_t number = 2; number < 5; ++number) {
    step(optimizer, weight, number);
    step(loaded, again, number);
  }
  EXPECT_TRUE(again.equal(weight));
  const auto& found = static_cast<const MuonOptions&>(loaded.param_groups().front().options());
  EXPECT_EQ(found.lr(), 0.02);
  EXPECT_EQ(found.eps(), 1e-6);
  EXPECT_EQ(found.ns_coefficients(), options.ns_coefficients());
}

TEST(Muon, RefusesOptionsOutOfRange) {
  const auto with = [](const MuonOptions& options) {
    return test::error_of<InvalidArgument>([&] { muon_factory(options); });
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(with(MuonOptions(-1)), "[parallel] Muon lr: expected 0 or more, found -1.");
  EXPECT_EQ(with(MuonOptions(nan)), "[parallel] Muon lr: expected 0 or more, found nan.");
  EXPECT_EQ(with(MuonOptions().weight_decay(-0.5)),
            "[parallel] Muon weight_decay: expected 0 or more, found -0.5.");
  EXPECT_EQ(with(MuonOptions().momentum(1)),
            "[parallel] Muon momentum: expected 0 or more, below 1, found 1.");
  EXPECT_EQ(with(MuonOptions().eps(0)), "[parallel] Muon eps: expected more than 0, found 0.");
  for (const std::int64_t steps : {0, 100}) {
    EXPECT_EQ(with(MuonOptions().ns_steps(steps)),
              str("[parallel] Muon ns_steps: expected 1 to 99, found ", steps, "."));
  }
  EXPECT_EQ(with(MuonOptions().ns_coefficients({1, nan, 2})),
            "[parallel] Muon ns_coefficients: expected three numbers, found 1, nan and 2.");
  EXPECT_NO_THROW(muon_factory(MuonOptions()));
  // A group's own options, too.
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(std::vector<at::Tensor>{}, std::make_unique<MuonOptions>(-2));
  EXPECT_EQ(test::error_of<InvalidArgument>([&] { const Muon muon(groups); }),
            "[parallel] Muon lr: expected 0 or more, found -2.");
}

TEST(Muon, RefusesWhatIsNoMatrix) {
  EXPECT_EQ(test::error_of<InvalidArgument>([] {
              Muon({at::ones({3, 2}), at::ones({3})});
            }),
            "[parallel] Muon: expected matrices, found a parameter of shape [3]. Give it to an "
            "element-wise optimiser.");
}

TEST(Muon, KnowsItsNames) {
  for (const auto adjust :
       {MuonAdjust::original, MuonAdjust::match_rms_adamw, MuonAdjust::spectral_unclamped}) {
    EXPECT_EQ(muon_adjust_from(name_of(adjust)), adjust);
  }
  for (const auto precision : {MuonPrecision::bf16, MuonPrecision::f32}) {
    EXPECT_EQ(muon_precision_from(name_of(precision)), precision);
  }
  EXPECT_EQ(test::error_of<InvalidArgument>([] { muon_adjust_from("rms"); }),
            "[parallel] Muon adjust_lr: expected original, match_rms_adamw or "
            "spectral_unclamped, found 'rms'.");
  EXPECT_EQ(test::error_of<InvalidArgument>([] { muon_precision_from("f16"); }),
            "[parallel] Muon precision: expected bf16 or f32, found 'f16'.");
}

TEST(MatrixOptimizerFactory, TakesOneWholeMatrixOptimiser) {
  EXPECT_EQ(test::error_of<InvalidArgument>(
                [] { muon_factory(MuonOptions(), muon_factory(MuonOptions())); }),
            "[parallel] matrix_optimizer_factory: expected an element-wise optimiser for the other "
            "parameters, found one with an atomic optimiser of its own.");
}

}  // namespace
}  // namespace dga
