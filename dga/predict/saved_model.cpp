// SPDX-License-Identifier: Apache-2.0

#include "dga/predict/saved_model.h"

#include <torch/nn/module.h>

#include "dga/base/error.h"
#include "dga/models/model.h"
#include "dga/predict/weights.h"
#include "dga/storage/checked_folder.h"
#include "dga/storage/run_folder.h"

namespace dga {

SavedModel load_model(const std::string& folder, const ModelFactory& factory) {
  const CheckedFolder files(folder);
  SavedModel saved{
      .card = model_card_from_json(files.read(kModelCardFile), files.path(kModelCardFile)),
      .model = {}};
  DGA_CHECK(factory || saved.card.model != kCustomModel, "[predict] ", folder,
            ": expected the factory of its model, which is the program's own, found none. Pass "
            "load_model the one that the run had.");
  constexpr std::uint64_t kAnySeed = 0;  // the weights come from the file
  saved.model = make_model(saved.card, kAnySeed, factory);
  const auto weights = files.file(kModelFile);
  try {
    load_weights(weights, *saved.model.module);
  } catch (const StorageError&) {
    weights->check();  // damage is the reason that counts
    throw;
  }
  weights->check();
  saved.model.module->eval();
  return saved;
}

}  // namespace dga
