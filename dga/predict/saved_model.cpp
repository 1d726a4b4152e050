// SPDX-License-Identifier: Apache-2.0

#include "dga/predict/saved_model.h"

#include <torch/nn/module.h>

#include "dga/base/error.h"
#include "dga/models/model.h"
#include "dga/predict/weights.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/run_folder.h"
#include "dga/storage/store_path.h"

namespace dga {

SavedModel load_model(const std::string& folder, const ModelFactory& factory) {
  const std::string card_path = path_in(folder, kModelCardFile);
  SavedModel saved{.card = model_card_from_json(read_file(card_path), card_path), .model = {}};
  DGA_CHECK(factory || saved.card.model != kCustomModel, "[predict] ", folder,
            ": expected the factory of its model, which is the program's own, found none. Pass "
            "load_model the one that the run had.");
  constexpr std::uint64_t kAnySeed = 0;  // the weights come from the file
  saved.model = make_model(saved.card, kAnySeed, factory);
  load_weights(path_in(folder, kModelFile), *saved.model.module);
  saved.model.module->eval();
  return saved;
}

}  // namespace dga
