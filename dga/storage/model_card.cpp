// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/model_card.h"

#include "dga/base/error.h"
#include "dga/storage/json_number.h"

namespace dga {
namespace {

constexpr int kSchema = 1;

Json json_of(const Columns& columns) {
  Json list = Json::array();
  for (const Column& column : columns.all) {
    Json entry = {{"name", column.name}, {"use", name_in(kColumnUseNames, column.use)}};
    if (column.use == ColumnUse::category) {
      entry["categories"] = column.categories;
    }
    list.push_back(std::move(entry));
  }
  return list;
}

[[noreturn]] void refuse(const std::string& path) {
  throw StorageError(str("[storage] ", path,
                         ": expected the description of a model, found JSON that is damaged or "
                         "has other contents. Save the model again."));
}

/// A card of arrays may have no columns, but say what NaN means.
Columns columns_from(const Json& json, const std::string& path) {
  Columns columns;
  const auto missing = value_in(kMissingNames, json.value("missing", "error"));
  if (!missing) {
    refuse(path);
  }
  columns.missing = *missing;
  for (const Json& entry : json.value("columns", Json::array())) {
    const auto use = value_in(kColumnUseNames, entry.at("use").get<std::string>());
    if (!use) {
      refuse(path);
    }
    columns.all.push_back({.name = entry.at("name").get<std::string>(),
                           .use = *use,
                           .categories = entry.value("categories", std::vector<std::string>())});
  }
  return columns;
}

}  // namespace

std::string to_json(const ModelCard& card) {
  Json json = {{"schema", kSchema},
               {"model", card.model},
               {"task", card.task},
               {"input_shape", card.input_shape},
               {"hidden", card.hidden},
               {"outputs", card.outputs},
               {"dropout", card.dropout},
               {"features", {{"mean", card.feature_mean}, {"scale", card.feature_scale}}},
               {"target", {{"mean", card.target_mean}, {"scale", card.target_scale}}},
               {"class_names", card.class_names}};
  // What most models do not need appears only in those that do.
  if (!card.feature_origin.empty()) {
    json["features"]["origin"] = card.feature_origin;
  }
  if (card.target_origin != 0) {
    json["target"]["origin"] = card.target_origin;
  }
  if (card.resized) {
    json["images"] = "resized";
  }
  if (card.columns.text_labels) {
    json["labels"] = "text";
  }
  if (!card.columns.all.empty()) {
    json["columns"] = json_of(card.columns);
  }
  if (!card.columns.all.empty() || card.columns.missing != Missing::error) {
    json["missing"] = name_in(kMissingNames, card.columns.missing);
  }
  return file_text(json);
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
    card.feature_origin = json.at("features").value("origin", std::vector<double>());
    card.target_origin = json.at("target").value("origin", 0.0);
    card.resized = json.value("images", "") == "resized";
    card.columns = columns_from(json, path);
    card.columns.text_labels = json.value("labels", "") == "text";
    return card;
  } catch (const Json::exception&) {
    refuse(path);
  }
}

}  // namespace dga
