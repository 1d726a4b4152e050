// SPDX-License-Identifier: Apache-2.0
//
// ModuleTensors: what a torch module consists of, from the point of view of training it together.

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
};

/// Every tensor once, under the first of its names, in registration order.
struct ModuleTensors {
  /// Parameters that require a gradient.
  std::vector<NamedTensor> trained;
  /// Parameters that do not.
  std::vector<NamedTensor> frozen;
  /// Running statistics and the like.
  std::vector<NamedTensor> buffers;

  /// Throws InvalidArgument for a trained parameter that is not dense, on the CPU, and f32, f64,
  /// f16 or bf16.
  explicit ModuleTensors(const torch::nn::Module& module);

  /// One line a tensor, for comparing modules.
  std::vector<std::string> lines() const;
};

/// Gives everybody worker 0's values of `tensors`, which must have the same shapes and types on all
/// workers. Collective; blocks; in place.
void broadcast_tensors(const Communicator& workers, const std::vector<NamedTensor>& tensors);

/// Replaces floating-point tensors by their mean over the workers, weighted by `weight` (0 or more)
/// of each, and whole numbers by their maximum. Where all weights are 0 nothing changes.
/// The same bits on every worker afterwards. Collective; blocks; in place.
void average_tensors(const Communicator& workers, const std::vector<NamedTensor>& tensors,
                     std::int64_t weight);

/// A tensor over `data` with sizes, strides and type of `like`, which is dense. Holds on to
/// `memory`.
at::Tensor view_like(const SharedBuffer& memory, std::byte* data, const at::Tensor& like);
/// A 1-D tensor of `count` elements.
at::Tensor view_flat(const SharedBuffer& memory, std::byte* data, std::int64_t count, DType type);

}  // namespace dga
