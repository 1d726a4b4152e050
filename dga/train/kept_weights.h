// SPDX-License-Identifier: Apache-2.0
//
// KeptWeights: a copy of a module's parameters and buffers, to restore later.

#pragma once

#include <ATen/core/Tensor.h>

#include <utility>
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

  /// In the order of all_tensors_of; empty without a copy.
  const std::vector<at::Tensor>& values() const noexcept { return tensors_; }
  /// Replaces the copy.
  void set(std::vector<at::Tensor> values) noexcept { tensors_ = std::move(values); }

 private:
  std::vector<at::Tensor> tensors_;
};

}  // namespace dga
