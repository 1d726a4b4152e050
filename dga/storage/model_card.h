// SPDX-License-Identifier: Apache-2.0
//
// ModelCard: the description of a model, saved as model.json beside the weights in
// model.safetensors.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dga/storage/columns.h"

namespace dga {

/// The model's input is (x - feature_origin - feature_mean) / feature_scale for a sample's features
/// x, where the origin is subtracted in f64, and the rest is f32. Its output y
/// is one score for each class in class_names, or, for regression, stands for y * target_scale +
/// target_mean.
struct ModelCard {
  std::string model = "mlp";
  std::string task = "classification";         // or "regression"
  std::vector<std::int64_t> input_shape = {};  // shape of one sample
  std::vector<std::int64_t> hidden = {};       // sizes of the hidden layers
  std::int64_t outputs = 0;
  double dropout = 0;                       // dropout probability after each hidden layer
  std::vector<double> feature_origin = {};  // (features); empty: all are 0
  std::vector<float> feature_mean = {};     // (features)
  std::vector<float> feature_scale = {};    // (features), never 0
  double target_origin = 0;  // of the targets as the training stored them; target_mean includes it
  double target_mean = 0;
  double target_scale = 1;
  std::vector<std::string> class_names = {};  // (outputs); empty for regression
  bool resized = false;  // whether images get the height and width in input_shape
  Columns columns = {};  // of the training table; without any if the data was no table

  bool operator==(const ModelCard&) const = default;
};

/// The text of model.json, with a final newline.
std::string to_json(const ModelCard& card);

/// Reads the text of model.json. Throws StorageError, which names `path`, if `text` is something
/// else.
ModelCard model_card_from_json(std::string_view text, const std::string& path);

}  // namespace dga
