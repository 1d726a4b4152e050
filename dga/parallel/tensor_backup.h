// SPDX-License-Identifier: Apache-2.0
//
// TensorBackup: copies of tensors, to find and to undo what a program does to them.

#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "dga/parallel/module_tensors.h"

namespace dga {

class TensorBackup {
 public:
  /// Copies the values. Keeps a reference to `tensors`.
  explicit TensorBackup(const std::vector<NamedTensor>& tensors);

  /// Whether a tensor has other bytes, or other memory, than it had. Throws InvalidArgument if one
  /// has another shape or type.
  bool changed() const;
  /// Gives each tensor its memory and values again.
  void restore() const;

 private:
  struct Copy {
    at::Tensor memory;  // the tensor as it was, without its name in the module
    at::Tensor values;
  };
  const std::vector<NamedTensor>& tensors_;
  std::vector<Copy> copies_;
};

}  // namespace dga
