// SPDX-License-Identifier: Apache-2.0
//
// Optimisers that update whole parameters, on every engine and number of workers: the accumulator
// against one worker that runs the same optimiser over the module's own tensors (oracle.h).

#include "dga/parallel/muon.h"

#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include "tests/support/engine_suite.h"
#include "tests/train_engines/nets.h"
#include "tests/train_engines/oracle.h"

namespace dga::test {
namespace {

using torch::optim::AdamWOptions;
using torch::optim::SGDOptions;

OptimizerFactory muon(MuonPrecision precision, std::vector<std::string> except = {}) {
  return muon_factory(MuonOptions(0.02).precision(precision),
                      optimizer_factory<torch::optim::SGD>(SGDOptions(0.1).momentum(0.9)),
                      std::move(except));
}

Job muon_job(MuonPrecision precision = MuonPrecision::f32) {
  return {.build = [] { return std::make_shared<Mlp>(); },
          .factory = muon(precision),
          .samples = uneven};
}

DGA_ENGINE_TEST(Muon, EqualsTheLoopOverUnevenShards) {
  for (const auto precision : {MuonPrecision::bf16, MuonPrecision::f32}) {
    Job job = muon_job(precision);
    expect_bits_of_the_loop_over_shards(environment, job);
    job.options.bucket_bytes = 512;
    job.options.micro_steps = 2;
    expect_bits_of_the_loop_over_shards(environment, job);
  }
}

DGA_ENGINE_TEST(Muon, EqualsOneWorkerWithTheWholeBatch) {
  Job job = muon_job();
  job.type = at::kDouble;
  job.options.micro_steps = 3;
  const auto net = train(environment, job);
  expect_equal(
      environment, *net,
      [&] { return train_on_whole_batch(job, environment.workers(), environment.seed()); }, 1e-11);
}

DGA_ENGINE_TEST(Muon, KeepsToItsGroupsScheduleAndExceptions) {
  Job job = muon_job();
  job.factory = muon_factory(MuonOptions(0.02), {"fc2"});
  job.options.groups.push_back(
      {.contains = [](const std::string& name, const at::Tensor&) { return name == "fc1.weight"; },
       .atomic_options = std::make_shared<MuonOptions>(
           MuonOptions(0.05).weight_decay(0).adjust_lr(MuonAdjust::match_rms_adamw))});
  job.options.groups.push_back(
      {.contains = [](const std::string&, const at::Tensor& tensor) { return tensor.dim() < 2; },
       .options = std::make_shared<AdamWOptions>(AdamWOptions(0.02).weight_decay(0))});
  job.options.learning_rate = linear_warmup(2, cosine_decay(6));
  expect_bits_of_the_loop_over_shards(environment, job);
}

DGA_ENGINE_TEST(Muon, SkipsWhatNobodyUsedAndLeavesTiedAndFrozenAlone) {
  Job job{.build = [] { return std::make_shared<Odd>(); },
          .factory = muon(MuonPrecision::f32, {"last.weight"}),
          .steps = 5};
  expect_bits_of_the_loop_over_shards(environment, job);
  job.options.ema_decay = 0.7;
  expect_bits_of_the_loop_over_shards(environment, job);
}

DGA_ENGINE_TEST(Muon, TrainsAndAveragesParametersOfSeveralTypes) {
  Job job{.build = [] { return std::make_shared<Mixed>(); }, .factory = muon(MuonPrecision::bf16)};
  job.options.ema_decay = 0.9;
  expect_bits_of_the_loop_over_shards(environment, job);
}

DGA_ENGINE_TEST(Muon, SeesMatricesInTheirOwnStrides) {
  Job job{.build = [] { return std::make_shared<Strided>(); }, .factory = muon(MuonPrecision::f32)};
  expect_bits_of_the_loop_over_shards(environment, job);
}

DGA_ENGINE_TEST(Muon, ClipsTheNormOfAllParameters) {
  Job job = muon_job();
  job.type = at::kDouble;
  job.options.clip_norm = 0.05;
  const auto net = train(environment, job);
  expect_equal(
      environment, *net,
      [&] { return train_over_shards(job, environment.workers(), environment.seed()); }, 1e-11);
}

/// Steps by the gradient divided by the norm of the whole parameter's: as a user would write it.
struct NormalizedSgd : torch::optim::Optimizer {
  NormalizedSgd(const std::vector<torch::optim::OptimizerParamGroup>& groups,
                const SGDOptions& defaults)
      : Optimizer(groups, std::make_unique<SGDOptions>(defaults)) {}
  at::Tensor step(LossClosure) override {
    const at::NoGradGuard no_grad;
    for (auto& group : param_groups()) {
      for (at::Tensor& parameter : group.params()) {
        if (parameter.grad().defined()) {
          parameter.sub_(parameter.grad() / parameter.grad().norm() * group.options().get_lr());
        }
      }
    }
    return {};
  }
};

DGA_ENGINE_TEST(AtomicParameters, MayHaveAnyShape) {
  Job job{.build = [] { return std::make_shared<ConvNet>(); },
          .factory = optimizer_factory<torch::optim::SGD>(SGDOptions(0.1)),
          .input = {3, 6, 6}};
  job.factory.atomic = {.selects = [](const std::string&, const at::Tensor&) { return true; },
                        .except = {"norm"},
                        .make = optimizer_factory<NormalizedSgd>(SGDOptions(0.01)).element_wise};
  expect_bits_of_the_loop_over_shards(environment, job);
  // Nothing is left for the element-wise optimiser.
  job.factory.atomic.except.clear();
  expect_bits_of_the_loop_over_shards(environment, job);
}

DGA_ENGINE_TEST(AtomicParameters, AreUpdatedByTheirOwnersAlone) {
  const auto net = build(muon_job(), environment.seed());
  GradientAccumulator accumulator(environment, net, muon(MuonPrecision::f32));
  accumulator.backward(net->forward(at::ones({4, 12}), 0, 0).square().mean(), 4);
  accumulator.step();
  ASSERT_NE(accumulator.atomic_optimizer(), nullptr);
  const auto& layout = accumulator.layout();
  std::size_t mine = 0;
  for (const PlacedParameter& parameter : layout.parameters()) {
    EXPECT_EQ(parameter.spec.atomic, parameter.spec.shape.size() == 2);
    mine += parameter.worker == environment.rank() ? 1U : 0U;
  }
  // Its state is this worker's matrices, and nothing else.
  EXPECT_EQ(accumulator.atomic_optimizer()->state().size(), mine);
}

}  // namespace
}  // namespace dga::test
