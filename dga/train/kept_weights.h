// SPDX-License-Identifier: Apache-2.0
//
// KeptWeights: a copy of a module's parameters and buffers, to restore later.

#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace torch::nn {
class Module;
}

namespace dga {

/// For use by one thread.
class KeptWeights {
 public:
  /// Copies the tensors of `module`, replacing an earlier copy.
  void keep(const torch::nn::Module& module);
  /// Lets the tensors of `module` have the memory of the copy. What they had, which other workers
  /// may share, stays as it is. Does nothing without a copy.
  void restore(const torch::nn::Module& module) const;

 private:
  std::vector<at::Tensor> tensors_;  // in the order of ModuleTensors
};

}  // namespace dga
