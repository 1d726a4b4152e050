// SPDX-License-Identifier: Apache-2.0
//
// BoundParameters: makes a module's trained parameters views of the node's flat buffer, and
// installs a hook on each that runs when backward has finished its gradient.

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

/// Parameters are numbered as in the layout. The module keeps its tensor objects, so other
/// references to them see the new values. After destruction they are still views, but have no hooks
/// and no gradients. Used by one thread.
class BoundParameters {
 public:
  /// Makes `trained` views of the buffers. `give_values`: true copies their values to the buffers;
  /// false leaves the buffers' values, which the parameters then have.
  BoundParameters(const std::vector<NamedTensor>& trained, const ParameterLayout& layout,
                  const FlatBuffers& buffers, bool give_values);
  ~BoundParameters();
  BoundParameters(const BoundParameters&) = delete;
  BoundParameters& operator=(const BoundParameters&) = delete;

  /// Installs the hooks: `arrived` is called with a parameter's number whenever backward has
  /// accumulated its gradient. Throws InvalidArgument if a parameter already has a post-accumulate
  /// hook.
  void watch(std::function<void(std::size_t number)> arrived);

  /// Copies a gradient that has just been computed to the flat buffer and makes the parameter's
  /// gradient a view of it, so that later gradients of the same step are added in place. Throws
  /// InvalidArgument for a sparse gradient.
  void take_gradient(std::size_t number);
  /// Sets the parameter's part of the flat gradient buffer to zero.
  void clear_gradient(std::size_t number) const;
  /// The parameter's part of the flat gradient buffer, in the parameter's shape and strides.
  const at::Tensor& gradient(std::size_t number) const { return slots_.at(number).gradient; }
  /// Unsets the parameters' gradients, as torch's zero_grad does.
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
