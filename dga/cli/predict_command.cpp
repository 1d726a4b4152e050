// SPDX-License-Identifier: Apache-2.0

#include <charconv>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include "dga/base/error.h"
#include "dga/cli/command.h"
#include "dga/data/load.h"
#include "dga/predict/predictor.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/run_folder.h"

namespace dga {
namespace {

struct Arguments {
  std::string model = {};
  std::string data = {};
  std::string label = {};
  std::string output = {};
};

/// The shortest text that reads back as the same number.
template <typename T>
void append_number(std::string& text, T value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  text.append(digits, end);
}

/// A field of CSV, in quotes where it must be.
std::string field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) {
    return text;
  }
  std::string quoted = "\"";
  for (const char c : text) {
    quoted += c == '"' ? "\"\"" : std::string(1, c);
  }
  return quoted + '"';
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
    names.push_back(field(name));
    text += ',' + field("score_" + name);
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
  const std::filesystem::path card = std::filesystem::path(arguments.model) / kModelCardFile;
  std::error_code ignored;
  DGA_CHECK(std::filesystem::exists(card, ignored),
            "[options] model: expected the folder of a run "
            "that ended, with its ",
            kModelCardFile, ", found none in ", arguments.model,
            ". Give the folder that dga train named, or train first.");
}

int predict(const Arguments& arguments) {
  check(arguments);
  Predictor predictor(load_model(arguments.model));
  const ModelCard& card = predictor.card();
  const Samples samples = load_samples({.data = arguments.data,
                                        .shape = card.input_shape,
                                        .classes = predictor.labels(),
                                        .label = arguments.label});
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
  app.add_option("--model", arguments->model, "Folder of the run that trained the model.")
      ->type_name("DIR");
  app.add_option(
         "--data", arguments->data,
         "Samples: a folder, a file or a file:// URI; all files of a folder are one set. CSV "
         "has a label column if it has one column more than the model has inputs. IDX needs "
         "no file of labels.")
      ->type_name("PATH");
  app.add_option("--label", arguments->label,
                 "Label column of CSV, as in training. Default: the last column.")
      ->type_name("COLUMN");
  app.add_option(
         "--output", arguments->output,
         "CSV file to write, whole or not at all: the class and the score of each class, or "
         "the value. Default: standard output.")
      ->type_name("FILE");
  return [arguments] { return predict(*arguments); };
}

}  // namespace dga
