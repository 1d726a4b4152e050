// SPDX-License-Identifier: Apache-2.0

#include "dga/options/option_table.h"

#include <algorithm>
#include <iterator>
#include <type_traits>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/home_path.h"
#include "dga/base/nearest.h"

namespace dga {
namespace {

using Kind = Option::Kind;
using Scope = Option::Scope;

// Up to here a double, and so every reader of JSON, holds integers exactly.
constexpr double kMostSeed = 9007199254740992;

/// The parts of a row that many rows leave out.
struct Details {
  double least = 0;
  double most = 0;
  bool above_least = false;
  bool below_most = false;
  std::string zero_word = {};
  Scope scope = Scope::problem;
  bool positional = false;
  std::string argument = {};  // unless it follows from the name
  bool in_files = true;
  bool resumable = false;
};

/// Where a group of options lies in RunOptions, and its heading in the docs.
template <typename G>
struct Group;
template <>
struct Group<TableOptions> {
  static constexpr const char* kHeading = "Data";
  template <typename Options>
  static auto& in(Options& options) {
    return options.data.table;
  }
};
template <>
struct Group<SampleOptions> {
  static constexpr const char* kHeading = "Data";
  template <typename Options>
  static auto& in(Options& options) {
    return options.data.samples;
  }
};
template <>
struct Group<DataOptions> {
  static constexpr const char* kHeading = "Data";
  template <typename Options>
  static auto& in(Options& options) {
    return options.data;
  }
};
template <>
struct Group<WorkerOptions> {
  static constexpr const char* kHeading = "Workers";
  template <typename Options>
  static auto& in(Options& options) {
    return options.workers;
  }
};
template <>
struct Group<ModelOptions> {
  static constexpr const char* kHeading = "Model";
  template <typename Options>
  static auto& in(Options& options) {
    return options.model;
  }
};
template <>
struct Group<TrainingOptions> {
  static constexpr const char* kHeading = "Training";
  template <typename Options>
  static auto& in(Options& options) {
    return options.training;
  }
};
template <>
struct Group<OutputOptions> {
  static constexpr const char* kHeading = "Output";
  template <typename Options>
  static auto& in(Options& options) {
    return options.output;
  }
};

template <typename T>
constexpr Kind kind_of() {
  if constexpr (std::is_same_v<T, bool>) {
    return Kind::flag;
  } else if constexpr (std::is_integral_v<T>) {
    return Kind::integer;
  } else if constexpr (std::is_floating_point_v<T>) {
    return Kind::number;
  } else if constexpr (std::is_same_v<T, std::string>) {
    return Kind::text;
  } else if constexpr (std::is_same_v<T, Interval>) {
    return Kind::interval;
  } else {
    return Kind::sizes;
  }
}

/// As an OptionValue holds it: every integer as int64.
template <typename T>
using Held = std::conditional_t<std::is_integral_v<T> && !std::is_same_v<T, bool>, std::int64_t, T>;

/// The part of a row that does not depend on the member's type.
template <typename G>
Option row_of(const std::string& name, const std::string& help, const Details& details) {
  Option row{.name = name,
             .argument = details.argument.empty() ? name : details.argument,
             .group = Group<G>::kHeading,
             .scope = details.scope,
             .positional = details.positional,
             .help = help,
             .least = details.least,
             .most = details.most,
             .above_least = details.above_least,
             .below_most = details.below_most,
             .zero_word = details.zero_word,
             .in_files = details.in_files,
             .resumable = details.resumable || details.scope == Scope::environment ||
                          details.scope == Scope::program};
  std::replace(row.argument.begin(), row.argument.end(), '-', '_');
  return row;
}

template <typename G, typename T>
Option option(const std::string& name, const std::string& placeholder, T G::*member,
              const std::string& help, const Details& details = {}) {
  Option row = row_of<G>(name, help, details);
  row.kind = kind_of<T>();
  row.placeholder = placeholder;
  row.get = [member](const RunOptions& options) -> OptionValue {
    if constexpr (std::is_same_v<T, Interval>) {
      return (Group<G>::in(options).*member).text();
    } else {
      return static_cast<Held<T>>(Group<G>::in(options).*member);
    }
  };
  row.put = [member](RunOptions& options, const OptionValue& value) {
    if constexpr (std::is_same_v<T, Interval>) {
      Group<G>::in(options).*member = *interval_from(std::get<std::string>(value));
    } else {
      Group<G>::in(options).*member = static_cast<T>(std::get<Held<T>>(value));
    }
  };
  if (row.is_path()) {
    row.resumable = true;  // whatever lies there is compared
    row.put = [put = row.put](RunOptions& options, const OptionValue& value) {
      put(options, expand_home(std::get<std::string>(value)));
    };
  }
  return row;
}

template <typename G, typename E, std::size_t N>
Option choice(const std::string& name, E G::*member, const std::string& help,
              const NamedValues<E, N>& words, const Details& details = {}) {
  Option row = row_of<G>(name, help, details);
  row.kind = Kind::choice;
  for (const auto& [word, value] : words) {
    row.placeholder += str(row.placeholder.empty() ? "" : "|", word);
    row.choices.emplace_back(word);
  }
  row.get = [member, words](const RunOptions& options) -> OptionValue {
    return std::string(name_in(words, Group<G>::in(options).*member));
  };
  row.put = [member, words](RunOptions& options, const OptionValue& value) {
    Group<G>::in(options).*member = *value_in(words, std::get<std::string>(value));
  };
  return row;
}

constexpr NamedValues<OptimizerKind, 4> kOptimizers{{{"sgd", OptimizerKind::sgd},
                                                     {"adam", OptimizerKind::adam},
                                                     {"adamw", OptimizerKind::adamw},
                                                     {"muon", OptimizerKind::muon}}};
constexpr NamedValues<ScheduleKind, 4> kSchedules{{{"constant", ScheduleKind::constant},
                                                   {"step", ScheduleKind::step},
                                                   {"cosine", ScheduleKind::cosine},
                                                   {"warmup-cosine", ScheduleKind::warmup_cosine}}};
constexpr NamedValues<ClassWeights, 2> kClassWeights{
    {{"none", ClassWeights::none}, {"balanced", ClassWeights::balanced}}};

std::vector<Option> data_options() {
  return {
      option(
          "data", "PATH", &DataOptions::path,
          "Training samples: a folder or a file, as a path or a URI. CSV, Parquet and IDX are "
          "recognised by "
          "content. A folder with a subfolder of PNG or JPEG images for each class is one dataset.",
          {.scope = Scope::dataset, .positional = true, .argument = "data_dir"}),
      option("test-data", "PATH", &DataOptions::test_path,
             "Test samples: a folder or a file, as a path or a URI. Default: the data files with "
             "test in their names; if there are none, --test-fraction of the data is held out.",
             {.scope = Scope::dataset, .argument = "test_data_dir"}),
      option("val-data", "PATH", &DataOptions::val_path,
             "Validation samples: a folder or a file, as a path or a URI. Not trained on; used for "
             "early stopping and to choose the best epoch. Default: the validation files of the "
             "dataset, else none.",
             {.scope = Scope::dataset, .argument = "val_data_dir"}),
      option("test-fraction", "X", &DataOptions::test_fraction,
             "Fraction of the data to hold out when there is no test set.",
             {.least = 0, .most = 1, .below_most = true}),
      option("label", "COLUMN", &TableOptions::label,
             "Label column of CSV: a name in the header, or a number (0 is the first, -1 the last "
             "column). Default: the column named label, class, target or y, else the last.",
             {.scope = Scope::dataset}),
      choice(
          "header", &TableOptions::header,
          "Whether the first line of a CSV file holds the names of the columns. auto: compare it "
          "with the next hundred lines.",
          kHeaderNames, {.scope = Scope::dataset}),
      choice("decimal", &TableOptions::decimal, "Decimal mark of the numbers in CSV files.",
             kDecimalNames, {.scope = Scope::dataset}),
      option("drop", "COLUMN,…", &TableOptions::drop, "Columns of CSV to leave out.",
             {.scope = Scope::dataset}),
      option("only", "COLUMN,…", &TableOptions::only,
             "Columns of CSV to use as features. Default: all but the label.",
             {.scope = Scope::dataset}),
      option("one-hot", "COLUMN,…", &TableOptions::one_hot,
             "Columns of CSV with categories. Each category becomes one feature that is 0 or 1.",
             {.scope = Scope::dataset}),
      choice(
          "missing", &TableOptions::missing,
          "What to do with samples that have missing values (an empty field, NA, nan, ?). error: "
          "refuse the file; mean: use the column's mean over the training samples; drop: leave the "
          "sample out.",
          kMissingNames, {.scope = Scope::dataset}),
      option(
          "resize", "HxW", &SampleOptions::resize,
          "Height and width to which all images are resized, such as 224x224. Default: they must "
          "have one size.",
          {.scope = Scope::dataset}),
      choice(
          "task", &DataOptions::task,
          "Task type: classification, or regression for real-valued labels. auto: "
          "classification, with an error for labels that look like mistakes, such as 5% or a word "
          "among integers; it never chooses regression.",
          kTaskNames, {.scope = Scope::dataset}),
      choice("shard", &DataOptions::shard,
             "How the samples are sharded over the workers. iid: at random; contiguous: in their "
             "order; by-label: sorted by label, so each worker sees few classes.",
             kShardKindNames),
      option("stream", "", &SampleOptions::stream,
             "Leave the features in the files and read them in blocks, for datasets that are "
             "larger than memory. Needs --shard contiguous, and uncompressed files of NPY, "
             "safetensors, IDX, CIFAR, CSV or LIBSVM.",
             {.scope = Scope::dataset}),
      option("shuffle-window", "N", &SampleOptions::shuffle_window,
             "Number of samples that are shuffled at a time, taken from random places of a shard. "
             "auto: the whole shard, or with --stream the samples of 2 MiB.",
             {.least = 1, .most = 9e15, .zero_word = "auto"}),
      option("stream-index", "DIR", &SampleOptions::index,
             "Folder that keeps what --stream finds when it first reads the files, so that later "
             "runs need not read them for it again. Default: stream-index, beside the folder of "
             "the results.",
             {.scope = Scope::dataset}),
  };
}

std::vector<Option> worker_options() {
  return {
      option("workers", "N", &WorkerOptions::count,
             "Number of workers, each with its own shard of the samples. auto: the number of MPI "
             "ranks, or 1 without MPI.",
             {.least = 1,
              .most = 4096,
              .zero_word = "auto",
              .positional = true,
              .argument = "num_client_items",
              .resumable = true}),
      option(
          "carriers", "N", &WorkerOptions::carriers,
          "Number of threads, processes or MPI ranks that carry the workers, in turn. The results "
          "do not depend on it. auto: one for each worker, but no more than there are cores; under "
          "MPI, "
          "all ranks.",
          {.least = 1, .most = 4096, .zero_word = "auto", .scope = Scope::environment}),
      choice("engine", &WorkerOptions::engine,
             "How workers run: as threads, child processes or MPI ranks. auto: mpi under mpirun or "
             "srun, else threads.",
             kEngineNames, {.scope = Scope::environment, .positional = true}),
      option("ranks-per-node", "N", &WorkerOptions::ranks_per_node,
             "Number of MPI ranks that count as one node. auto: ask MPI.",
             {.least = 1, .most = 4096, .zero_word = "auto", .scope = Scope::environment}),
      option(
          "levels", "N", &WorkerOptions::levels,
          "Levels of parallelism. 1: data; 2: also pipeline; 3: also tensor; 4: also spatial. Only "
          "1 is implemented.",
          {.least = 1, .most = 4, .positional = true, .argument = "num_factorization_levels"}),
      option("timeout", "S", &WorkerOptions::timeout,
             "Timeout for waiting on another worker, in seconds.",
             {.least = 0, .most = 1e7, .above_least = true, .scope = Scope::environment}),
      option("max-restarts", "N", &WorkerOptions::max_restarts,
             "How often to start the workers again after one of them has died, hung or thrown. The "
             "run then goes on from its last checkpoint, or begins anew without one. After two "
             "failures in a row at the same step it ends. With MPI it is an option of dga launch.",
             {.least = 0, .most = 1e6, .scope = Scope::environment}),
  };
}

std::vector<Option> model_options() {
  return {
      option("hidden", "N[,N...]", &ModelOptions::hidden,
             "Number of neurons in each hidden layer. none: a linear model.",
             {.least = 1, .most = 1e6, .zero_word = "none"}),
      option("dropout", "X", &ModelOptions::dropout, "Dropout probability after each hidden layer.",
             {.least = 0, .most = 1, .below_most = true}),
  };
}

/// "sgd 0.05, adam 0.003, …"
std::string default_rates() {
  std::string text;
  for (const auto& [word, kind] : kOptimizers) {
    RunOptions options;
    options.training.optimizer = kind;
    text += str(text.empty() ? "" : ", ", word, " ", resolve_lr(options));
  }
  return text;
}

std::vector<Option> training_options() {
  return {
      option("epochs", "N", &TrainingOptions::epochs, "Number of passes over the training samples.",
             {.least = 1, .most = 1e6, .resumable = true}),
      option(
          "batch", "N", &TrainingOptions::batch,
          "Number of samples per worker in a micro-step, which is one forward and backward pass.",
          {.least = 1, .most = 1e6}),
      option("micro-steps", "K", &TrainingOptions::micro_steps,
             "Number of micro-steps whose gradients are accumulated before a step of the "
             "optimiser.",
             {.least = 1, .most = 1e6}),
      choice("optimizer", &TrainingOptions::optimizer,
             "Optimiser that updates the weights. muon: Muon for the hidden matrices, AdamW for "
             "the rest.",
             kOptimizers),
      option(
          "lr", "X", &TrainingOptions::lr,
          "Learning rate. auto: the optimiser's default (" + default_rates() + ").",
          {.least = 0, .most = 1000, .above_least = true, .zero_word = "auto", .resumable = true}),
      option("momentum", "X", &TrainingOptions::momentum, "Momentum of sgd and muon.",
             {.least = 0, .most = 1, .below_most = true}),
      option("weight-decay", "X", &TrainingOptions::weight_decay,
             "Weight decay: decoupled with adamw and muon, added to the gradient with the other "
             "optimisers.",
             {.least = 0, .most = 1000}),
      option("clip-norm", "X", &TrainingOptions::clip_norm,
             "Maximum gradient norm, over all parameters. Larger gradients are scaled down. off: "
             "no clipping.",
             {.least = 0, .most = 1e30, .above_least = true, .zero_word = "off"}),
      choice(
          "on-nonfinite", &TrainingOptions::on_nonfinite,
          "What a step does if a gradient is infinite or NaN. throw: stop with an error that names "
          "the parameter and the worker; skip: discard the gradients, on all workers, and go on; "
          "ignore: do not look.",
          kOnNonfiniteNames),
      choice("schedule", &TrainingOptions::schedule,
             "Learning rate schedule. step: divided by 10 at 1/3 and again at 2/3 of the steps; "
             "cosine: half a cosine down to 0; warmup-cosine: linear warm-up over the first 5 % of "
             "steps, "
             "then cosine.",
             kSchedules),
      choice("class-weights", &TrainingOptions::class_weights,
             "Weight of each class in the loss. balanced: inversely proportional to the class's "
             "number of training samples, normalised so that the mean weight over the training "
             "samples is 1.",
             kClassWeights),
      option("ema", "X", &TrainingOptions::ema,
             "Decay of an exponential moving average of the weights, such as 0.999. The average is "
             "then evaluated and saved instead of the weights. 0: no average.",
             {.least = 0, .most = 1, .below_most = true}),
      option("patience", "N", &TrainingOptions::patience,
             "Stop early after this number of epochs without improvement. Improvement is a new "
             "lowest error on the validation set or, if there is none, on the held-out set; if "
             "nothing is held out either, a new lowest loss. 0: never.",
             {.least = 0, .most = 1e6, .resumable = true}),
      option("coalesce", "", &TrainingOptions::coalesce,
             "Compute the samples of all workers of a carrier as one batch. Much faster with many "
             "workers on few carriers, but the last bits of the weights then depend on the number "
             "of carriers. Refused for models with batch-norm."),
      option("keep-best", "", &TrainingOptions::keep_best,
             "Save the weights of the best epoch instead of the last one. The best epoch has the "
             "lowest error on the validation set or, if there is none, on the held-out set; if "
             "nothing is held out either, the lowest loss."),
      option("seed", "S", &TrainingOptions::seed,
             "Seed of all random numbers. The same seed and number of workers give the same "
             "weights.",
             {.least = 0, .most = kMostSeed}),
  };
}

std::vector<Option> output_options() {
  return {
      option("output", "DIR", &OutputOptions::folder,
             "Folder for the results, as a path or a URI. Without --resume it must not already "
             "contain "
             "a run. Default: runs/<date-time>."),
      option(
          "checkpoint-every", "N", &OutputOptions::checkpoint_every,
          "Save a checkpoint after every N epochs, after every N steps (such as 200steps) or "
          "every N seconds (30s), and after the last epoch, in DIR/checkpoints. off: only when a "
          "signal stops the run.",
          {.zero_word = "off", .resumable = true}),
      option("keep-checkpoints", "N", &OutputOptions::keep_checkpoints,
             "Number of checkpoints to keep; older ones are removed.",
             {.least = 1, .most = 1e6, .resumable = true}),
      option(
          "resume", "DIR", &OutputOptions::resume,
          "Go on from a checkpoint: its folder, or auto for the newest good one of --output. The "
          "weights are those of a run that was never interrupted. Epochs, learning rate, engine "
          "and carriers may be others. So may the number of workers: then the weights are others."),
      option("tensorboard", "", &OutputOptions::tensorboard,
             "Also write losses, errors, times and options for TensorBoard (tensorboard --logdir "
             "DIR).",
             {.resumable = true}),
      option("trace", "", &OutputOptions::trace,
             "Also write trace.json, the timeline of each worker's compute, reduce, wait and data, "
             "for "
             "Perfetto (ui.perfetto.dev) or chrome://tracing.",
             {.resumable = true}),
      option("quiet", "", &OutputOptions::quiet, "Print errors only.", {.scope = Scope::program}),
      option("config", "FILE", &OutputOptions::config,
             "TOML file with options under the same names. The command line overrides it.",
             {.scope = Scope::program, .in_files = false}),
  };
}

std::vector<Option> make_table() {
  std::vector<Option> table;
  for (std::vector<Option> rows :
       {data_options(), worker_options(), model_options(), training_options(), output_options()}) {
    std::move(rows.begin(), rows.end(), std::back_inserter(table));
  }
  return table;
}

}  // namespace

const std::vector<Option>& option_table() {
  static const std::vector<Option> table = make_table();
  return table;
}

const Option* find_option(std::string_view name) {
  std::string plain(name);
  std::replace(plain.begin(), plain.end(), '_', '-');
  const std::vector<Option>& table = option_table();
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const Option& row) { return row.name == plain; });
  return found == table.end() ? nullptr : &*found;
}

const Option* find_argument(std::string_view name) {
  const std::vector<Option>& table = option_table();
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const Option& row) { return row.argument == name; });
  return found == table.end() ? nullptr : &*found;
}

std::string option_hint(std::string_view name, std::string_view prefix) {
  std::vector<std::string> names;
  for (const Option& row : option_table()) {
    names.push_back(row.name);
  }
  const std::string best = nearest(name, names);
  return best.empty() ? "" : str(" Did you mean ", prefix, best, "?");
}

}  // namespace dga
