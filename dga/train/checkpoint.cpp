// SPDX-License-Identifier: Apache-2.0

#include "dga/train/checkpoint.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "dga/base/error.h"
#include "dga/parallel/module_tensors.h"
#include "dga/parallel/torch_types.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/checkpoint_names.h"
#include "dga/storage/checkpoint_tensors.h"
#include "dga/storage/checkpoints.h"
#include "dga/storage/safetensors.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

/// Tensors on their way to a file.
class NamedViews {
 public:
  void add(const std::string& name, const at::Tensor& tensor) {
    const at::Tensor dense = tensor.detach().resolve_conj().resolve_neg().contiguous();
    const auto type = dtype_of(dense.scalar_type());
    DGA_CHECK(type.has_value(),
              "[train] checkpoint: expected tensors of f32, f64, f16, bf16, i32, ",
              "i64, u8, i8 or bool, found '", name, "' of ", dense.scalar_type(), ".");
    views_.push_back({.name = name,
                      .type = *type,
                      .shape = dense.sizes().vec(),
                      .data = dense.const_data_ptr()});
    alive_.push_back(dense);
  }
  std::span<const TensorView> views() const noexcept { return views_; }

 private:
  std::vector<TensorView> views_;
  std::vector<at::Tensor> alive_;
};

at::Tensor read_tensor(const CheckpointTensors& from, const CheckpointTensor& stored) {
  at::Tensor tensor = at::empty(stored.shape, at::TensorOptions(scalar_type_of(stored.type)));
  from.read(stored, 0,
            std::span(static_cast<std::byte*>(tensor.mutable_data_ptr()), tensor.nbytes()));
  return tensor;
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
          " and type ", scalar_type_of(stored.type), ". Resume with the model of that run."));
    }
    values.push_back(read_tensor(from, stored));
  }
  return values;
}

}  // namespace

std::string write_checkpoint(const std::string& run_folder, int keep, const Checkpoint& checkpoint,
                             const torch::nn::Module& module, const KeptWeights& kept) {
  NamedViews tensors;
  const std::vector<NamedTensor> own = all_tensors_of(module);
  for (const NamedTensor& item : own) {
    tensors.add(kModelTensors + item.name, item.tensor);
  }
  for (std::size_t i = 0; checkpoint.state.has_kept && i < own.size(); ++i) {
    tensors.add(kKeptTensors + own[i].name, kept.values().at(i));
  }
  for (const auto& [name, tensor] : checkpoint.accumulator.optimizer) {
    tensors.add(kOptimizerTensors + name, tensor);
  }
  for (const auto& [name, tensor] : checkpoint.accumulator.average) {
    tensors.add(kAverageTensors + name, tensor);
  }
  for (const auto& [name, tensor] : checkpoint.accumulator.buffers) {
    tensors.add(kBufferTensors + name, tensor);
  }
  const std::int64_t step = checkpoint.state.num_steps + checkpoint.state.num_skipped;
  CheckpointWriter writer(run_folder, step);
  AtomicFile file(writer.file(kTensorsFile));
  write_safetensors(file, tensors.views());
  writer.list(kTensorsFile, file.written());
  writer.write(kStateFile, to_json(checkpoint.state));
  writer.commit();
  remove_later_checkpoints(run_folder, step);  // those that were damaged
  remove_old_checkpoints(run_folder, keep);
  return writer.path();
}

RunState read_state(const std::string& path) {
  const std::string file = path_in(path, kStateFile);
  return run_state_from_json(read_file(file), file);
}

AccumulatorState read_checkpoint(const std::string& path, const RunState& state,
                                 torch::nn::Module& module, KeptWeights& kept) {
  const CheckpointTensors from(path);
  AccumulatorState accumulator{.optimizer = {},
                               .average = {},
                               .learning_rates = state.learning_rates,
                               .num_steps = state.num_steps,
                               .num_skipped = state.num_skipped,
                               .seed = state.options.training.seed,
                               .loss_scale = state.loss_scale,
                               .growth_steps = state.growth_steps,
                               .buffers = {},
                               .buffer_samples = state.buffer_samples};
  for (const CheckpointTensor& stored : from.tensors()) {
    for (const auto& [prefix, tensors] :
         {std::pair(std::string_view(kOptimizerTensors), &accumulator.optimizer),
          std::pair(std::string_view(kAverageTensors), &accumulator.average),
          std::pair(std::string_view(kBufferTensors), &accumulator.buffers)}) {
      if (stored.name.starts_with(prefix)) {
        tensors->emplace(stored.name.substr(prefix.size()), read_tensor(from, stored));
      }
    }
  }
  const std::vector<NamedTensor> own = all_tensors_of(module);
  const std::vector<at::Tensor> values = read_values(from, kModelTensors, own);
  std::vector<at::Tensor> kept_values =
      state.has_kept ? read_values(from, kKeptTensors, own) : std::vector<at::Tensor>();
  // Nothing below throws.
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < own.size(); ++i) {
    own[i].tensor.detach().copy_(values[i]);
  }
  if (state.has_kept) {
    kept.set(std::move(kept_values));
  }
  return accumulator;
}

}  // namespace dga
