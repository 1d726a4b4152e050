// SPDX-License-Identifier: Apache-2.0

#include "dga/options/option_table.h"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/nearest.h"

namespace dga {
namespace {

using Kind = Option::Kind;

// Up to here a double, and so every reader of JSON, holds integers exactly.
constexpr double kMostSeed = 9007199254740992;

struct Bounds {
  double least = 0;
  double most = 0;
  bool above_least = false;
  bool below_most = false;
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
  } else {
    return Kind::sizes;
  }
}

/// As an OptionValue holds it: every integer as int64.
template <typename T>
using Held = std::conditional_t<std::is_integral_v<T> && !std::is_same_v<T, bool>, std::int64_t, T>;

template <typename T>
Option option(const std::string& name, const std::string& placeholder, T RunOptions::*member,
              const std::string& help, const Bounds& bounds = {},
              const std::string& zero_word = {}) {
  return {.name = name,
          .kind = kind_of<T>(),
          .placeholder = placeholder,
          .help = help,
          .least = bounds.least,
          .most = bounds.most,
          .above_least = bounds.above_least,
          .below_most = bounds.below_most,
          .zero_word = zero_word,
          .get = [member](const RunOptions& options) -> OptionValue {
            return static_cast<Held<T>>(options.*member);
          },
          .put =
              [member](RunOptions& options, const OptionValue& value) {
                options.*member = static_cast<T>(std::get<Held<T>>(value));
              }};
}

template <typename E, std::size_t N>
Option choice(std::string name, E RunOptions::*member, std::string help,
              const NamedValues<E, N>& words) {
  Option row{.name = std::move(name), .kind = Kind::choice, .help = std::move(help)};
  for (const auto& [word, value] : words) {
    row.placeholder += str(row.placeholder.empty() ? "" : "|", word);
    row.choices.emplace_back(word);
  }
  row.get = [member, words](const RunOptions& options) -> OptionValue {
    return std::string(name_in(words, options.*member));
  };
  row.put = [member, words](RunOptions& options, const OptionValue& value) {
    options.*member = *value_in(words, std::get<std::string>(value));
  };
  return row;
}

constexpr NamedValues<OptimizerKind, 3> kOptimizers{
    {{"sgd", OptimizerKind::sgd}, {"adam", OptimizerKind::adam}, {"adamw", OptimizerKind::adamw}}};
constexpr NamedValues<ScheduleKind, 4> kSchedules{{{"constant", ScheduleKind::constant},
                                                   {"step", ScheduleKind::step},
                                                   {"cosine", ScheduleKind::cosine},
                                                   {"warmup-cosine", ScheduleKind::warmup_cosine}}};
constexpr NamedValues<ClassWeights, 2> kClassWeights{
    {{"none", ClassWeights::none}, {"balanced", ClassWeights::balanced}}};

std::vector<Option> data_options() {
  return {
      option("data", "PATH", &RunOptions::data,
             "The samples to train on: a folder, a file or a file:// URI. CSV and IDX are "
             "recognised by "
             "content."),
      option("test-data", "PATH", &RunOptions::test_data,
             "The held-out samples, given the same way; else the data's own test files, else a "
             "part of the "
             "data."),
      option("test-fraction", "X", &RunOptions::test_fraction,
             "The part of the data to hold out when there is no test set.",
             {.least = 0, .most = 1, .below_most = true}),
      option(
          "label", "COLUMN", &RunOptions::label,
          "The label's column in CSV: a name of the header, or a number from 0, or from the end if "
          "negative. The last one unless given."),
      choice("task", &RunOptions::task,
             "What the labels mean. Regression is done only when asked for.", kTaskNames),
      choice(
          "shard", &RunOptions::shard,
          "How samples are dealt to the workers: at random, in their order, or by label, so that "
          "a worker sees few classes.",
          kShardKindNames),
  };
}

std::vector<Option> worker_options() {
  return {
      option(
          "workers", "N", &RunOptions::workers,
          "Workers, each with its own share of the samples. auto: as many as MPI started, else 1.",
          {.least = 1, .most = 4096}, "auto"),
      choice("engine", &RunOptions::engine,
             "What workers are made of. auto: mpi when started by mpirun or srun, else threads.",
             kEngineNames),
      option("ranks-per-node", "N", &RunOptions::ranks_per_node,
             "MPI: how many ranks count as one node. auto: ask MPI.", {.least = 1, .most = 4096},
             "auto"),
      option(
          "levels", "N", &RunOptions::levels,
          "Kinds of parallelism the work is factorised by: 1 data, 2 and pipeline, 3 and tensor, "
          "4 and space.",
          {.least = 1, .most = 4}),
      option("timeout", "S", &RunOptions::timeout,
             "The longest wait of one worker for another, in seconds.",
             {.least = 0, .most = 1e7, .above_least = true}),
  };
}

std::vector<Option> model_options() {
  return {
      option("hidden", "N[,N...]", &RunOptions::hidden,
             "Sizes of the hidden layers. none: a linear model.", {.least = 1, .most = 1e6},
             "none"),
      option("dropout", "X", &RunOptions::dropout,
             "The part of each hidden layer's outputs that a step leaves out.",
             {.least = 0, .most = 1, .below_most = true}),
  };
}

std::vector<Option> training_options() {
  return {
      option("epochs", "N", &RunOptions::epochs, "Passes over the training samples.",
             {.least = 1, .most = 1e6}),
      option("batch", "N", &RunOptions::batch, "Samples a worker takes for a step (a micro-step).",
             {.least = 1, .most = 1e6}),
      option("micro-steps", "K", &RunOptions::micro_steps,
             "Batches a worker accumulates gradients over before a step.",
             {.least = 1, .most = 1e6}),
      choice("optimizer", &RunOptions::optimizer, "The optimiser.", kOptimizers),
      option(
          "lr", "X", &RunOptions::lr,
          "The learning rate. auto: what suits the optimiser (" +
              [] {
                std::string text;
                for (const auto& [word, kind] : kOptimizers) {
                  RunOptions options;
                  options.optimizer = kind;
                  text += str(text.empty() ? "" : ", ", word, " ", resolve_lr(options));
                }
                return text;
              }() +
              ").",
          {.least = 0, .most = 1000, .above_least = true}, "auto"),
      option("momentum", "X", &RunOptions::momentum, "The momentum of sgd.",
             {.least = 0, .most = 1, .below_most = true}),
      option("weight-decay", "X", &RunOptions::weight_decay,
             "The weight decay: decoupled with adamw, added to the gradient otherwise.",
             {.least = 0, .most = 1000}),
      option("clip-norm", "X", &RunOptions::clip_norm,
             "The largest norm of the whole gradient; longer ones are scaled down to it.",
             {.least = 0, .most = 1e30, .above_least = true}, "off"),
      choice("schedule", &RunOptions::schedule,
             "How the learning rate changes. step: a tenth after each third of the steps; cosine: "
             "along half a cosine to 0; warmup-cosine: up in a line over the first twentieth, then "
             "cosine.",
             kSchedules),
      choice("class-weights", &RunOptions::class_weights,
             "How much a sample counts in the loss. balanced: the rarer its class among the "
             "training samples, the more; 1 on average.",
             kClassWeights),
      option("ema", "X", &RunOptions::ema,
             "The decay of an exponential moving average of the weights, which is what is tested "
             "and saved. 0: none.",
             {.least = 0, .most = 1, .below_most = true}),
      option("patience", "N", &RunOptions::patience,
             "Stop after so many epochs in a row without a new lowest error on the held-out "
             "samples (where there are none, without a new lowest loss). 0: never.",
             {.least = 0, .most = 1e6}),
      option("keep-best", "", &RunOptions::keep_best,
             "Save the weights of the epoch that was best, judged as for --patience, instead of "
             "the last one's."),
      option("seed", "S", &RunOptions::seed,
             "The seed of everything random. The same seed and number of workers give the same "
             "weights.",
             {.least = 0, .most = kMostSeed}),
  };
}

std::vector<Option> output_options() {
  std::vector<Option> rows{
      option("output", "DIR", &RunOptions::output,
             "The folder for the results, which must not hold a run yet; else runs/<date-time>."),
      option("tensorboard", "", &RunOptions::tensorboard,
             "Also write what TensorBoard reads (tensorboard --logdir DIR): errors, times and "
             "options."),
      option("trace", "", &RunOptions::trace,
             "Also write trace.json, when each worker computed, reduced and waited, for Perfetto "
             "(ui.perfetto.dev) or chrome://tracing."),
      option("quiet", "", &RunOptions::quiet, "Print nothing but errors."),
      option("config", "FILE", &RunOptions::config,
             "A TOML file with options, by the same names. The command line overrides it."),
  };
  rows.back().in_files = false;
  return rows;
}

std::vector<Option> make_table() {
  std::vector<Option> table;
  const auto add = [&](const std::string& group, std::vector<Option> rows) {
    for (Option& row : rows) {
      row.group = group;
      table.push_back(std::move(row));
    }
  };
  add("Data", data_options());
  add("Workers", worker_options());
  add("Model", model_options());
  add("Training", training_options());
  add("Output", output_options());
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

std::string option_hint(std::string_view name, std::string_view prefix) {
  std::vector<std::string> names;
  for (const Option& row : option_table()) {
    names.push_back(row.name);
  }
  const std::string best = nearest(name, names);
  return best.empty() ? "" : str(" Did you mean ", prefix, best, "?");
}

}  // namespace dga
