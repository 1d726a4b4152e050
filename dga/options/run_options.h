// SPDX-License-Identifier: Apache-2.0
//
// RunOptions: all options of a training run, grouped by subject. The command line, TOML files,
// Python, the problem API and config.json all read or write this one struct, through the table of
// option_table.h.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dga/base/on_nonfinite.h"
#include "dga/data/sample_options.h"
#include "dga/data/samples.h"
#include "dga/data/shards.h"
#include "dga/options/engine.h"
#include "dga/options/interval.h"

namespace dga {

enum class OptimizerKind { sgd, adam, adamw, muon };
enum class ScheduleKind { constant, step, cosine, warmup_cosine };
enum class ClassWeights { none, balanced };

// The defaults of options are in these groups and nowhere else. Each member has one row in
// option_table.cpp, with its user-visible name, its bounds and its help.

struct DataOptions {
  std::string path = {};
  std::string test_path = {};  // empty: the data's own test files, else held-out samples
  std::string val_path = {};   // empty: the data's own validation files, else none
  double test_fraction = 0.2;
  TableOptions table = {};
  SampleOptions samples = {};
  Task task = Task::automatic;
  ShardKind shard = ShardKind::iid;

  bool operator==(const DataOptions&) const = default;
};

struct WorkerOptions {
  int count = 0;     // 0: see resolve_workers
  int carriers = 0;  // 0: see resolve_blocks
  Engine engine = Engine::automatic;
  int ranks_per_node = 0;  // 0: ask MPI
  int levels = 1;
  double timeout = 300;  // seconds
  int max_restarts = 0;

  bool operator==(const WorkerOptions&) const = default;
};

struct ModelOptions {
  std::vector<std::int64_t> hidden = {100};  // empty: a linear model
  double dropout = 0;

  bool operator==(const ModelOptions&) const = default;
};

struct TrainingOptions {
  std::int64_t epochs = 40;
  std::int64_t batch = 16;  // samples per worker and micro-step
  std::int64_t micro_steps = 1;
  bool coalesce = false;
  OptimizerKind optimizer = OptimizerKind::adam;
  double lr = 0;  // 0: see resolve_lr
  double momentum = 0.9;
  double weight_decay = 0;
  double clip_norm = 0;  // 0: off
  OnNonfinite on_nonfinite = OnNonfinite::throw_error;
  ScheduleKind schedule = ScheduleKind::constant;
  ClassWeights class_weights = ClassWeights::none;
  double ema = 0;             // 0: off
  std::int64_t patience = 0;  // epochs; 0: off
  bool keep_best = false;
  std::uint64_t seed = 42;

  bool operator==(const TrainingOptions&) const = default;
};

struct OutputOptions {
  std::string folder = {};  // empty: runs/<date-time>
  Interval checkpoint_every = {};
  std::int64_t keep_checkpoints = 2;
  std::string resume =
      {};  // "auto", or the folder of a checkpoint; empty: start from the beginning
  bool tensorboard = false;
  bool trace = false;
  bool quiet = false;
  std::string config = {};

  bool operator==(const OutputOptions&) const = default;
};

struct RunOptions {
  DataOptions data = {};
  WorkerOptions workers = {};
  ModelOptions model = {};
  TrainingOptions training = {};
  OutputOptions output = {};

  bool operator==(const RunOptions&) const = default;
};

/// Throws InvalidArgument if a value is out of bounds, if the data is missing, or if values
/// contradict each other. For options that a program has set: command lines and files are checked
/// as they are read.
void check_options(const RunOptions& options);

/// Throws InvalidArgument if a value is out of bounds. Checks nothing else.
void check_bounds(const RunOptions& options);

/// `options.training.lr`, or the optimiser's default if that is 0.
double resolve_lr(const RunOptions& options) noexcept;

/// Throws InvalidArgument for streamed samples in shards other than ShardKind::contiguous.
void check_stream_order(const RunOptions& options);

/// The folder that keeps what is found in streamed files; see IndexFolder. Empty for samples that
/// are not streamed.
std::string resolve_stream_index(const RunOptions& options);

/// The shuffle window, in samples of `num_features`; 0: all samples of a shard are shuffled.
std::int64_t resolve_shuffle_window(const RunOptions& options, std::int64_t num_features) noexcept;

}  // namespace dga
