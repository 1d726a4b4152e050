// SPDX-License-Identifier: Apache-2.0
//
// Checkpointer on every engine: a program that goes on from its checkpoint has the bits of one that
// was never interrupted.

#include "dga/train/checkpointer.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <torch/optim/sgd.h>
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "dga/base/error.h"
#include "dga/comm/texts.h"
#include "dga/launch/launch.h"
#include "dga/launch/worker_map.h"
#include "dga/predict/weights.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/checkpoints.h"
#include "dga/storage/store_path.h"
#include "tests/support/engine_suite.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/state_net.h"

namespace dga::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// One scratch folder for all workers. Collective.
class CommonFolder {
 public:
  explicit CommonFolder(const Environment& environment) : world_(environment.world()) {
    if (environment.is_root()) {
      own_.emplace();
      path_ = own_->path();
    }
    broadcast_text(world_, path_, 0);
  }
  ~CommonFolder() {
    if (std::uncaught_exceptions() == 0) {
      world_.barrier("before the folder is removed");
    }
  }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  const Communicator& world_;
  std::optional<ScratchFolder> own_;
  std::string path_;
};

AccumulatorOptions saved_options() {
  AccumulatorOptions options;
  options.ema_decay = 0.9;
  options.learning_rate = step_decay(2, 0.5);
  return options;
}

/// Its buffers differ from worker to worker until they are synchronised.
struct TallyNet : StateNet {
  TallyNet() {
    mean = register_buffer("mean", at::zeros({3, 2}));
    calls = register_buffer("calls", at::zeros({}, at::kLong));
    frozen = register_parameter("frozen", at::full({2}, 1.5), /*requires_grad=*/false);
  }
  /// A step of all workers of this rank's block.
  void step(GradientAccumulator& accumulator, const Environment& environment) {
    const std::int64_t number = accumulator.num_steps();
    std::int64_t total = 0;
    for (int worker = 0; worker < environment.blocks().workers(); ++worker) {
      total += 2 + worker % 3;
    }
    accumulator.expect_samples(total);
    const WorkerBlock block = environment.block();
    for (int worker = block.first; worker < block.end(); ++worker) {
      accumulator.begin_turn(worker);
      mean.mul_(0.9).add_(0.1 * (worker + 1) * static_cast<double>(number + 1));
      calls.add_(worker + 1);
      accumulator.backward(loss(worker, number), 2 + worker % 3);
      accumulator.end_turn();
    }
    EXPECT_TRUE(accumulator.step());
  }
  at::Tensor mean;
  at::Tensor calls;
  at::Tensor frozen;
};

OptimizerFactory momentum() {
  return optimizer_factory<torch::optim::SGD>(torch::optim::SGDOptions(0.1).momentum(0.9));
}

/// A worker's own state in a test.
CheckpointState state_of_worker(int worker) {
  CheckpointState state;
  state.integers["position"] = 100 + worker;
  state.tensors["order"] = at::full({worker % 2 + 1}, worker, at::kLong);
  return state;
}

DGA_ENGINE_TEST(Checkpointers, GoOnWithTheSameBits) {
  const CommonFolder folder(environment);
  int number = 0;
  for (const OptimizerFactory& factory : factories()) {
    const std::string run = folder.file("run" + std::to_string(number++));
    auto whole = std::make_shared<StateNet>();
    GradientAccumulator uninterrupted(environment, whole, factory, saved_options());
    train_net(uninterrupted, *whole, environment.rank(), 6);
    {
      auto net = std::make_shared<StateNet>();
      GradientAccumulator accumulator(environment, net, factory, saved_options());
      Checkpointer checkpoints(environment, run);
      train_net(accumulator, *net, environment.rank(), 3);
      checkpoints.save(accumulator);
      train_net(accumulator, *net, environment.rank(), 2);  // is not in the copy
    }
    auto net = std::make_shared<StateNet>();
    GradientAccumulator accumulator(environment, net, factory, saved_options());
    train_net(accumulator, *net, environment.rank(), 1);  // is forgotten
    Checkpointer checkpoints(environment, run);
    const auto loaded = checkpoints.load(accumulator);
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->step, 3);
    EXPECT_EQ(loaded->workers, environment.workers());
    EXPECT_EQ(accumulator.num_steps(), 3);
    train_net(accumulator, *net, environment.rank(), 3);
    for (const bool average : {false, true}) {
      uninterrupted.use_average(average);
      accumulator.use_average(average);
      for (std::size_t i = 0; i < whole->parameters().size(); ++i) {
        EXPECT_TRUE(net->parameters()[i].equal(whole->parameters()[i])) << i;
      }
    }
    environment.world().barrier();
  }
}

DGA_ENGINE_TEST(Checkpointers, HaveTheProgramsState) {
  const CommonFolder folder(environment);
  auto net = std::make_shared<StateNet>();
  GradientAccumulator accumulator(environment, net, momentum());
  Checkpointer checkpoints(environment, folder.file("run"), {.keep = 3});
  EXPECT_FALSE(checkpoints.load(accumulator));
  EXPECT_EQ(checkpoints.wait(), "");
  CheckpointState state;
  state.integers["seed"] = std::numeric_limits<std::int64_t>::max() - environment.rank();
  state.numbers = {{"best", 0.1},
                   {"worst", std::numeric_limits<double>::infinity()},
                   {"none", std::nan("")},
                   {"least", -std::numeric_limits<double>::infinity()}};
  state.texts["name"] = "Gr\xc3\xb6\xc3\x9f\x65 \"1\"\n";
  state.tensors["codebook"] = at::arange(6, at::kHalf).reshape({2, 3}).t();
  state.tensors["empty"] = at::zeros({0, 4});
  checkpoints.save(accumulator, state, {state_of_worker(environment.rank())});
  state.tensors["codebook"].fill_(9);  // is not in the copy
  const std::string path = checkpoints.wait();
  EXPECT_EQ(path, folder.file("run/checkpoints/step-000000000000"));
  verify_checkpoint(path);

  const auto loaded = checkpoints.load(accumulator);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->path, path);
  // That of worker 0.
  EXPECT_EQ(loaded->common.integers.at("seed"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(loaded->common.numbers.at("best"), 0.1);
  EXPECT_EQ(loaded->common.numbers.at("worst"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(loaded->common.numbers.at("least"), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(loaded->common.numbers.at("none")));
  EXPECT_EQ(loaded->common.texts, state.texts);
  EXPECT_TRUE(
      loaded->common.tensors.at("codebook").equal(at::arange(6, at::kHalf).reshape({2, 3}).t()));
  EXPECT_EQ(loaded->common.tensors.at("empty").sizes(), at::IntArrayRef({0, 4}));
  ASSERT_EQ(loaded->own.size(), 1U);
  const CheckpointState own = state_of_worker(environment.rank());
  EXPECT_EQ(loaded->own[0].integers, own.integers);
  EXPECT_TRUE(loaded->own[0].tensors.at("order").equal(own.tensors.at("order")));
  environment.world().barrier();
}

DGA_ENGINE_TEST(Checkpointers, KeepTheNewestAndPassOverDamagedOnes) {
  const CommonFolder folder(environment);
  auto net = std::make_shared<StateNet>();
  GradientAccumulator accumulator(environment, net, momentum());
  Checkpointer checkpoints(environment, folder.file("run"));
  for (int i = 0; i < 4; ++i) {
    train_net(accumulator, *net, environment.rank(), 1);
    CheckpointState state;
    state.integers["round"] = i;
    checkpoints.save(accumulator, state);
    while (i == 2 && list_checkpoints(folder.file("run")).empty()) {
      checkpoints.poll();
    }
  }
  CheckpointState again;
  again.integers["round"] = 44;
  checkpoints.save(accumulator, again);  // of the same step
  checkpoints.wait();
  std::vector<std::int64_t> steps;
  for (const StoredCheckpoint& each : list_checkpoints(folder.file("run"))) {
    steps.push_back(each.step);
  }
  EXPECT_THAT(steps, ElementsAre(3, 4));
  EXPECT_EQ(checkpoints.load(accumulator)->common.integers.at("round"), 44);
  environment.world().barrier();
  if (environment.is_root()) {
    StorePath(folder.file("run/checkpoints/step-000000000004/shard-00000.safetensors")).remove();
  }
  environment.world().barrier();
  const auto loaded = checkpoints.load(accumulator);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->step, 3);
  EXPECT_EQ(accumulator.num_steps(), 3);
  checkpoints.save(accumulator);
  checkpoints.wait();
  EXPECT_EQ(list_checkpoints(folder.file("run")).back().step, 3);  // that of step 4 is gone
  environment.world().barrier();
}

DGA_ENGINE_TEST(Checkpointers, RefuseWhatTheyCannotSave) {
  const CommonFolder folder(environment);
  auto net = std::make_shared<StateNet>();
  GradientAccumulator accumulator(environment, net, momentum());
  EXPECT_THAT(error_of([&] { Checkpointer(environment, ""); }),
              HasSubstr("[train] checkpointer: expected the folder of the run, found an empty"));
  EXPECT_THAT(error_of([&] { Checkpointer(environment, "run", {.keep = 0}); }),
              HasSubstr("expected to keep 1 checkpoint or more, found 0. Raise keep."));
  {
    Checkpointer checkpoints(environment, folder.file("run"));
    const auto refusal = [&](const CheckpointState& common,
                             const std::vector<CheckpointState>& own = {}) {
      return error_of<InvalidArgument>([&] { checkpoints.save(accumulator, common, own); });
    };
    CheckpointState wrong;
    wrong.texts["raw"] = "\xff";
    EXPECT_THAT(refusal(wrong), HasSubstr("expected UTF-8 in the text 'raw' of the common state"));
    CheckpointState undefined;
    undefined.tensors["nothing"] = at::Tensor();
    EXPECT_THAT(refusal(undefined), HasSubstr("expected a dense tensor on the CPU as "
                                              "'state/nothing', found an undefined one."));
    CheckpointState complex_one;
    complex_one.tensors["z"] = at::zeros({2}, at::kComplexFloat);
    EXPECT_THAT(refusal({}, {complex_one}), HasSubstr("expected tensors of f32, f64"));
    EXPECT_THAT(refusal({}, {{}, {}}), HasSubstr("expected the own states of 1 workers"));
    if (environment.workers() > 1) {
      EXPECT_THAT(refusal({}, std::vector<CheckpointState>(environment.is_root() ? 1 : 0)),
                  HasSubstr("expected own states of all workers or of none"));
    }
    accumulator.backward(net->loss(environment.rank(), 0), 2);
    EXPECT_THAT(refusal({}), HasSubstr("owned_state: expected it between steps"));
    EXPECT_TRUE(accumulator.step());
    EXPECT_TRUE(list_checkpoints(folder.file("run")).empty());
    checkpoints.save(accumulator);
    EXPECT_NE(checkpoints.wait(), "");
  }
  Checkpointer checkpoints(environment, folder.file("run"));
  EXPECT_THAT(error_of<InvalidArgument>([&] { checkpoints.save(accumulator); }),
              HasSubstr("[train] checkpointer: expected a folder without checkpoints, or load "
                        "before the first save, found "));
  environment.world().barrier();
}

DGA_ENGINE_TEST(Checkpointers, ChangeNothingIfTheModuleOrTheOptimiserIsAnother) {
  const CommonFolder folder(environment);
  {
    auto net = std::make_shared<StateNet>();
    GradientAccumulator accumulator(environment, net, momentum());
    Checkpointer checkpoints(environment, folder.file("run"));
    train_net(accumulator, *net, environment.rank(), 2);
    checkpoints.save(accumulator);
  }
  const auto expect_unchanged = [&](const std::shared_ptr<StateNet>& net,
                                    const OptimizerFactory& factory, const std::string& error) {
    GradientAccumulator accumulator(environment, net, factory);
    train_net(accumulator, *net, environment.rank(), 1);
    const std::string before = weights_sha256(*net);
    environment.world().barrier();
    Checkpointer checkpoints(environment, folder.file("run"));
    EXPECT_THAT(error_of<InvalidArgument>([&] { checkpoints.load(accumulator); }),
                HasSubstr(error));
    EXPECT_EQ(weights_sha256(*net), before);
    EXPECT_EQ(accumulator.num_steps(), 1);
    environment.world().barrier();
    train_net(accumulator, *net, environment.rank(), 1);
  };
  expect_unchanged(std::make_shared<StateNet>(),
                   optimizer_factory<torch::optim::Adam>(torch::optim::AdamOptions(0.01)),
                   "Use the optimiser that the state was made with.");
  expect_unchanged(std::make_shared<TallyNet>(), momentum(), "'model/frozen'");
}

std::vector<CheckpointState> states_of(const WorkerBlock& block) {
  std::vector<CheckpointState> states;
  for (int worker = block.first; worker < block.end(); ++worker) {
    states.push_back(state_of_worker(worker));
  }
  return states;
}

/// Weights and buffers as text, once all workers have the same buffers. Collective.
std::string text_of(TallyNet& net, GradientAccumulator& accumulator) {
  accumulator.synchronize_buffers();
  return str(weights_sha256(net), net.mean, net.calls);
}

void expect_own(const LoadedCheckpoint& loaded, const std::vector<CheckpointState>& own) {
  ASSERT_EQ(loaded.own.size(), own.size());
  for (std::size_t i = 0; i < own.size(); ++i) {
    EXPECT_EQ(loaded.own[i].integers, own[i].integers);
    EXPECT_TRUE(loaded.own[i].tensors.at("order").equal(own[i].tensors.at("order")));
  }
}

TEST(Checkpointer, GoesOnOnOtherCarriersAndWithOtherWorkers) {
  const ScratchFolder folder;  // that of the first rank is used
  const WorkerMap map = map_workers(engine_options());
  const int workers = 3 * static_cast<int>(map.workers.size()) + 1;
  run_on_carriers(workers, [&](Environment& environment) {
    std::string run = folder.file("run");
    broadcast_text(environment.world(), run, 0);
    auto whole = std::make_shared<TallyNet>();
    GradientAccumulator uninterrupted(environment, whole, momentum());
    for (int step = 0; step < 5; ++step) {
      whole->step(uninterrupted, environment);
    }
    const std::string expected = text_of(*whole, uninterrupted);
    if (environment.is_root()) {
      folder.write("expected", expected);
    }
    auto net = std::make_shared<TallyNet>();
    GradientAccumulator accumulator(environment, net, momentum());
    Checkpointer checkpoints(environment, run);
    for (int step = 0; step < 3; ++step) {
      net->step(accumulator, environment);
    }
    checkpoints.save(accumulator, {}, states_of(environment.block()));  // the buffers differ
  });
  if (map.own_rank != 0) {
    return;
  }
  const std::string run = folder.file("run");
  for (const int carriers : {1, 2}) {
    launch_carriers({.engine = Engine::threads,
                     .workers = workers,
                     .carriers = carriers,
                     .each_rank_alone = true},
                    [&](Environment& environment) {
                      auto net = std::make_shared<TallyNet>();
                      GradientAccumulator accumulator(environment, net, momentum());
                      Checkpointer checkpoints(environment, run);
                      const auto loaded = checkpoints.load(accumulator);
                      ASSERT_TRUE(loaded);
                      expect_own(*loaded, states_of(environment.block()));
                      net->step(accumulator, environment);
                      net->step(accumulator, environment);
                      EXPECT_EQ(text_of(*net, accumulator), read_file(folder.file("expected")));
                    });
  }
  testing::internal::CaptureStderr();
  launch({.engine = Engine::threads, .workers = 2, .each_rank_alone = true},
         [&](Environment& environment) {
           auto net = std::make_shared<TallyNet>();
           GradientAccumulator accumulator(environment, net, momentum());
           Checkpointer checkpoints(environment, run);
           const auto loaded = checkpoints.load(accumulator);
           ASSERT_TRUE(loaded);
           EXPECT_EQ(loaded->workers, workers);
           EXPECT_TRUE(loaded->own.empty());
           EXPECT_EQ(accumulator.num_steps(), 3);
           EXPECT_EQ(net->calls.item<std::int64_t>(), 3 * workers);  // the largest
           net->step(accumulator, environment);
         });
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr(str("expected 2 workers' own states in the checkpoint ", run,
                            "/checkpoints/step-000000000003, found those of ", workers)));
}

/// Trains to step 9, with a checkpoint after every second step. Throws, or dies if it is a process,
/// in steps 5 and 8.
void train_with_failures(Environment& environment, const ScratchFolder& folder) {
  auto net = std::make_shared<TallyNet>();
  GradientAccumulator accumulator(environment, net, momentum());
  Checkpointer checkpoints(environment, folder.file("run"));
  const auto loaded = checkpoints.load(accumulator);
  EXPECT_EQ(loaded.has_value(), environment.restarts() > 0);
  EXPECT_EQ(accumulator.num_steps(), loaded ? loaded->common.integers.at("steps") : 0);
  while (accumulator.num_steps() < 9) {
    net->step(accumulator, environment);
    const std::int64_t steps = accumulator.num_steps();
    if (steps % 2 == 0) {
      CheckpointState state;
      state.integers["steps"] = steps;
      checkpoints.save(accumulator, state);
    }
    const bool is_last = environment.rank() == environment.workers() - 1;
    if (is_last && environment.restarts() == 0 && steps == 5) {
      throw std::runtime_error("planted");
    }
    if (is_last && environment.restarts() == 1 && steps == 8) {
      if (environment.engine() == Engine::processes) {
        kill(getpid(), SIGKILL);
      }
      throw std::runtime_error("planted");
    }
  }
  EXPECT_EQ(environment.restarts(), 2);
  const std::string found = text_of(*net, accumulator);
  if (environment.is_root()) {
    folder.write("found", found);
  }
}

TEST(Checkpointer, GoesOnAfterRestarts) {
  LaunchOptions options = engine_options();
  if (options.engine == Engine::mpi) {  // ends all ranks when one fails: each has a job of its own
    options = {.engine = Engine::threads, .workers = 3, .each_rank_alone = true};
  }
  const ScratchFolder folder;
  options.max_restarts = 5;
  testing::internal::CaptureStderr();
  launch(options, [&](Environment& environment) { train_with_failures(environment, folder); });
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("The workers are started again"));
  options.max_restarts = 0;
  launch(options, [&](Environment& environment) {
    auto net = std::make_shared<TallyNet>();
    GradientAccumulator accumulator(environment, net, momentum());
    while (accumulator.num_steps() < 9) {
      net->step(accumulator, environment);
    }
    EXPECT_EQ(text_of(*net, accumulator), read_file(folder.file("found")));
  });
}

}  // namespace
}  // namespace dga::test
