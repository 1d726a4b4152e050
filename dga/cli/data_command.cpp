// SPDX-License-Identifier: Apache-2.0
//
// dga data: what a dataset is, conversion between formats, and splits as files.

#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/base/home_path.h"
#include "dga/base/log.h"
#include "dga/cli/command.h"
#include "dga/cli/option_arguments.h"
#include "dga/data/load.h"
#include "dga/data/shape_text.h"
#include "dga/data/split.h"
#include "dga/data/subset.h"
#include "dga/data/write/write_data.h"
#include "dga/storage/byte_source.h"

namespace dga {
namespace {

struct Paths {
  std::string from = {};
  std::string to = {};
  std::string format = {};
  double validation_fraction = 0;
};

LoadedData load(const std::string& from, RunOptions options) {
  return load_data({.data = expand_home(from),
                    .test_data = expand_home(options.data.test_path),
                    .validation_data = expand_home(options.data.val_path),
                    .task = options.data.task,
                    .table = options.data.table,
                    .samples = options.data.samples});
}

void warn(const LoadedData& data) {
  for (const std::string& notice : data.summary.notices) {
    log_warning(notice);
  }
}

void show_row(const std::string& heading, const std::string& text) {
  std::cout << heading << std::string(heading.size() < 12 ? 12 - heading.size() : 1, ' ') << text
            << '\n';
}

/// Range, mean and missing values of all features together, or of each if there are few.
void show_features(const WrittenSet& set, bool named) {
  const auto width = static_cast<std::size_t>(set.data->num_features());
  struct Feature {
    double least = std::numeric_limits<double>::infinity();
    double most = -std::numeric_limits<double>::infinity();
    double sum = 0;
    std::int64_t values = 0;
    std::int64_t missing = 0;
  };
  std::vector<Feature> features(width);
  for_each_block(set, [&](const WrittenBlock& block) {
    for (std::size_t i = 0; i < block.features.size(); ++i) {
      Feature& feature = features[i % width];
      const double value = block.features[i];
      if (std::isnan(value)) {
        ++feature.missing;
        continue;
      }
      feature.least = std::min(feature.least, value);
      feature.most = std::max(feature.most, value);
      feature.sum += value;
      ++feature.values;
    }
  });
  Feature all;
  for (const Feature& feature : features) {
    all.least = std::min(all.least, feature.least);
    all.most = std::max(all.most, feature.most);
    all.sum += feature.sum;
    all.values += feature.values;
    all.missing += feature.missing;
  }
  const auto text = [](const Feature& feature) {
    return feature.values == 0
               ? std::string("no values")
               : str(feature.least, " to ", feature.most, ", mean ",
                     feature.sum / static_cast<double>(feature.values),
                     feature.missing > 0 ? str(", ", feature.missing, " missing") : "");
  };
  show_row("values", text(all));
  constexpr std::size_t kMostFeatures = 32;
  if (named && width <= kMostFeatures) {
    for (std::size_t f = 0; f < width; ++f) {
      show_row("  " + printable(set.names[f]), text(features[f]));
    }
  }
}

/// The label, or the target, of a sample of a block.
std::string label_in(const WrittenSet& set, const WrittenBlock& block, std::size_t i) {
  return block.classes.empty()
             ? str(block.targets[i])
             : printable(set.data->class_names()[static_cast<std::size_t>(block.classes[i])]);
}

void show_first_samples(const WrittenSet& set) {
  constexpr std::int64_t kSamples = 3;
  constexpr std::size_t kValues = 8;
  std::vector<std::int64_t> first;
  for (std::int64_t i = 0; i < std::min(kSamples, set.data->size()); ++i) {
    first.push_back(i);
  }
  WrittenSet head = set;
  head.data = std::make_shared<Subset>(set.data, first);
  const auto width = static_cast<std::size_t>(set.data->num_features());
  for_each_block(head, [&](const WrittenBlock& block) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(block.count); ++i) {
      std::string text;
      for (std::size_t f = 0; f < std::min(kValues, width); ++f) {
        text += str(block.features[i * width + f], ' ');
      }
      show_row(str("sample ", i),
               str(text, width > kValues ? "… " : "", "-> ", label_in(set, block, i)));
    }
  });
}

int info(const Paths& paths, const RunOptions& given) {
  RunOptions options = given;
  if (options.data.table.missing == Missing::error) {
    options.data.table.missing = Missing::mean;  // counts them instead of refusing the file
  }
  const LoadedData data = load(paths.from, options);
  warn(data);
  show_row("format", data.format);
  for (const auto& [name, set] :
       {std::pair("training", data.train), std::pair("validation", data.validation),
        std::pair("test", data.test)}) {
    if (set != nullptr) {
      show_row(name, str(set->size(), " samples"));
    }
  }
  show_row("shape", shape_text(data.train->sample_shape()));
  constexpr std::size_t kMostFiles = 20;
  for (const auto& [heading, text] : summary_lines(summary_of(data), kMostFiles)) {
    show_row(heading, text);
  }
  const WrittenSet set = written_set(data.train, FileUse::train, data.columns);
  show_features(set, data.columns.named());
  show_first_samples(set);
  return 0;
}

/// Writes the sets that are there, and prints the files.
int write(const std::vector<std::pair<FileUse, std::shared_ptr<const Dataset>>>& sets,
          const Columns& columns, const Paths& paths) {
  const std::string to = expand_home(paths.to);
  std::vector<WrittenSet> written;
  for (const auto& [use, data] : sets) {
    if (data != nullptr) {
      written.push_back(written_set(data, use, columns));
    }
  }
  const WriteFormat format =
      paths.format.empty() ? format_for(to)
                           : required_value_in(kWriteFormatNames, paths.format, "[options] to");
  const std::vector<std::string> files = write_data(written, to, format);
  for (const std::string& file : files) {
    std::cout << printable(file, 4096) << '\n';
  }
  return 0;
}

int convert(const Paths& paths, const RunOptions& options) {
  const LoadedData data = load(paths.from, options);
  warn(data);
  return write({{FileUse::train, data.train},
                {FileUse::validation, data.validation},
                {FileUse::test, data.test}},
               data.columns, paths);
}

int divide(const Paths& paths, const RunOptions& options) {
  const double test = options.data.test_fraction;
  const double validation = paths.validation_fraction;
  DGA_CHECK(validation >= 0 && test + validation < 1,
            "[options] --val-fraction: expected a fraction of at least 0 that leaves training "
            "samples beside --test-fraction, found ",
            validation, ". Give a smaller one.");
  const LoadedData data = load(paths.from, options);
  warn(data);
  if (data.test != nullptr || (validation > 0 && data.validation != nullptr)) {
    throw DataError(str(printable(paths.from, 4096), ": expected training samples only, found a ",
                        data.test != nullptr ? "test" : "validation",
                        " set beside them. Give the file of training samples."));
  }
  HeldOut sets = hold_out(data, test, options.training.seed);
  std::shared_ptr<const Dataset> validation_set = data.validation;
  if (validation > 0) {
    Split parts = split(*sets.train, validation / (1 - test), options.training.seed);
    validation_set = std::make_shared<Subset>(sets.train, std::move(parts.test));
    sets.train = std::make_shared<Subset>(sets.train, std::move(parts.train));
  }
  return write({{FileUse::train, sets.train},
                {FileUse::validation, validation_set},
                {FileUse::test, sets.test}},
               data.columns, paths);
}

using DataAct = int (*)(const Paths&, const RunOptions&);

/// The dataset that all commands read, and the action.
Action act_on(CLI::App& app, const std::shared_ptr<Paths>& paths,
              const std::shared_ptr<OptionArguments>& shared, DataAct act) {
  app.add_option("FROM", paths->from, "The dataset: a folder or a file, as a path or a URI.")
      ->required()
      ->type_name("PATH");
  return [paths, shared, act] { return act(*paths, shared->resolve()); };
}

void add_target(CLI::App& app, Paths& paths) {
  app.add_option("TO", paths.to,
                 "Where to: a file that ends in .csv, .safetensors or .libsvm, or a folder. "
                 "Several sets go into a folder, or into one file of safetensors.")
      ->required()
      ->type_name("PATH");
  app.add_option(
         "--to", paths.format,
         "The format of the files. Default: the one that the name of TO ends in; npy if TO is a "
         "folder.")
      ->type_name("csv|npy|safetensors|libsvm|idx");
}

}  // namespace

Action add_data_info(CLI::App& app) {
  const auto shared =
      OptionArguments::add_to(app, {"test-data", "val-data", "task", "label", "header", "decimal",
                                    "drop", "only", "one-hot", "missing", "resize"});
  return act_on(app, std::make_shared<Paths>(), shared, info);
}

Action add_data_convert(CLI::App& app) {
  const auto paths = std::make_shared<Paths>();
  const auto shared =
      OptionArguments::add_to(app, {"test-data", "val-data", "task", "label", "header", "decimal",
                                    "drop", "only", "one-hot", "missing", "resize"});
  Action action = act_on(app, paths, shared, convert);
  add_target(app, *paths);
  return action;
}

Action add_data_split(CLI::App& app) {
  const auto paths = std::make_shared<Paths>();
  const auto shared =
      OptionArguments::add_to(app, {"test-fraction", "seed", "task", "label", "header", "decimal",
                                    "drop", "only", "one-hot", "missing", "resize"});
  Action action = act_on(app, paths, shared, divide);
  add_target(app, *paths);
  app.add_option("--val-fraction", paths->validation_fraction,
                 "Fraction of all samples that becomes the validation set.")
      ->type_name("F")
      ->capture_default_str();
  return action;
}

}  // namespace dga
