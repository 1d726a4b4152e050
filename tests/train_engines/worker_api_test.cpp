// SPDX-License-Identifier: Apache-2.0
//
// What a training loop of the program's own is written with: batches, torch datasets, seeded
// modules, the error over all workers; on every engine.

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <torch/data/datasets/base.h>
#include <torch/data/datasets/map.h>
#include <torch/data/transforms/lambda.h>
#include <torch/data/transforms/stack.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/sgd.h>

#include <array>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "dga/base/error.h"
#include "dga/base/random.h"
#include "dga/data/batches/sampler.h"
#include "dga/launch/worker_map.h"
#include "dga/parallel/batches.h"
#include "dga/parallel/gradient_accumulator.h"
#include "dga/parallel/seeded_module.h"
#include "dga/parallel/torch_dataset.h"
#include "dga/predict/evaluation.h"
#include "dga/predict/weights.h"
#include "dga/train/train_run.h"
#include "tests/data/small_tables.h"
#include "tests/support/as_table.h"
#include "tests/support/engine_suite.h"
#include "tests/support/error_of.h"
#include "tests/support/made_up_data.h"
#include "tests/support/scratch_folder.h"

namespace dga::test {
namespace {

namespace nn = torch::nn;
using testing::HasSubstr;

struct Net : nn::Module {
  Net(std::int64_t inputs, std::int64_t outputs) : hidden(inputs, 7), last(7, outputs) {
    register_module("hidden", hidden);
    register_module("last", last);
  }
  at::Tensor forward(const at::Tensor& x) { return last(hidden(x).tanh()); }
  nn::Linear hidden, last;
};

/// Pictures with labels as torch::data has MNIST: sample i is a 2 x 3 picture of bytes.
class Pictures : public torch::data::datasets::Dataset<Pictures> {
 public:
  explicit Pictures(std::size_t count, std::size_t odd_one = SIZE_MAX, bool real = false)
      : count_(count), odd_one_(odd_one), real_(real) {}
  torch::data::Example<> get(std::size_t index) override {
    const auto number = static_cast<std::int64_t>(index);
    at::Tensor picture = at::arange(6, at::kByte).add(number).view({2, 3});
    if (index == odd_one_) {
      picture = picture.flatten();
    }
    return {picture, real_ ? at::full({1}, 0.5 * static_cast<double>(number))
                           : at::full({}, number % 4, at::kLong)};
  }
  std::optional<std::size_t> size() const override { return count_; }

 private:
  std::size_t count_;
  std::size_t odd_one_;
  bool real_;
};

/// Of worker 0, on every worker.
std::string from_root(const Environment& env, std::string text) {
  env.world().broadcast({text.data(), static_cast<std::int64_t>(text.size()), DType::u8}, 0,
                        "text");
  return text;
}

DGA_ENGINE_TEST(Batches, AreTheSamplersOfThisWorkersShard) {
  const int workers = environment.workers();
  const int rank = environment.rank();
  const auto data = counted(5 * workers + 1, 3);  // worker 0 has one more, in a second batch
  const auto all = shards(*data, workers, ShardKind::contiguous, environment.seed());
  Sampler sampler(all[static_cast<std::size_t>(rank)],
                  {.batch = 5, .steps = 2, .seed = environment.seed(), .rank = rank});
  for (const int prefetch : {0, 2}) {
    Batches range = batches(environment, data,
                            {.batch = 5,
                             .epochs = 3,
                             .shard = ShardKind::contiguous,
                             .first_epoch = 1,
                             .prefetch = prefetch});
    EXPECT_EQ(range.steps_per_epoch(), 2);
    std::int64_t count = 0;
    for (const auto& batch : range) {
      EXPECT_EQ(batch.epoch(), 1 + count / 2);
      EXPECT_EQ(batch.step(), count % 2);
      const auto indices = sampler.batch(batch.epoch(), batch.step());
      const auto size = static_cast<std::int64_t>(indices.size());
      ASSERT_EQ(batch.size(), size);
      ASSERT_EQ(batch.x().sizes(), (std::vector<std::int64_t>{size, 1}));
      ASSERT_EQ(batch.y().sizes(), (std::vector<std::int64_t>{size}));
      EXPECT_EQ(batch.x().scalar_type(), at::kFloat);
      for (std::int64_t i = 0; i < size; ++i) {
        EXPECT_EQ(batch.x()[i].item<std::int64_t>(), indices[static_cast<std::size_t>(i)]);
        EXPECT_EQ(batch.y()[i].item<std::int64_t>(), indices[static_cast<std::size_t>(i)] % 3);
      }
      ++count;
    }
    EXPECT_EQ(count, 4);
    EXPECT_EQ(error_of([&] { range.begin(); }),
              "[parallel] batches: expected one loop over them, found a second. Call batches() "
              "again, or raise epochs.");
  }
}

DGA_ENGINE_TEST(Batches, MayBeKeptAndElseShareTheirMemory) {
  const auto data = counted(20 * environment.workers(), 3);
  for (const int prefetch : {0, 2}) {
    const BatchesOptions options{.batch = 4, .epochs = 2, .prefetch = prefetch};
    std::vector<at::Tensor> copies;
    std::set<const void*> places;
    for (const auto& batch : batches(environment, data, options)) {
      copies.push_back(batch.x().clone());
      places.insert(batch.x().const_data_ptr());
    }
    EXPECT_EQ(places.size(), static_cast<std::size_t>(prefetch) + 1);
    std::vector<Batch> kept;
    for (const auto& batch : batches(environment, data, options)) {
      kept.push_back(batch);
    }
    ASSERT_EQ(kept.size(), 10U);
    for (std::size_t i = 0; i < kept.size(); ++i) {
      EXPECT_TRUE(kept[i].x().equal(copies[i])) << i;
    }
  }
}

DGA_ENGINE_TEST(Batches, OfARegressionHaveAColumnOfTargets) {
  const LoadedData data = made_up_line(4 * environment.workers());
  for (const auto& batch : batches(environment, data, {.batch = 4})) {
    ASSERT_EQ(batch.y().sizes(), (std::vector<std::int64_t>{4, 1}));
    const at::Tensor expected = batch.x().select(1, 0) * 5 - batch.x().select(1, 1) * 3 + 100;
    EXPECT_LT((batch.y().squeeze(1) - expected).abs().max().item<float>(), 1e-4);
  }
}

DGA_ENGINE_TEST(Batches, ThatCannotBeAreRefused) {
  EXPECT_THAT(error_of([&] { batches(environment, std::shared_ptr<const Dataset>()); }),
              HasSubstr("[parallel] batches: expected a dataset, found none."));
  EXPECT_THAT(error_of([&] { batches(environment, counted(40, 2), {.batch = 0}); }),
              HasSubstr("expected a batch of at least 1 sample, found 0."));
}

DGA_ENGINE_TEST(TorchDataset, GivesItsExamplesAsBatches) {
  const auto count = static_cast<std::size_t>(3 * environment.workers() + 1);
  const auto stacked =
      Pictures(count)
          .map(torch::data::transforms::Lambda<torch::data::Example<>>(
              [](torch::data::Example<> example) {
                return torch::data::Example<>{example.data.to(at::kDouble), example.target};
              }))
          .map(torch::data::transforms::Stack<>());
  std::vector<at::Tensor> seen;
  for (const auto& batch : batches(environment, Pictures(count), {.batch = 2, .prefetch = 2})) {
    ASSERT_EQ(batch.x().sizes(), (std::vector<std::int64_t>{batch.size(), 2, 3}));
    for (std::int64_t i = 0; i < batch.size(); ++i) {
      const auto number = batch.x()[i][0][0].item<std::int64_t>() % 256;
      EXPECT_TRUE(
          batch.x()[i].flatten().equal(at::arange(6, at::kByte).add(number).to(at::kFloat)));
      EXPECT_EQ(batch.y()[i].item<std::int64_t>(), number % 4);
    }
    seen.push_back(batch.x());
  }
  std::size_t step = 0;
  for (const auto& batch : batches(environment, stacked, {.batch = 2})) {
    EXPECT_TRUE(batch.x().equal(seen.at(step++)));
  }
  EXPECT_EQ(step, seen.size());
}

DGA_ENGINE_TEST(TorchDataset, KnowsItsKindAndClasses) {
  const auto classes = torch_dataset(Pictures(600));
  EXPECT_EQ(classes->size(), 600);
  EXPECT_EQ(classes->sample_shape(), (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(classes->num_classes(), 4);
  EXPECT_EQ(torch_dataset(Pictures(9), {.num_classes = 10})->num_classes(), 10);
  const auto real = torch_dataset(Pictures(9, SIZE_MAX, true));
  EXPECT_EQ(real->num_classes(), 0);
  float target = 0;
  constexpr std::array<std::int64_t, 1> kIndex{7};
  real->gather(kIndex, {}, BufferView(&target, 1));
  EXPECT_EQ(target, 3.5F);
}

DGA_ENGINE_TEST(TorchDataset, RefusesWhatDoesNotFit) {
  EXPECT_THAT(error_of([] { torch_dataset(Pictures(0)); }),
              HasSubstr("expected at least 1 sample, found none or an unknown number."));
  const auto data = torch_dataset(Pictures(9, 5));
  std::vector<float> features(6);
  constexpr std::array<std::int64_t, 1> kOdd{5};
  EXPECT_EQ(error_of([&] { data->gather(kOdd, BufferView(features.data(), 6), {}); }),
            "[parallel] torch dataset: expected samples of shape [2, 3], as sample 0, found [6] in "
            "sample 5. Give all samples one shape.");
}

DGA_ENGINE_TEST(Accumulator, TakesEmptyBatchesOfUnevenShards) {
  const auto data = made_up_classes(5 * environment.workers() + 1).train;
  const auto train =
      [&](const std::function<void(GradientAccumulator&, Net&, const Batch&)>& backward) {
        const auto net = seeded_module<Net>(environment, 6, 3);
        GradientAccumulator accumulator(
            environment, net, optimizer_factory<torch::optim::SGD>(torch::optim::SGDOptions(0.1)));
        for (const auto& batch : batches(environment, data, {.batch = 5, .epochs = 2})) {
          backward(accumulator, *net, batch);
          accumulator.step();
        }
        EXPECT_EQ(accumulator.num_steps(), 4);
        return weights_sha256(*net);
      };
  const auto loss_of = [](Net& net, const Batch& batch) {
    return nn::functional::cross_entropy(net.forward(batch.x()), batch.y());
  };
  const std::string by_batch =
      train([&](GradientAccumulator& accumulator, Net& net, const Batch& batch) {
        const at::Tensor loss = accumulator.backward(batch, [&] {
          EXPECT_GT(batch.size(), 0);
          return loss_of(net, batch);
        });
        EXPECT_EQ(loss.defined(), batch.size() > 0);
        EXPECT_FALSE(loss.defined() && loss.requires_grad());
      });
  const std::string by_hand =
      train([&](GradientAccumulator& accumulator, Net& net, const Batch& batch) {
        if (batch.size() > 0) {
          accumulator.backward(loss_of(net, batch), batch.size());
        } else {
          accumulator.backward({}, 0);
        }
      });
  EXPECT_EQ(by_batch, by_hand);
}

DGA_ENGINE_TEST(SeededModule, IsBuiltAlikeOnEveryWorker) {
  // Not compared with a Net: the order in which arguments are evaluated is the compiler's.
  const auto build = [] { return nn::Sequential(nn::Linear(6, 7), nn::Linear(7, 3)); };
  const auto weights_by_hand = [&](const auto& weights) {
    const KeyedRandomScope random(stream_key(environment.seed(), "init"));
    return weights();
  };
  const std::string expected = weights_by_hand([] { return weights_sha256(Net(6, 3)); });
  EXPECT_EQ(from_root(environment, expected), expected);
  for (int i = 0; i < 20; ++i) {  // threads build at the same time
    EXPECT_EQ(weights_sha256(*seeded_module<Net>(environment, 6, 3)), expected);
  }
  const auto holder = seeded_module<nn::Linear>(environment, 6, 7);
  EXPECT_TRUE(holder->weight.equal(seeded_module<Net>(environment, 6, 3)->hidden->weight));
  EXPECT_EQ(weights_sha256(*seeded_module(environment, build)),
            weights_by_hand([&] { return weights_sha256(*build()); }));
}

DGA_ENGINE_TEST(MeanError, CountsEachSampleOnce) {
  const auto data = made_up_classes(2 * environment.workers() + 3).train;
  const auto net = seeded_module<Net>(environment, 6, 3);
  net->hidden->eval();
  const double error = mean_error(environment, net, *data);
  EXPECT_TRUE(net->is_training());
  EXPECT_FALSE(net->hidden->is_training());
  const at::Tensor x =
      at::from_blob(const_cast<float*>(test::as_table(data).features()), {data->size(), 6});
  std::vector<std::int64_t> labels = class_labels(*data);
  const at::Tensor y = at::from_blob(labels.data(), {data->size()}, at::kLong);
  EXPECT_EQ(error, net->forward(x).argmax(1).ne(y).sum().item<double>() /
                       static_cast<double>(data->size()));
  EXPECT_THAT(error_of([&] { mean_error(environment, std::make_shared<Net>(6, 4), *data); }),
              HasSubstr("Let forward return one row a sample"));
}

/// A whole run with a model of the program's own; its hash on every caller.
std::string weights_of_own_model(const std::string& folder, Engine engine, int workers,
                                 int carriers) {
  RunOptions options;
  options.workers.carriers = carriers;
  options.output.folder = folder;
  options.workers.ranks_per_node = engine_options().ranks_per_node;
  options.workers.timeout = engine_options().timeout_s;
  options.training.epochs = 2;
  options.training.batch = 3;
  TrainExtras extras;
  extras.each_rank_alone = engine == Engine::threads;  // under MPI, on rank 0
  extras.model = [](const ModelCard& card) {
    return nn::Sequential(nn::Linear(card.input_shape[0], 8), nn::Dropout(0.2),
                          nn::Linear(8, card.outputs));
  };
  Progress nobody;
  return train_plan(
             prepare(plan_tasks(options, engine, workers, made_up_classes(10 * workers + 1))),
             nobody, extras)
      .results.weights_sha256;
}

TEST(OwnModel, GivesTheWeightsThatThreadsGive) {
  const ScratchFolder folder;
  const WorkerMap map = map_workers(engine_options());
  const auto workers = static_cast<int>(map.workers.size());
  const std::string found =
      weights_of_own_model(folder.file("run"), engine_options().engine, workers, map.carriers);
  if (map.own_rank == 0) {
    EXPECT_EQ(found,
              weights_of_own_model(folder.file("threads"), Engine::threads, workers, workers));
  }
}

}  // namespace
}  // namespace dga::test
