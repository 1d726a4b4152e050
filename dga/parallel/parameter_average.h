// SPDX-License-Identifier: Apache-2.0
//
// ParameterAverage: the exponential moving average of a model's parameters. Each worker keeps its
// slices of it.

#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "dga/comm/communicator.h"
#include "dga/comm/shared_buffer.h"
#include "dga/mesh/parameter_layout.h"
#include "dga/parallel/optimizer_state.h"

namespace dga {

/// For each element, average += (1 - decay) * (parameter - average): the average of a parameter
/// that never changes is that parameter, to the last bit. The average of f16 and bf16 parameters is
/// kept in f32, because small updates would be lost in them; that of others in their own type. Each
/// worker holds the average of the slices it owns, so all workers together hold one copy of the
/// model.
class ParameterAverage {
 public:
  /// Initialises the average with the current parameters, which must be the same on all workers.
  /// `parameters`: the node's copy of the flat parameter buffer. `layout` must outlive this.
  ParameterAverage(const Communicator& workers, const ParameterLayout& layout,
                   SharedBuffer parameters, double decay);

  /// Call it after this worker's slices of the parameters have changed. Not collective.
  void update();

  /// With true, replaces the parameters by their average, rounded to the parameter's type; with
  /// false, restores the parameters bit for bit. Does nothing if that is the current state.
  /// Collective; blocks.
  void use(bool average);
  bool in_use() const noexcept { return in_use_; }

  /// The average of what this worker owns, by parameter; without `copies` the next step changes it.
  /// Not while the average is in use.
  std::vector<StatePart> parts(bool copies = true) const;
  /// Throws InvalidArgument unless `parts` have all that this worker owns, each in one part.
  void check(const std::vector<StatePart>& parts) const;
  /// Replaces the average by `parts`, which must have passed `check`.
  void load(const std::vector<StatePart>& parts);

 private:
  struct Slot {
    int bucket;
    Slice elements;        // of the bucket
    at::Tensor parameter;  // 1-D: a view of the node's copy
    at::Tensor average;    // 1-D
    at::Tensor kept;       // the parameter's value while the average is in use
  };

  void share() const;
  /// The elements of `parts` that are the part of `parameter` from `first` on; undefined if there
  /// are none.
  static at::Tensor values_in(const std::vector<StatePart>& parts, int parameter,
                              std::int64_t first, std::int64_t count);
  /// Calls visit(parameter, its first element, a 1-D tensor of its average) for what this worker
  /// owns.
  template <typename Visit>
  void for_each_part(Visit&& visit) const;

  Communicator workers_;
  const ParameterLayout& layout_;
  SharedBuffer parameters_;
  double weight_;  // of the parameter
  std::vector<Slot> slots_;
  bool in_use_ = false;
};

}  // namespace dga
