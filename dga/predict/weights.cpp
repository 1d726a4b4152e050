// SPDX-License-Identifier: Apache-2.0

#include "dga/predict/weights.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <torch/nn/module.h>

#include <bit>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/crypto/sha256.h"
#include "dga/parallel/torch_types.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/safetensors.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

static_assert(std::endian::native == std::endian::little, "files hold little-endian numbers");

struct WeightTensor {
  std::string name;
  at::Tensor values;
};

struct Weights {
  std::vector<WeightTensor> parameters;
  std::vector<WeightTensor> buffers;
};

/// Each tensor under the first of its names.
Weights weights_of(const torch::nn::Module& module) {
  Weights weights;
  std::set<const void*> seen;
  const auto add = [&](std::vector<WeightTensor>& to, const std::string& name,
                       const at::Tensor& tensor) {
    if (tensor.defined() && seen.insert(tensor.unsafeGetTensorImpl()).second) {
      to.push_back({name, tensor.detach()});
    }
  };
  for (const auto& item : module.named_parameters()) {
    add(weights.parameters, item.key(), item.value());
  }
  for (const auto& item : module.named_buffers()) {
    add(weights.buffers, item.key(), item.value());
  }
  return weights;
}

std::vector<WeightTensor> all_of(const torch::nn::Module& module) {
  Weights weights = weights_of(module);
  std::vector<WeightTensor> all = std::move(weights.parameters);
  all.insert(all.end(), weights.buffers.begin(), weights.buffers.end());
  return all;
}

at::Tensor dense(const at::Tensor& values) {
  return values.cpu().contiguous();
}

DType type_of(const WeightTensor& tensor) {
  const std::optional<DType> type = dtype_of(tensor.values.scalar_type());
  DGA_CHECK(type.has_value(), "[predict] weights: expected '", tensor.name,
            "' to be of a floating-point or whole-number type, found ", tensor.values.scalar_type(),
            ". Convert it before saving.");
  return *type;
}

/// Throws unless `found`, of the file, fits `tensor`.
void check_fit(const std::string& path, const WeightTensor& tensor, const StoredTensor& found) {
  const at::IntArrayRef shape = tensor.values.sizes();
  if (found.shape != shape.vec()) {
    throw StorageError(dga::str("[predict] ", path, ": expected tensor '", tensor.name,
                                "' of shape ", shape, ", found ", at::IntArrayRef(found.shape),
                                ". Take the weights of the same model."));
  }
  if (found.type != type_of(tensor)) {
    throw StorageError(dga::str("[predict] ", path, ": expected tensor '", tensor.name,
                                "' of type ", name_of(type_of(tensor)), ", found ",
                                name_of(found.type), ". Convert the module or the file."));
  }
}

}  // namespace

void save_weights(const std::string& path, const torch::nn::Module& module) {
  AtomicFile file(path);
  save_weights(file, module);
}

void save_weights(AtomicFile& file, const torch::nn::Module& module) {
  std::vector<WeightTensor> tensors = all_of(module);
  std::vector<TensorView> views;
  views.reserve(tensors.size());
  for (WeightTensor& tensor : tensors) {
    tensor.values = dense(tensor.values);
    views.push_back({.name = tensor.name,
                     .type = type_of(tensor),
                     .shape = tensor.values.sizes().vec(),
                     .data = tensor.values.const_data_ptr()});
  }
  write_safetensors(file, views);
}

void load_weights(const std::string& path, torch::nn::Module& module) {
  load_weights(StorePath(path).open(), module);
}

void load_weights(std::shared_ptr<const ByteSource> source, torch::nn::Module& module) {
  const std::string path = source->name();
  const Safetensors file(std::move(source));
  const std::vector<WeightTensor> tensors = all_of(module);
  std::set<std::string> names;
  for (const WeightTensor& tensor : tensors) {
    check_fit(path, tensor, file.at(tensor.name));
    names.insert(tensor.name);
  }
  for (const StoredTensor& found : file.tensors()) {
    if (names.count(found.name) == 0) {
      throw StorageError(
          dga::str("[predict] ", path, ": expected the tensors of the module, found '", found.name,
                   "', which it does not have. Take the weights of the same model."));
    }
  }
  // All are read before any is changed.
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> values;
  for (const WeightTensor& tensor : tensors) {
    values.push_back(at::empty(tensor.values.sizes(), tensor.values.scalar_type()));
    if (values.back().nbytes() > 0) {
      file.read(file.at(tensor.name), {static_cast<std::byte*>(values.back().mutable_data_ptr()),
                                       values.back().nbytes()});
    }
  }
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    tensors[i].values.copy_(values[i]);
  }
}

std::int64_t weight_bytes(const torch::nn::Module& module) {
  std::int64_t bytes = 0;
  for (const WeightTensor& tensor : all_of(module)) {
    bytes += static_cast<std::int64_t>(tensor.values.nbytes());
  }
  return bytes;
}

std::string weights_sha256(const torch::nn::Module& module) {
  Sha256 hash;
  for (const WeightTensor& parameter : weights_of(module).parameters) {
    const at::Tensor values = dense(parameter.values);
    hash.update({static_cast<const std::byte*>(values.const_data_ptr()), values.nbytes()});
  }
  return hash.hex();
}

}  // namespace dga
