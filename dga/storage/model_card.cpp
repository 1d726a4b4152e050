// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/model_card.h"

#include "dga/base/error.h"
#include "dga/storage/json_number.h"

namespace dga {
namespace {

constexpr int kSchema = 1;

}  // namespace

std::string to_json(const ModelCard& card) {
  return file_text({{"schema", kSchema},
                    {"model", card.model},
                    {"task", card.task},
                    {"input_shape", card.input_shape},
                    {"hidden", card.hidden},
                    {"outputs", card.outputs},
                    {"dropout", card.dropout},
                    {"features", {{"mean", card.feature_mean}, {"scale", card.feature_scale}}},
                    {"target", {{"mean", card.target_mean}, {"scale", card.target_scale}}},
                    {"class_names", card.class_names}});
}

ModelCard model_card_from_json(std::string_view text, const std::string& path) {
  try {
    const Json json = Json::parse(text);
    if (json.at("schema") != kSchema) {
      throw StorageError(str("[storage] ", path, ": expected schema ", kSchema, ", found ",
                             line_text(json.at("schema")), ". Use the dga that saved the model."));
    }
    ModelCard card;
    json.at("model").get_to(card.model);
    json.at("task").get_to(card.task);
    json.at("input_shape").get_to(card.input_shape);
    json.at("hidden").get_to(card.hidden);
    json.at("outputs").get_to(card.outputs);
    json.at("dropout").get_to(card.dropout);
    json.at("features").at("mean").get_to(card.feature_mean);
    json.at("features").at("scale").get_to(card.feature_scale);
    json.at("target").at("mean").get_to(card.target_mean);
    json.at("target").at("scale").get_to(card.target_scale);
    json.at("class_names").get_to(card.class_names);
    return card;
  } catch (const Json::exception&) {
    throw StorageError(str("[storage] ", path,
                           ": expected the description of a model, found JSON that is damaged or "
                           "has other contents. Save the model again."));
  }
}

}  // namespace dga
