// SPDX-License-Identifier: Apache-2.0
//
// Carriers of several workers each, on every engine, against the plain reference (oracle.h), which
// knows workers only: the bits must not depend on what carries them.

#include <ATen/ops/cat.h>
#include <gmock/gmock.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/embedding.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dga/base/checksum.h"
#include "dga/base/error.h"
#include "dga/launch/worker_map.h"
#include "dga/parallel/muon.h"
#include "dga/storage/atomic_file.h"
#include "dga/train/train_run.h"
#include "tests/support/engine_suite.h"
#include "tests/support/error_of.h"
#include "tests/support/made_up_data.h"
#include "tests/support/scratch_folder.h"
#include "tests/train_engines/nets.h"
#include "tests/train_engines/oracle.h"
#include "tests/train_engines/small_loop.h"

namespace dga::test {
namespace {

using testing::HasSubstr;
using torch::optim::AdamWOptions;

/// A number of workers that no small number of carriers divides.
int uneven_workers(int carriers) {
  return 3 * carriers + 1;
}

int num_carriers() {
  return static_cast<int>(map_workers(engine_options()).workers.size());
}

void expect_bits_on_carriers(const Job& job) {
  const int carriers = num_carriers();
  for (const int workers : {uneven_workers(carriers), 2 * carriers}) {
    run_on_carriers(workers, [&](Environment& environment) {
      EXPECT_EQ(environment.blocks(), WorkerBlocks(workers, carriers));
      expect_bits_of_the_loop_over_shards(environment, job);
    });
  }
}

OptimizerFactory decaying() {
  return optimizer_factory<torch::optim::AdamW>(AdamWOptions(0.01).weight_decay(0.1));
}

Job plain_job() {
  return {.build = [] { return std::make_shared<Mlp>(); }, .factory = decaying()};
}

TEST(Carriers, EqualTheLoopOverEvenShards) {
  expect_bits_on_carriers(plain_job());
}

TEST(Carriers, EqualTheLoopOverUnevenAndEmptyShardsInMicroSteps) {
  Job job = plain_job();
  job.samples = uneven;
  job.options.micro_steps = 3;
  expect_bits_on_carriers(job);
}

TEST(Carriers, CutIntoSeveralBuckets) {
  Job job = plain_job();
  job.samples = uneven;
  job.options.bucket_bytes = 512;
  expect_bits_on_carriers(job);
}

TEST(Carriers, DrawEachWorkersDropout) {
  Job job = plain_job();
  job.build = [] { return std::make_shared<Mlp>(0.5); };
  job.options.micro_steps = 2;
  job.options.ema_decay = 0.9;
  expect_bits_on_carriers(job);
}

TEST(Carriers, KeepTheRunningStatisticsOfEachWorker) {
  Job job{.build = [] { return std::make_shared<ConvNet>(); },
          .factory = decaying(),
          .input = {3, 6, 6}};
  job.samples = [](int worker, int, std::int64_t step) {
    return worker % 3 == 1 ? std::int64_t{0} : 2 + (worker + step) % 3;
  };
  expect_bits_on_carriers(job);
}

TEST(Carriers, SkipWhatNobodyUsedAndCountZerosForTheRest) {
  expect_bits_on_carriers(
      {.build = [] { return std::make_shared<Odd>(); }, .factory = decaying(), .steps = 5});
}

TEST(Carriers, AddUpInThePartialTypeOfEachParameter) {
  Job job{.build = [] { return std::make_shared<Mixed>(); }, .factory = plain_sgd()};
  job.samples = uneven;
  expect_bits_on_carriers(job);
}

std::string checksum_of(const torch::nn::Module& module) {
  std::string text;
  for (const at::Tensor& parameter : module.parameters()) {
    const at::Tensor values = parameter.detach().contiguous();
    const auto* data = static_cast<const std::byte*>(values.const_data_ptr());
    text += std::to_string(checksum(std::span(data, values.nbytes()))) + ' ';
  }
  return text;
}

/// torch's optimisers give bf16 other bits at another cut, so here the plain reference is no
/// oracle.
TEST(Carriers, GiveTheBitsOfOneWorkerEachInHalfPrecision) {
  const ScratchFolder folder;
  const WorkerMap map = map_workers(engine_options());
  const int workers = uneven_workers(num_carriers());
  Job job = plain_job();
  job.type = at::kBFloat16;
  job.samples = uneven;
  run_on_carriers(workers, [&](Environment& environment) {
    const auto net = train(environment, job);
    if (environment.is_root()) {
      folder.write("found", checksum_of(*net));
    }
  });
  if (map.own_rank != 0) {
    return;
  }
  std::string expected;
  launch({.engine = Engine::threads, .workers = workers, .each_rank_alone = true},
         [&](Environment& environment) {
           const auto net = train(environment, job);
           if (environment.is_root()) {
             expected = checksum_of(*net);
           }
         });
  EXPECT_EQ(read_file(folder.file("found")), expected);
}

TEST(Carriers, UpdateWholeMatrices) {
  Job job = plain_job();
  job.factory = muon_factory(MuonOptions(0.02), decaying());
  expect_bits_on_carriers(job);
}

struct Table : Net {
  explicit Table(bool sparse) : table(nn::EmbeddingOptions(20, 6).sparse(sparse)) {
    register_module("table", table);
    register_module("fc", fc);
  }
  at::Tensor forward(const at::Tensor& x, int, std::int64_t) override {
    return fc(table((x.select(1, 0).abs() * 10).to(at::kLong).clamp_max(19)));
  }
  nn::Embedding table;
  nn::Linear fc{6, 5};
};

TEST(Carriers, AddUpSparseGradients) {
  const Job sparse{.build = [] { return std::make_shared<Table>(true); }, .factory = decaying()};
  Job dense = sparse;
  dense.build = [] { return std::make_shared<Table>(false); };
  const int workers = uneven_workers(num_carriers());
  run_on_carriers(workers, [&](Environment& environment) {
    const auto net = train(environment, sparse);
    expect_equal(environment, *net,
                 [&] { return train_over_shards(dense, workers, environment.seed()); });
  });
}

/// Trains with one call of backward for all workers of a carrier.
std::shared_ptr<Linear> train_coalesced(const Environment& environment, int steps) {
  auto net = constant_net();
  AccumulatorOptions options;
  options.coalesce = true;
  GradientAccumulator accumulator(environment, net, plain_sgd(), options);
  const WorkerBlock block = environment.block();
  for (int step = 0; step < steps; ++step) {
    std::vector<at::Tensor> samples;
    for (int worker = block.first; worker < block.end(); ++worker) {
      samples.push_back(inputs(worker, step));
    }
    const at::Tensor all = at::cat(samples);
    accumulator.backward(net->forward(all).square().mean(), all.size(0));
    accumulator.step();
  }
  return net;
}

TEST(Carriers, ComputeTheSameStepCoalescedButForRounding) {
  const int workers = uneven_workers(num_carriers());
  run_on_carriers(workers, [&](Environment& environment) {
    const auto net = train_coalesced(environment, 3);
    const auto expected = trained_alone(workers, 3);
    const auto near = [](const at::Tensor& a, const at::Tensor& b) {
      return (a - b).abs().max().item<double>() <= 1e-5 * b.abs().max().item<double>();
    };
    EXPECT_TRUE(near(net->weight.detach(), expected->weight.detach()));
    EXPECT_TRUE(near(net->bias.detach(), expected->bias.detach()));
  });
}

TEST(Carriers, NameTheWorkerWhoseGradientIsNotFinite) {
  const int workers = uneven_workers(num_carriers());
  run_on_carriers(workers, [&](Environment& environment) {
    auto net = constant_net();
    GradientAccumulator accumulator(environment, net, plain_sgd());
    const WorkerBlock block = environment.block();
    const auto turns = [&](bool bad) {
      accumulator.expect_samples(2 * workers);
      for (int worker = block.first; worker < block.end(); ++worker) {
        accumulator.begin_turn(worker);
        at::Tensor loss = squares_of(*net, worker, 0);
        if (bad && worker >= workers - 2) {
          loss = loss * std::numeric_limits<double>::quiet_NaN();
        }
        accumulator.backward(loss, 2);
        accumulator.end_turn();
      }
    };
    turns(true);
    EXPECT_THAT(error_of<Error>([&] { accumulator.step(); }),
                HasSubstr("from worker " + std::to_string(workers - 2)));
    turns(false);
    EXPECT_TRUE(accumulator.step());
    EXPECT_EQ(accumulator.num_steps(), 1);
  });
}

TEST(Carriers, RefuseAStepAfterAnEditedGradientOfOneWorker) {
  const int workers = uneven_workers(num_carriers());
  run_on_carriers(workers, [&](Environment& environment) {
    auto net = constant_net();
    GradientAccumulator accumulator(environment, net, plain_sgd());
    const WorkerBlock block = environment.block();
    const auto turns = [&](bool edit) {
      accumulator.expect_samples(2 * workers);
      for (int worker = block.first; worker < block.end(); ++worker) {
        accumulator.begin_turn(worker);
        accumulator.backward(squares_of(*net, worker, 0), 2);
        if (edit && worker == 1) {
          net->weight.mutable_grad().mul_(2);
        }
        accumulator.end_turn();
      }
    };
    turns(true);
    EXPECT_THAT(error_of<InvalidArgument>([&] { accumulator.step(); }), HasSubstr("'weight'"));
    turns(false);
    EXPECT_TRUE(accumulator.step());
  });
}

TEST(Carriers, TakeTurnsInOrder) {
  const int workers = uneven_workers(num_carriers());
  run_on_carriers(workers, [&](Environment& environment) {
    auto net = constant_net();
    GradientAccumulator accumulator(environment, net, plain_sgd());
    const WorkerBlock block = environment.block();
    const auto refused = [&](auto&& call) { return error_of<InvalidArgument>(call); };
    EXPECT_THAT(refused([&] { accumulator.begin_turn(block.first); }),
                HasSubstr("expected a call of expect_samples before the first turn"));
    accumulator.expect_samples(0);
    EXPECT_THAT(refused([&] { accumulator.begin_turn(block.first + 1); }),
                HasSubstr("found worker " + std::to_string(block.first + 1) + " after 0 turns."));
    EXPECT_THAT(refused([&] { accumulator.end_turn(); }), HasSubstr("found none"));
    EXPECT_THAT(refused([&] { accumulator.step(); }), HasSubstr("expected a turn of each of"));
    EXPECT_THAT(refused([&] { accumulator.backward(squares_of(*net, 0, 0), 2); }),
                HasSubstr("expected it between begin_turn and end_turn"));
    EXPECT_THAT(refused([&] { accumulator.finish(); }), HasSubstr("a carrier for each worker"));
    EXPECT_THAT(refused([&] { accumulator.synchronize_buffers(3); }),
                HasSubstr("expected no number of samples"));
    for (int worker = block.first; worker < block.end(); ++worker) {
      accumulator.begin_turn(worker);
      EXPECT_THAT(refused([&] { accumulator.begin_turn(worker); }), HasSubstr("an open one"));
      accumulator.end_turn();
      EXPECT_THAT(refused([&] { accumulator.expect_samples(4); }),
                  HasSubstr("expected it before the first turn"));
      EXPECT_THAT(refused([&] { accumulator.zero_grad(); }), HasSubstr("turns that have ended"));
      EXPECT_THAT(refused([&] { accumulator.synchronize_buffers(); }), HasSubstr("between turns"));
    }
    EXPECT_TRUE(accumulator.step());
  });
}

TEST(Carriers, RefuseBuffersThatTheModuleGetsLater) {
  run_on_carriers(uneven_workers(num_carriers()), [&](Environment& environment) {
    auto net = constant_net();
    GradientAccumulator accumulator(environment, net, plain_sgd());
    const WorkerBlock block = environment.block();
    accumulator.expect_samples(0);
    for (int worker = block.first; worker < block.end(); ++worker) {
      accumulator.begin_turn(worker);
      if (worker == block.first) {
        net->register_buffer("late", at::zeros({2}));
      }
      accumulator.end_turn();
    }
    EXPECT_THAT(error_of<InvalidArgument>([&] { accumulator.step(); }),
                HasSubstr("expected the buffers that the module had"));
  });
}

TEST(Carriers, MarkACoalescedRunAndRefuseBatchNorm) {
  const ScratchFolder folder;
  RunOptions options;
  options.output.folder = folder.file("run");
  options.training.epochs = 2;
  options.training.coalesce = true;
  options.workers.carriers = 2;
  Progress nobody;
  const LoadedData data = made_up_classes(60);
  const auto run = [&](const TrainExtras& extras) {
    return train_plan(prepare(plan_tasks(options, Engine::threads, 7, data)), nobody, extras)
        .results;
  };
  const RunResults results = run({.each_rank_alone = true});
  EXPECT_TRUE(results.coalesced);
  EXPECT_EQ(results.carriers, 2);
  EXPECT_EQ(results.time.values.size(), 7U);
  options.output.folder = folder.file("refused");
  TrainExtras extras{.each_rank_alone = true};
  extras.model = [](const ModelCard& card) {
    return nn::Sequential(nn::Linear(card.input_shape[0], 8), nn::BatchNorm1d(8),
                          nn::Linear(8, card.outputs));
  };
  EXPECT_THAT(error_of<WorkerFailure>([&] { run(extras); }),
              HasSubstr("[train] coalesce: expected a model that computes each sample by itself, "
                        "found torch::nn::BatchNorm1dImpl"));
}

TEST(Carriers, AreNoMoreThanWorkers) {
  LaunchOptions options{.engine = Engine::threads, .workers = 2, .carriers = 3};
  options.each_rank_alone = true;
  EXPECT_EQ(error_of<InvalidArgument>([&] { launch_carriers(options, [](Environment&) {}); }),
            "[comm] carriers: expected 1 to 2, the number of workers, found 3. Use fewer carriers "
            "or more workers.");
}

/// A whole run of `workers` workers.
RunResults run_with(const RunOptions& options, Engine engine, int workers) {
  Progress nobody;
  const LoadedData data = made_up_classes(10 * workers + 1);
  return train_plan(prepare(plan_tasks(options, engine, workers, data)), nobody,
                    {.each_rank_alone = engine != Engine::mpi})
      .results;
}

TEST(Carriers, GiveTheResultsOfOneWorkerEach) {
  const ScratchFolder folder;
  const WorkerMap map = map_workers(engine_options());
  const int carriers = num_carriers();
  const int workers = uneven_workers(carriers);
  RunOptions options;
  options.output.folder = folder.file("carriers");
  options.workers.ranks_per_node = engine_options().ranks_per_node;
  options.workers.carriers = carriers;
  options.model.hidden = {8};
  options.model.dropout = 0.2;
  options.training.epochs = 2;
  options.training.batch = 3;
  options.training.micro_steps = 2;
  options.training.clip_norm = 0.3;
  options.training.ema = 0.9;
  const RunResults found = run_with(options, engine_options().engine, workers);
  if (map.own_rank != 0) {
    return;
  }
  EXPECT_EQ(found.carriers, carriers);
  options.output.folder = folder.file("threads");
  options.workers.carriers = workers;
  const RunResults expected = run_with(options, Engine::threads, workers);
  EXPECT_EQ(found.weights_sha256, expected.weights_sha256);
  EXPECT_EQ(found.error, expected.error);
  EXPECT_EQ(found.epochs.back().loss, expected.epochs.back().loss);
  EXPECT_EQ(found.workers, workers);
  ASSERT_EQ(found.time.values.size(), static_cast<std::size_t>(workers));
  for (std::size_t i = 0; i < found.time.values.size(); ++i) {
    // Float seconds of each step are added up.
    EXPECT_GT(*found.time.values[i], 0);
    EXPECT_GE(found.compute_seconds[i], 0);
    EXPECT_GE(found.wait_seconds[i], 0);
    EXPECT_NEAR(*found.time.values[i], *found.time.values[found.time.values.size() / 2],
                0.5 * *found.time.values[i]);
  }
}

}  // namespace
}  // namespace dga::test
