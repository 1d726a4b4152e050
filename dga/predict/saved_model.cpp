// SPDX-License-Identifier: Apache-2.0

#include "dga/predict/saved_model.h"

#include <torch/nn/module.h>

#include <bit>
#include <cstring>
#include <filesystem>
#include <optional>
#include <set>
#include <vector>

#include "dga/base/error.h"
#include "dga/crypto/sha256.h"
#include "dga/models/model.h"
#include "dga/parallel/torch_types.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/run_folder.h"
#include "dga/storage/safetensors.h"

namespace dga {
namespace {

static_assert(std::endian::native == std::endian::little, "files hold little-endian numbers");

DType type_of(const std::string& name, const at::Tensor& tensor) {
  const std::optional<DType> type = dtype_of(tensor.scalar_type());
  DGA_CHECK(type.has_value(), "[train] save: expected '", name,
            "' to be of a floating-point or whole-number type, found ", tensor.scalar_type(),
            ". Convert it before saving.");
  return *type;
}

struct DenseTensor {
  std::string name;
  at::Tensor values;  // contiguous, on the CPU
};

DenseTensor dense(const std::string& name, const at::Tensor& tensor) {
  return {name, tensor.detach().cpu().contiguous()};
}

/// Under the first of its names where a tensor has several.
std::vector<DenseTensor> parameters_of(const torch::nn::Module& module) {
  std::vector<DenseTensor> result;
  std::set<const void*> seen;
  for (const auto& item : module.named_parameters()) {
    if (seen.insert(item.value().unsafeGetTensorImpl()).second) {
      result.push_back(dense(item.key(), item.value()));
    }
  }
  return result;
}

TensorView view_of(const DenseTensor& tensor) {
  return {.name = tensor.name,
          .type = type_of(tensor.name, tensor.values),
          .shape = tensor.values.sizes().vec(),
          .data = tensor.values.const_data_ptr()};
}

void fill(const std::string& path, const Safetensors& file, const std::string& name,
          const at::Tensor& tensor) {
  const TensorView& saved = file.at(name);
  if (saved.shape != tensor.sizes().vec() || saved.type != type_of(name, tensor)) {
    throw StorageError(dga::str("[train] ", path, ": expected tensor '", name, "' of shape ",
                                tensor.sizes(), ", found ", at::IntArrayRef(saved.shape),
                                ". Take model.json and model.safetensors of the same run."));
  }
  if (saved.bytes() > 0) {
    std::memcpy(tensor.mutable_data_ptr(), saved.data, static_cast<std::size_t>(saved.bytes()));
  }
}

}  // namespace

std::int64_t weight_bytes(const torch::nn::Module& module) {
  std::size_t bytes = 0;
  for (const DenseTensor& parameter : parameters_of(module)) {
    bytes += parameter.values.nbytes();
  }
  for (const at::Tensor& buffer : module.buffers()) {
    bytes += buffer.nbytes();
  }
  return static_cast<std::int64_t>(bytes);
}

std::string weights_sha256(const torch::nn::Module& module) {
  Sha256 hash;
  for (const DenseTensor& parameter : parameters_of(module)) {
    hash.update({static_cast<const std::byte*>(parameter.values.const_data_ptr()),
                 parameter.values.nbytes()});
  }
  return hash.hex();
}

void save_weights(AtomicFile& file, const torch::nn::Module& module) {
  std::vector<DenseTensor> tensors = parameters_of(module);
  for (const auto& item : module.named_buffers()) {
    tensors.push_back(dense(item.key(), item.value()));
  }
  std::vector<TensorView> views;
  views.reserve(tensors.size());
  for (const DenseTensor& tensor : tensors) {
    views.push_back(view_of(tensor));
  }
  write_safetensors(file, views);
}

SavedModel load_model(const std::string& folder, const ModelFactory& factory) {
  const std::filesystem::path base(folder);
  const std::string card_path = (base / kModelCardFile).string();
  const std::string weights_path = (base / kModelFile).string();
  SavedModel saved{.card = model_card_from_json(read_file(card_path), card_path), .model = nullptr};
  DGA_CHECK(factory != nullptr || saved.card.model != kCustomModel, "[train] ", folder,
            ": expected the factory of its model, which is the program's own, found none. Pass "
            "load_model the one that the run had.");
  saved.model = make_model(saved.card, factory);
  const Safetensors file(weights_path);
  for (const auto& item : saved.model->named_parameters()) {
    fill(weights_path, file, item.key(), item.value());
  }
  for (const auto& item : saved.model->named_buffers()) {
    fill(weights_path, file, item.key(), item.value());
  }
  saved.model->eval();
  return saved;
}

}  // namespace dga
