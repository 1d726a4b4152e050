// SPDX-License-Identifier: Apache-2.0

#include <charconv>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "dga/base/csv_field.h"
#include "dga/base/error.h"
#include "dga/base/home_path.h"
#include "dga/base/log.h"
#include "dga/cli/command.h"
#include "dga/cli/inputs.h"
#include "dga/cli/option_arguments.h"
#include "dga/data/load.h"
#include "dga/data/location.h"
#include "dga/predict/predictor.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/run_folder.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

struct Arguments {
  std::string model = {};
  std::string data = {};
  std::string output = {};
};

/// The shortest text that reads back as the same number.
template <typename T>
void append_number(std::string& text, T value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  text.append(digits, end);
}

std::string csv_of(const ModelCard& card, const Predictions& predictions) {
  if (card.task == "regression") {
    std::string text = "value\n";
    for (const double value : predictions.values) {
      append_number(text, value);
      text += '\n';
    }
    return text;
  }
  std::string text = "class";
  std::vector<std::string> names;
  for (const std::string& name : card.class_names) {
    names.push_back(csv_field(name));
    text += ',' + csv_field("score_" + name);
  }
  text += '\n';
  const float* score = predictions.scores.data();
  for (const std::int64_t best : predictions.classes) {
    text += names[static_cast<std::size_t>(best)];
    for (std::int64_t i = 0; i < predictions.outputs; ++i) {
      text += ',';
      append_number(text, *score++);
    }
    text += '\n';
  }
  return text;
}

void check(const Arguments& arguments) {
  DGA_CHECK(!arguments.model.empty(),
            "[options] model: expected the folder of a run, found none. Give one with --model.");
  DGA_CHECK(!arguments.data.empty(),
            "[options] data: expected a folder or file with samples, found none. Give one with "
            "--data.");
  const auto has = [&](std::string_view name) {
    return StorePath(path_in(arguments.model, name)).exists();
  };
  // With a manifest, load_model says which file is missing.
  DGA_CHECK(has(kModelCardFile) || has(kManifestFile),
            "[options] model: expected the folder of a run "
            "that ended, with its ",
            kModelCardFile, ", found none in ", arguments.model,
            ". Give the folder that dga train named, or train first.");
}

std::vector<std::string> inputs_of(const Arguments& arguments) {
  std::vector<std::string> inputs = run_files_in(arguments.model);
  const DataFiles data = find_one_set(arguments.data);
  inputs.insert(inputs.end(), data.train.begin(), data.train.end());
  return inputs;
}

int predict(Arguments arguments, const TableOptions& table) {
  for (std::string* path : {&arguments.model, &arguments.data, &arguments.output}) {
    *path = expand_home(*path);
  }
  check(arguments);
  refuse_input_as_output(arguments.output, inputs_of(arguments));
  Predictor predictor(load_model(arguments.model));
  const ModelCard& card = predictor.card();
  const Samples samples = load_samples({.data = arguments.data, .card = card, .table = table});
  for (const std::string& notice : samples.notices) {
    log_warning(notice);
  }
  const Predictions predictions = predictor.predict(samples);
  const std::string text = csv_of(card, predictions);
  if (arguments.output.empty()) {
    std::cout << text << std::flush;
  } else {
    atomic_write(arguments.output, text);
  }
  // Beside the table, which a pipe may take.
  if (samples.labels || samples.targets) {
    std::string error;
    append_number(error, mean_error(predictions, samples));
    std::cerr << str("error ", error, " over ", samples.count, " samples\n");
  }
  return 0;
}

}  // namespace

Action add_predict(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  app.add_option("--model", arguments->model, "Run folder of the trained model.")->type_name("DIR");
  app.add_option(
         "--data", arguments->data,
         "Samples: a folder or a file, as a path or a URI; all files of a folder are one set. CSV "
         "columns are matched with those of the training by name. Labels may be missing.")
      ->type_name("PATH");
  const auto shared = OptionArguments::add_to(app, {"label", "header", "decimal", "drop"});
  app.add_option(
         "--output", arguments->output,
         "CSV file for the predictions, one row per sample: the predicted class and a score for "
         "each class, or the predicted value. It is written completely or not at all. Default: "
         "standard output.")
      ->type_name("FILE");
  return [arguments, shared] { return predict(*arguments, shared->resolve().data.table); };
}

}  // namespace dga
