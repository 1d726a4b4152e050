// SPDX-License-Identifier: Apache-2.0
//
// ModuleTensors: the parameters and buffers of a torch module, sorted by how training treats them.

#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "dga/base/dtype.h"
#include "dga/comm/communicator.h"
#include "dga/comm/shared_buffer.h"

namespace torch::nn {
class Module;
}

namespace dga {

struct NamedTensor {
  std::string name;
  at::Tensor tensor;
  /// Other tensors of the module with the same memory, shape and strides, as set_data makes them.
  std::vector<at::Tensor> tied{};
  /// Whether it is the table of an Embedding or EmbeddingBag with sparse(true).
  bool sparse = false;
};

/// Each tensor appears once, under the first of its names, in registration order.
struct ModuleTensors {
  /// Parameters that require a gradient.
  std::vector<NamedTensor> trained;
  /// Parameters that require no gradient.
  std::vector<NamedTensor> frozen;
  /// Running statistics and the like.
  std::vector<NamedTensor> buffers;

  /// Throws InvalidArgument for a trained parameter that is not dense, on the CPU, and f32, f64,
  /// f16 or bf16; for one that shares a part of its memory with another tensor; and for frozen
  /// parameters and buffers whose elements share memory.
  explicit ModuleTensors(const torch::nn::Module& module);

  /// One line for each tensor, for comparing modules.
  std::vector<std::string> lines() const;
};

/// The trained parameters of a module, its frozen ones, and its buffers, in this order. Throws as
/// ModuleTensors does.
std::vector<NamedTensor> all_tensors_of(const torch::nn::Module& module);
/// The module's buffers. Throws InvalidArgument for those whose elements share memory.
std::vector<NamedTensor> buffers_of(const torch::nn::Module& module);
/// A line for each buffer, for comparing modules.
std::vector<std::string> lines_of(const std::vector<NamedTensor>& buffers);

/// Copies worker 0's values of `tensors` to all workers. Shapes and types must be the same on all
/// workers. Collective; blocks; in place.
void broadcast_tensors(const Communicator& workers, const std::vector<NamedTensor>& tensors);

/// The tensors of one worker, and their weight in a mean, 0 or more.
struct WeightedTensors {
  std::vector<at::Tensor> tensors;
  std::int64_t weight = 0;
};

std::vector<at::Tensor> values_of(const std::vector<NamedTensor>& tensors);

/// Replaces floating-point and complex tensors by their weighted mean over all workers, and integer
/// tensors by their maximum. `own`: those of each worker that this rank of `carriers` carries,
/// alike in shapes and types. Changes nothing if all weights are 0. Afterwards all workers have the
/// same bits. Collective; blocks; in place.
void average_tensors(const Communicator& carriers, const WorkerBlocks& blocks,
                     const std::vector<WeightedTensors>& own);

/// A tensor over `data` with the sizes, strides and type of `like`, which must be dense. It keeps
/// `memory` alive.
at::Tensor view_like(const SharedBuffer& memory, std::byte* data, const at::Tensor& like);
/// A 1-D tensor of `count` elements over `data`. It keeps `memory` alive.
at::Tensor view_flat(const SharedBuffer& memory, std::byte* data, std::int64_t count, DType type);

}  // namespace dga
