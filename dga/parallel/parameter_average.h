// SPDX-License-Identifier: Apache-2.0
//
// ParameterAverage: the exponential moving average of a model's parameters, each worker's slices of
// it by that worker.

#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "dga/comm/communicator.h"
#include "dga/comm/shared_buffer.h"
#include "dga/mesh/parameter_layout.h"

namespace dga {

/// Element by element, average += (1 - decay) * (parameter - average): a parameter that never
/// changes is its own average, to the last bit. Kept in f32 for f16 and bf16, in which small
/// updates would be lost, else in the parameter's type. Lies in each worker's own memory, for the
/// slices it owns: together one copy of the model over all workers.
class ParameterAverage {
 public:
  /// Starts as the parameters are now, which everybody has. `parameters`: the node's copy of the
  /// flat parameter buffer. `layout` must outlive this.
  ParameterAverage(const Communicator& workers, const ParameterLayout& layout,
                   SharedBuffer parameters, double decay);

  /// This worker's slices of the parameters have changed. Not collective.
  void update();

  /// Puts the average, rounded to their types, in place of the parameters on all workers, or the
  /// parameters back, bit for bit. Does nothing where it is so already. Collective; blocks.
  void use(bool average);
  bool in_use() const noexcept { return in_use_; }

 private:
  struct Slot {
    at::Tensor parameter;  // 1-D: a view of the node's copy
    at::Tensor average;    // 1-D
    at::Tensor kept;       // what the parameter was, while the average is in use
  };

  void share() const;

  Communicator workers_;
  const ParameterLayout& layout_;
  SharedBuffer parameters_;
  double weight_;  // of the parameter
  std::vector<Slot> slots_;
  bool in_use_ = false;
};

}  // namespace dga
