// SPDX-License-Identifier: Apache-2.0
//
// ModelCard: what makes saved weights usable: model.json beside model.safetensors.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dga {

/// Whoever uses the model feeds it (x - feature_mean) / feature_scale and reads its output as
/// scores of class_names, or, for regression, as y * target_scale + target_mean.
struct ModelCard {
  std::string model = "mlp";
  std::string task = "classification";         // or "regression"
  std::vector<std::int64_t> input_shape = {};  // of one sample
  std::vector<std::int64_t> hidden = {};       // sizes of the hidden layers
  std::int64_t outputs = 0;
  double dropout = 0;                     // after each hidden layer, while training
  std::vector<float> feature_mean = {};   // (features)
  std::vector<float> feature_scale = {};  // (features), never 0
  double target_mean = 0;
  double target_scale = 1;
  std::vector<std::string> class_names = {};  // (outputs), or empty for regression

  bool operator==(const ModelCard&) const = default;
};

/// The text of model.json, with a final newline.
std::string to_json(const ModelCard& card);

/// Reads what to_json wrote. Throws StorageError, with `path` for a place, when `text` is no such
/// thing.
ModelCard model_card_from_json(std::string_view text, const std::string& path);

}  // namespace dga
