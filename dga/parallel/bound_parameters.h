// SPDX-License-Identifier: Apache-2.0
//
// BoundParameters: a module's trained parameters as views of the node's flat buffer, with a hook on
// each that tells when backward has finished its gradient.

#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "dga/mesh/parameter_layout.h"
#include "dga/parallel/flat_buffers.h"
#include "dga/parallel/module_tensors.h"

namespace dga {

/// Parameters are numbered as in the layout. The module's tensors stay the objects they were, so
/// that whoever holds one sees its new values; they stay views when this is gone, without hooks and
/// gradients. Used by one thread.
class BoundParameters {
 public:
  /// Points `trained` into the buffers. `give_values`: copies their values there first; otherwise
  /// they take those that lie there.
  BoundParameters(const std::vector<NamedTensor>& trained, const ParameterLayout& layout,
                  const FlatBuffers& buffers, bool give_values);
  ~BoundParameters();
  BoundParameters(const BoundParameters&) = delete;
  BoundParameters& operator=(const BoundParameters&) = delete;

  /// From now on calls `arrived` with a parameter's number whenever a backward has added up its
  /// gradient. Throws InvalidArgument when a parameter has such a hook already.
  void watch(std::function<void(std::size_t number)> arrived);

  /// The gradient that has just arrived, into its place in the flat buffer, where later ones of the
  /// same step are added. Throws InvalidArgument for a sparse one.
  void take_gradient(std::size_t number);
  /// Writes zeros to the gradient's place.
  void clear_gradient(std::size_t number) const;
  /// The gradient's place, in the parameter's shape and strides.
  const at::Tensor& gradient(std::size_t number) const { return slots_.at(number).gradient; }
  /// Takes the gradients off the parameters, as torch's zero_grad does.
  void drop_gradients() const;

 private:
  class Hook;
  struct Slot {
    std::string name;
    at::Tensor parameter;
    at::Tensor gradient;  // its view of the flat gradient buffer
  };

  std::vector<Slot> slots_;
  std::function<void(std::size_t)> arrived_;
  bool watching_ = false;
};

}  // namespace dga
