// SPDX-License-Identifier: Apache-2.0
//
// KeptWeights: a copy of a module's parameters and buffers, to go back to.

#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace torch::nn {
class Module;
}

namespace dga {

/// Used by one thread.
class KeptWeights {
 public:
  /// Copies what `module` has now, in place of what was kept before.
  void keep(const torch::nn::Module& module);
  /// Writes it back. Does nothing when nothing was kept.
  void restore(const torch::nn::Module& module) const;

 private:
  std::vector<at::Tensor> tensors_;  // in the order of ModuleTensors
};

}  // namespace dga
