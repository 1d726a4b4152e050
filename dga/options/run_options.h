// SPDX-License-Identifier: Apache-2.0
//
// RunOptions: everything a training run can be told. The command line, TOML files, the problem API
// and config.json all fill or show this one struct, through the table of option_table.h.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dga/data/samples.h"
#include "dga/data/shards.h"
#include "dga/options/engine.h"

namespace dga {

inline constexpr double kDefaultTimeoutSeconds = 300;
inline constexpr std::uint64_t kDefaultSeed = 42;

enum class OptimizerKind { sgd, adam, adamw };
enum class ScheduleKind { constant, step, cosine, warmup_cosine };
enum class ClassWeights { none, balanced };

/// The defaults stand here and nowhere else. A member is called as its option, '-' being '_';
/// option_table.cpp says what each means and which values it may take.
struct RunOptions {
  // The data
  std::string data = {};
  std::string test_data = {};
  double test_fraction = 0.2;
  std::string label = {};
  Task task = Task::automatic;
  ShardKind shard = ShardKind::iid;

  // The workers
  int workers = 0;  // 0: see resolve_workers
  Engine engine = Engine::automatic;
  int ranks_per_node = 0;
  int levels = 1;
  double timeout = kDefaultTimeoutSeconds;  // seconds

  // The model
  std::vector<std::int64_t> hidden = {100};
  double dropout = 0;

  // The training
  std::int64_t epochs = 40;
  std::int64_t batch = 16;  // samples a worker and micro-step
  std::int64_t micro_steps = 1;
  OptimizerKind optimizer = OptimizerKind::adam;
  double lr = 0;  // 0: see resolve_lr
  double momentum = 0.9;
  double weight_decay = 0;
  double clip_norm = 0;  // 0: off
  ScheduleKind schedule = ScheduleKind::constant;
  ClassWeights class_weights = ClassWeights::none;
  double ema = 0;             // 0: off
  std::int64_t patience = 0;  // epochs; 0: off
  bool keep_best = false;
  std::uint64_t seed = kDefaultSeed;

  // What comes out
  std::string output = {};
  bool tensorboard = false;
  bool trace = false;
  bool quiet = false;
  std::string config = {};

  bool operator==(const RunOptions&) const = default;
};

/// Throws InvalidArgument when a value is out of its bounds, when something required is missing, or
/// when values do not go together. For options that a program filled; texts and files are checked
/// as they are read.
void check_options(const RunOptions& options);

/// `options.lr`, else what suits the optimiser.
double resolve_lr(const RunOptions& options) noexcept;

}  // namespace dga
