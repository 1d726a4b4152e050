// SPDX-License-Identifier: Apache-2.0
//
// SavedModel: the model that a run left in its folder.

#pragma once

#include <string>

#include "dga/models/model_factory.h"
#include "dga/storage/model_card.h"

namespace dga {

struct SavedModel {
  ModelCard card;
  Model model;  // in evaluation mode
};

/// Reads model.json and model.safetensors of a run's folder. If the run used a model factory, pass
/// the same one; throws InvalidArgument without it. Throws StorageError if the files are missing,
/// damaged, not as the folder's manifest.json says, or do not belong together.
SavedModel load_model(const std::string& folder, const ModelFactory& factory = {});

}  // namespace dga
