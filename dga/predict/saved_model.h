// SPDX-License-Identifier: Apache-2.0
//
// Saved models: the weights of a module as a file and as a hash.

#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "dga/models/model_factory.h"
#include "dga/storage/model_card.h"

namespace torch::nn {
class Module;
}

namespace dga {

class AtomicFile;

/// Bytes of parameters and buffers together.
std::int64_t weight_bytes(const torch::nn::Module& module);

/// SHA-256 of the parameters in registration order, each once, as dense row-major little-endian
/// bytes without padding. Running statistics are no part of it.
std::string weights_sha256(const torch::nn::Module& module);

/// Writes parameters and buffers under their names to `file`, and commits it; see safetensors.h.
void save_weights(AtomicFile& file, const torch::nn::Module& module);

struct SavedModel {
  ModelCard card;
  std::shared_ptr<Model> model;  // in evaluation mode
};

/// Reads model.json and model.safetensors of a run's folder. Throws StorageError when they are
/// missing, damaged, or do not belong together. A run with a model factory needs it again here;
/// throws InvalidArgument without.
SavedModel load_model(const std::string& folder, const ModelFactory& factory = {});

}  // namespace dga
