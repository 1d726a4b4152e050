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

/// Reads model.json and model.safetensors of a run's folder. A run with a model factory needs it
/// again here; throws InvalidArgument without. Throws StorageError when the files are missing,
/// damaged, or do not belong together.
SavedModel load_model(const std::string& folder, const ModelFactory& factory = {});

}  // namespace dga
