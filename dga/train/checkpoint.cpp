// SPDX-License-Identifier: Apache-2.0

#include "dga/train/checkpoint.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <torch/nn/module.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include "dga/base/error.h"
#include "dga/data/aligned.h"
#include "dga/parallel/module_tensors.h"
#include "dga/parallel/optimizer_state.h"
#include "dga/parallel/torch_types.h"
#include "dga/storage/checkpoint_names.h"

namespace dga {
namespace {

DType stored_type(const std::string& name, const at::Tensor& tensor) {
  const auto type = dtype_of(tensor.scalar_type());
  DGA_CHECK(
      type.has_value(),
      "[train] checkpoint: expected tensors of f32, f64, f16, bf16, i32, i64, u8, i8 or bool, "
      "found '",
      name, "' of ", tensor.scalar_type(), ".");
  return *type;
}

std::vector<std::int64_t> row_major_strides(const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> strides(shape.size());
  std::int64_t next = 1;
  for (std::size_t i = shape.size(); i > 0; --i) {
    strides[i - 1] = next;
    next *= shape[i - 1];
  }
  return strides;
}

/// Whether tensors of this shape have the same elements at the same places with both strides, of
/// which none stand for row-major order. The stride of a size of 1 says nothing.
bool same_order(const std::vector<std::int64_t>& shape, std::vector<std::int64_t> a,
                std::vector<std::int64_t> b) {
  a = a.empty() ? row_major_strides(shape) : std::move(a);
  b = b.empty() ? row_major_strides(shape) : std::move(b);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] > 1 && a[i] != b[i]) {
      return false;
    }
  }
  return true;
}

std::span<std::byte> bytes_in(const at::Tensor& tensor) {
  return {static_cast<std::byte*>(tensor.mutable_data_ptr()), tensor.nbytes()};
}

at::Tensor read_tensor(const CheckpointTensors& from, const CheckpointTensor& stored) {
  at::Tensor tensor = at::empty(stored.shape, at::TensorOptions(scalar_type_of(stored.type)));
  from.read(stored, 0, bytes_in(tensor));
  return tensor;
}

/// Elements of a tensor that has the shape of range.like, in the order of its memory.
at::Tensor read_elements(const CheckpointTensors& from, const CheckpointTensor& stored,
                         const OwnedRange& range) {
  if (!same_order(stored.shape, stored.strides, range.like.strides().vec())) {
    return in_memory_order(read_tensor(from, stored), range.like)
        .narrow(0, range.first, range.count);
  }
  at::Tensor elements = at::empty({range.count}, at::TensorOptions(scalar_type_of(stored.type)));
  from.read_as_stored(stored, range.first * size_of(stored.type), bytes_in(elements));
  return elements;
}

/// Values for each of `tensors`, which they must fit.
std::vector<at::Tensor> read_values(const CheckpointTensors& from, const char* prefix,
                                    const std::vector<NamedTensor>& tensors) {
  std::vector<at::Tensor> values;
  for (const NamedTensor& item : tensors) {
    const CheckpointTensor& stored = from.at(prefix + item.name);
    if (scalar_type_of(stored.type) != item.tensor.scalar_type() ||
        at::IntArrayRef(stored.shape) != item.tensor.sizes()) {
      throw StorageError(dga::str(
          "[train] ", from.path(), ": expected '", item.name, "' with shape ", item.tensor.sizes(),
          " and type ", item.tensor.scalar_type(), ", found shape ", at::IntArrayRef(stored.shape),
          " and type ", scalar_type_of(stored.type), ". Go on with the model of that run."));
    }
    values.push_back(read_tensor(from, stored));
  }
  return values;
}

/// Room for a tensor that ends where another may begin.
std::int64_t aligned_bytes(const at::Tensor& tensor) {
  constexpr std::int64_t kLine = 64;
  return (static_cast<std::int64_t>(tensor.nbytes()) + kLine - 1) / kLine * kLine;
}

}  // namespace

std::byte* SnapshotMemory::reserve(std::int64_t bytes) {
  if (bytes > bytes_) {
    memory_.reset();  // before the larger one is allocated
    memory_ = allocate_aligned<std::byte>(bytes);
    bytes_ = bytes;
  }
  return memory_.get();
}

CheckpointShard::CheckpointShard(const OwnedState& owned, SnapshotMemory& memory) {
  const std::array<std::pair<const char*, const std::vector<OwnedPart>*>, 3> lists{
      {{kModelTensors, &owned.parameters},
       {kOptimizerTensors, &owned.optimizer},
       {kAverageTensors, &owned.average}}};
  std::int64_t bytes = 0;
  for (const auto& [prefix, parts] : lists) {
    for (const OwnedPart& part : *parts) {
      bytes += aligned_bytes(part.values);
    }
  }
  std::byte* to = memory.reserve(bytes);
  for (const auto& [prefix, parts] : lists) {
    for (const OwnedPart& part : *parts) {
      add(prefix + part.name, part, to);
    }
  }
}

void CheckpointShard::add(const std::string& name, const OwnedPart& part, std::byte*& to) {
  const bool is_row_major = same_order(part.shape, {}, part.strides);
  const at::Tensor values = part.values.contiguous();
  if (values.nbytes() > 0) {
    std::memcpy(to, values.const_data_ptr(), values.nbytes());
  }
  parts_.push_back({.name = name,
                    .type = stored_type(name, values),
                    .shape = part.shape,
                    .strides = is_row_major ? std::vector<std::int64_t>() : part.strides,
                    .first = part.first,
                    .count = values.numel(),
                    .data = to});
  to += aligned_bytes(values);
}

void CheckpointShard::add_whole(const std::string& name, const at::Tensor& tensor) {
  const at::Tensor dense = tensor.detach().resolve_conj().resolve_neg().contiguous();
  parts_.push_back({.name = name,
                    .type = stored_type(name, dense),
                    .shape = dense.sizes().vec(),
                    .count = dense.numel(),
                    .data = dense.const_data_ptr()});
  alive_.push_back(dense);
}

void CheckpointShard::add_rest(const torch::nn::Module& module, const AccumulatorState& rest) {
  const ModuleTensors tensors(module);
  for (const NamedTensor& item : tensors.trained) {
    if (item.tensor.numel() == 0) {  // nobody owns it
      add_whole(kModelTensors + item.name, item.tensor);
    }
  }
  for (const auto* list : {&tensors.frozen, &tensors.buffers}) {
    for (const NamedTensor& item : *list) {
      add_whole(kModelTensors + item.name, item.tensor.detach().clone());
    }
  }
  for (const NamedTensor& item : all_tensors_of(module)) {
    order_.push_back(kModelTensors + item.name);
  }
  for (const auto& [name, tensor] : rest.buffers) {
    add_whole(kBufferTensors + name, tensor);
  }
}

void CheckpointShard::add_kept(const torch::nn::Module& module,
                               const std::vector<at::Tensor>& kept) {
  const std::vector<NamedTensor> own = all_tensors_of(module);
  for (std::size_t i = 0; i < own.size(); ++i) {
    add_whole(kKeptTensors + own[i].name, kept.at(i));
  }
}

void CheckpointShard::add_copy(const std::string& name, const at::Tensor& tensor) {
  DGA_CHECK(tensor.defined() && tensor.layout() == at::kStrided && tensor.device().is_cpu(),
            "[train] checkpoint: expected a dense tensor on the CPU as '", name, "', found ",
            tensor.defined() ? dga::str("one of layout ", tensor.layout(), " on ", tensor.device())
                             : std::string("an undefined one"),
            ". Convert it before.");
  add_whole(name, tensor.detach().clone(at::MemoryFormat::Contiguous));
}

std::vector<at::Tensor> read_weights(const CheckpointTensors& from, const char* prefix,
                                     const torch::nn::Module& module) {
  return read_values(from, prefix, all_tensors_of(module));
}

void set_weights(const torch::nn::Module& module, const std::vector<at::Tensor>& values) {
  const at::NoGradGuard no_grad;
  const std::vector<NamedTensor> own = all_tensors_of(module);
  for (std::size_t i = 0; i < own.size(); ++i) {
    own[i].tensor.detach().copy_(values[i]);
  }
}

std::map<std::string, at::Tensor> read_tensors(const CheckpointTensors& from,
                                               const std::string& prefix) {
  std::map<std::string, at::Tensor> tensors;
  for (const CheckpointTensor& stored : from.with_prefix(prefix)) {
    tensors.emplace(stored.name.substr(prefix.size()), read_tensor(from, stored));
  }
  return tensors;
}

AccumulatorState read_rest(const CheckpointTensors& from, AccumulatorState numbers) {
  numbers.buffers = read_tensors(from, kBufferTensors);
  return numbers;
}

RangeState read_range(const CheckpointTensors& from, const OwnedRange& range) {
  RangeState state;
  const std::string prefix = kOptimizerTensors + range.parameter + "/";
  for (const CheckpointTensor& stored : from.with_prefix(prefix)) {
    const bool by_element =
        !stored.shape.empty() && at::IntArrayRef(stored.shape) == range.like.sizes();
    state.optimizer.emplace_back(
        stored.name.substr(prefix.size()),
        by_element ? read_elements(from, stored, range) : read_tensor(from, stored));
  }
  if (const CheckpointTensor* average = from.find(kAverageTensors + range.parameter)) {
    if (at::IntArrayRef(average->shape) != range.like.sizes()) {
      throw StorageError(dga::str("[train] ", from.path(), ": expected '", average->name,
                                  "' with shape ", range.like.sizes(), ", found shape ",
                                  at::IntArrayRef(average->shape),
                                  ". Go on with the model of that run."));
    }
    state.average = read_elements(from, *average, range);
  }
  return state;
}

}  // namespace dga
