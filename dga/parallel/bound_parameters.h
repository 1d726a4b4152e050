// SPDX-License-Identifier: Apache-2.0
//
// BoundParameters: makes a module's trained parameters views of the node's flat buffer, and
// installs a hook on each that runs when backward has finished its gradient.

#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dga/mesh/parameter_layout.h"
#include "dga/parallel/fingerprint.h"
#include "dga/parallel/flat_buffers.h"
#include "dga/parallel/module_tensors.h"
#include "dga/parallel/row_gradients.h"

namespace dga {

/// Parameters are numbered as in the layout. The module keeps its tensor objects, so other
/// references to them see the new values. After destruction they are still views, but have no hooks
/// and no gradients. Used by one thread.
class BoundParameters {
 public:
  struct Options {
    /// true copies the parameters' values to the buffers; false leaves the buffers' values, which
    /// the parameters then have.
    bool give_values;
    Fingerprints fingerprints;
    /// Whether reductions write to the slices of this worker before check_gradients.
    bool reduced_meanwhile;
    int worker;
  };

  /// Makes the trained parameters of `tensors` views of the buffers. `tensors` and `rows` must
  /// outlive this.
  BoundParameters(const ModuleTensors& tensors, const ParameterLayout& layout,
                  const FlatBuffers& buffers, RowGradients& rows, const Options& options);
  ~BoundParameters();
  BoundParameters(const BoundParameters&) = delete;
  BoundParameters& operator=(const BoundParameters&) = delete;

  /// Installs the hooks: `arrived` is called with a parameter's number whenever backward has
  /// accumulated its gradient.
  void watch(std::function<void(std::size_t number)> arrived);

  /// Copies a gradient that has just been computed to the flat buffer and makes the parameter's
  /// gradient a view of it, so that later gradients of the same step are added in place. Throws
  /// InvalidArgument for a gradient of another shape. A sparse gradient of a parameter without
  /// `by_rows` becomes a dense one.
  void take_gradient(std::size_t number);
  /// Before backward: unsets the gradients of parameters that have `by_rows`, so that it leaves the
  /// rows of this call in them, and take_gradient as well. After it: sets them again where `used`.
  void take_rows_away() const;
  void give_rows_back(const std::vector<std::uint8_t>& used) const;
  /// Sets the parameter's part of the flat gradient buffer to zero.
  void clear_gradient(std::size_t number) const;
  /// The parameter's part of the flat gradient buffer, in the parameter's shape and strides.
  const at::Tensor& gradient(std::size_t number) const { return slots_.at(number).gradient_place; }
  /// Unsets the parameters' gradients, as torch's zero_grad does.
  void drop_gradients() const;
  /// The same, but returns them, so that another backward does not add to them.
  std::vector<at::Tensor> take_gradients_out() const;
  /// Sets what take_gradients_out has returned, and drops what came meanwhile.
  void put_gradients_back(std::vector<at::Tensor> gradients) const;
  /// Whether several tensors of the module share the parameter's memory: its gradient is the sum of
  /// theirs, and complete only at the end of backward.
  bool is_tied(std::size_t number) const { return slots_.at(number).tensors.size() > 1; }
  /// Whether backward has left a gradient in the parameter, of this accumulator or not.
  bool has_gradient(std::size_t number) const;

  // --- what a program may do to the module meanwhile
  /// How check_values finds changes.
  enum class ValueCheck : std::uint8_t {
    versions,      ///< torch's counters, which `.data()` and raw pointers leave alone
    fingerprints,  ///< the counters and what the fingerprints show
  };
  /// Throws InvalidArgument if a parameter has another shape or type than at construction, or was
  /// changed in place since note_values, which must have been called.
  void check_values(ValueCheck check) const;
  /// Only the shapes and types.
  void check_shapes() const;
  /// Takes the parameters' values as they are now for unchanged.
  void note_values();
  /// Says that the flat buffer has new values: a backward through a graph that was built with the
  /// old ones then throws, as after a step of torch's optimisers. Notes the values.
  void values_changed();
  /// Throws InvalidArgument if a gradient was edited, replaced or set since backward computed it.
  /// `used`: for each parameter, whether backward reached it.
  /// `foreign`: whether another backward than the accumulator's has run.
  void check_gradients(const std::vector<std::uint8_t>& used, bool foreign) const;
  /// The parameters that set_data has given other memory than that of the buffers, or another order
  /// in it. Throws InvalidArgument if one of them shares memory with another tensor of the module,
  /// which it did not at construction.
  std::vector<std::size_t> left() const;
  /// The numbers of all parameters.
  std::vector<std::size_t> all() const;
  const at::Tensor& parameter(std::size_t number) const { return slots_.at(number).parameter(); }
  /// Makes parameters that have left views of the buffers again. `give_values`: true copies their
  /// values to the buffers; false leaves the buffers' values.
  void bring_back(const std::vector<std::size_t>& numbers, bool give_values);

 private:
  class Hook;
  struct Slot {
    std::string name;
    bool by_rows = false;
    std::vector<at::Tensor> tensors;     // of the module; several if they are tied by their memory
    std::vector<std::int64_t> versions;  // theirs, when their values were noted
    // Its view of the flat gradient buffer. `gradient` is what the program gets as the parameter's
    // gradient, and can therefore give other memory; it never gets `gradient_place`.
    at::Tensor gradient;
    at::Tensor gradient_place;
    at::Tensor view;                    // of the parameter's place in the flat buffer
    std::int64_t gradient_version = 0;  // of `gradient`, when backward had added to it
    std::uint64_t value_print = 0;      // of `view`, when the values were noted
    std::uint64_t gradient_print = 0;   // of `stable`, when backward had added to it
    // The parts of `gradient` that nobody else writes to before check_gradients.
    std::array<std::span<const std::byte>, 2> stable{};

    const at::Tensor& parameter() const { return tensors.front(); }
  };

  static void check_shape(const Slot& slot);
  static bool has_left(const Slot& slot, const at::Tensor& tensor);
  static bool is_in_place(const Slot& slot);
  std::uint64_t print_of_gradient(const Slot& slot) const noexcept;
  std::uint64_t print_of_values(const Slot& slot) const noexcept;
  void check_not_tied(const std::vector<std::size_t>& left) const;

  void take_rows(std::size_t number, const at::Tensor& gradient);

  const ModuleTensors& tensors_;
  RowGradients& rows_;
  Fingerprints fingerprints_;
  std::vector<Slot> slots_;
  std::function<void(std::size_t)> arrived_;
  bool watching_ = false;
};

}  // namespace dga
