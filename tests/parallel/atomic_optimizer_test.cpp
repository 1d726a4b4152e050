// SPDX-License-Identifier: Apache-2.0
//
// Optimisers that update whole parameters: their options, and mistakes with them; on threads.

#include <ATen/ops/ones.h>
#include <gmock/gmock.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <limits>

#include "dga/launch/launch.h"
#include "dga/parallel/gradient_accumulator.h"
#include "dga/parallel/muon.h"

namespace dga {
namespace {

using testing::HasSubstr;

/// What constructing an accumulator over a linear layer says, on 2 threads. `change` is called on
/// each with what it was given.
std::string construction_error(
    const std::function<void(Environment&, OptimizerFactory&, AccumulatorOptions&)>& change) {
  try {
    launch({.engine = Engine::threads, .workers = 2, .timeout_s = 20}, [&](Environment& env) {
      OptimizerFactory factory = muon_factory(MuonOptions());
      AccumulatorOptions options;
      change(env, factory, options);
      const auto net = std::make_shared<torch::nn::LinearImpl>(4, 3);
      GradientAccumulator accumulator(env, net, factory, options);
      for (int step = 0; step < 3; ++step) {
        const double scale =
            env.rank() == 1 && step == 2 ? std::numeric_limits<double>::infinity() : 1;
        accumulator.backward((net->forward(at::ones({2, 4})) * scale).square().mean(), 2);
        accumulator.step();
      }
    });
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}

TEST(AtomicMisuse, NamesAWholeParameterWhoseGradientIsNotFinite) {
  const auto text = construction_error([](auto&, auto&, auto&) {});
  EXPECT_THAT(text, HasSubstr("' is not finite at step 2: expected numbers, found "));
  EXPECT_THAT(text, HasSubstr(", from worker 1."));
}

TEST(AtomicMisuse, RefusesAnExceptionThatNamesNothing) {
  EXPECT_THAT(construction_error([](auto&, OptimizerFactory& factory, auto&) {
                factory.atomic.except = {"bias", "heda"};
              }),
              HasSubstr("[parallel] atomic optimizer: expected `except` to name trained parameters "
                        "or modules that have some, found 'heda'. A tied parameter goes by its "
                        "first name."));
}

TEST(AtomicMisuse, RefusesAnOptimiserWithNothingToUpdate) {
  EXPECT_THAT(construction_error([](auto&, OptimizerFactory& factory, auto&) {
                factory.atomic.except = {"weight"};
              }),
              HasSubstr("[parallel] atomic optimizer: expected at least one trained parameter for "
                        "it to update, found none of 2. Use an element-wise optimiser alone."));
}

TEST(AtomicMisuse, RefusesFactoriesThatBuildNothing) {
  EXPECT_THAT(
      construction_error([](auto&, OptimizerFactory& factory, auto&) { factory.atomic.make = {}; }),
      HasSubstr("[parallel] atomic optimizer factory: expected a function that builds an "
                "optimiser, found none."));
  EXPECT_THAT(
      construction_error(
          [](auto&, OptimizerFactory& factory, auto&) { factory.element_wise = {}; }),
      HasSubstr("[parallel] optimizer factory: expected a function that builds an optimiser, found "
                "none."));
  EXPECT_THAT(construction_error([](auto&, OptimizerFactory& factory, auto&) {
                factory.atomic.make = [](auto) { return nullptr; };
              }),
              HasSubstr("[parallel] atomic optimizer factory: expected an optimiser, found null."));
}

TEST(AtomicMisuse, RefusesAnOptimiserOverOtherGroups) {
  EXPECT_THAT(
      construction_error([](auto&, OptimizerFactory& factory, AccumulatorOptions& options) {
        options.groups.push_back({.contains = [](const auto&, const auto&) { return false; }});
        factory.atomic.make = [](auto) {
          return std::make_unique<Muon>(std::vector<at::Tensor>{});
        };
      }),
      HasSubstr("[parallel] atomic optimizer factory: expected an optimiser over the 2 "
                "parameter groups it was given, found 1. Pass them on as they are."));
}

TEST(AtomicMisuse, RefusesOptionsOfAnotherOptimiser) {
  const auto contains = [](const auto&, const auto&) { return true; };
  EXPECT_THAT(construction_error([&](auto&, auto&, AccumulatorOptions& options) {
                options.groups.push_back(
                    {.contains = contains, .options = std::make_shared<MuonOptions>()});
              }),
              HasSubstr("[parallel] parameter group 0: expected options of type "
                        "torch::optim::AdamWOptions, as its optimiser has, found "
                        "dga::MuonOptions."));
  EXPECT_THAT(
      construction_error([&](auto&, auto&, AccumulatorOptions& options) {
        options.groups.push_back(
            {.contains = contains,
             .atomic_options = std::make_shared<torch::optim::SGDOptions>(0.1)});
      }),
      HasSubstr("[parallel] Muon: expected MuonOptions for parameter group 0, found options "
                "of another optimiser."));
}

/// Options and an optimiser of a user's own.
struct OwnOptions : torch::optim::OptimizerCloneableOptions<OwnOptions> {
  explicit OwnOptions(double rate) : lr(rate) {}
  double get_lr() const override { return lr; }
  void set_lr(double rate) override { lr = rate; }
  double lr;
};

struct OwnOptimizer : torch::optim::Optimizer {
  OwnOptimizer(const std::vector<torch::optim::OptimizerParamGroup>& groups,
               const OwnOptions& defaults)
      : Optimizer(groups, std::make_unique<OwnOptions>(defaults)) {}
  at::Tensor step(LossClosure) override { return {}; }
};

TEST(AtomicGroups, HaveTheOptionsOfAUsersOwnOptimiser) {
  launch({.engine = Engine::threads, .workers = 1}, [](Environment& env) {
    AccumulatorOptions options;
    options.groups.push_back(
        {.contains = [](const std::string& name, const auto&) { return name == "weight"; },
         .atomic_options = std::make_shared<OwnOptions>(0.25)});
    options.learning_rate = [](std::int64_t) { return 0.5; };
    const auto net = std::make_shared<torch::nn::LinearImpl>(4, 3);
    GradientAccumulator accumulator(
        env, net,
        matrix_optimizer_factory<OwnOptimizer>(
            OwnOptions(1), optimizer_factory<torch::optim::SGD>(torch::optim::SGDOptions(0.1))),
        options);
    const auto rate = [&](std::size_t group) {
      return accumulator.atomic_optimizer()->param_groups().at(group).options().get_lr();
    };
    EXPECT_EQ(rate(0), 0.25);
    EXPECT_EQ(rate(1), 1);
    accumulator.backward(net->forward(at::ones({2, 4})).square().mean(), 2);
    accumulator.step();
    EXPECT_EQ(rate(0), 0.125);
    EXPECT_EQ(rate(1), 0.5);
    EXPECT_EQ(accumulator.optimizer().param_groups().at(1).options().get_lr(), 0.05);
  });
}

TEST(AtomicMisuse, RefusesWorkersThatDisagree) {
  EXPECT_THAT(
      construction_error([](Environment& env, OptimizerFactory& factory, auto&) {
        if (env.rank() == 1) {
          factory.atomic.selects = [](const auto&, const auto&) { return true; };
        }
      }),
      HasSubstr("[parallel] module: expected 'group 0 of parameter bias' as on worker 0, found "
                "'group 0 of atomic parameter bias' on worker 1."));
}

}  // namespace
}  // namespace dga
