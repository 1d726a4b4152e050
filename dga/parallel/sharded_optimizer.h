// SPDX-License-Identifier: Apache-2.0
//
// ShardedOptimizer: torch optimisers over the parts of the flat buffers that one worker owns. Each
// worker holds optimiser state for these parts only.

#pragma once

#include <ATen/core/Tensor.h>
#include <torch/optim/optimizer.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dga/mesh/parameter_layout.h"
#include "dga/parallel/bound_parameters.h"
#include "dga/parallel/flat_buffers.h"
#include "dga/parallel/gradient_slice.h"
#include "dga/parallel/optimizer_factory.h"
#include "dga/parallel/optimizer_settings.h"
#include "dga/parallel/optimizer_state.h"

namespace dga {

/// The element-wise optimiser sees each owned piece as one 1-D tensor, which gives every element
/// exactly the bits that torch's own optimiser over the module's parameters would. The atomic one
/// sees each owned atomic parameter in its own shape and strides. Padding stays zero.
///
/// A parameter without a gradient must not be changed, not even by weight decay. A piece that
/// contains one is split around it, with its state, permanently.
class ShardedOptimizer {
 public:
  using FirstText = std::function<std::string(const std::string& text)>;

  /// `layout` and `bound`, which has the parameters' shapes, must outlive this. Parameter groups
  /// are numbered as in `layout`; `groups` has the options of all but the last.
  ShardedOptimizer(const ParameterLayout& layout, int owner, FlatBuffers buffers,
                   const BoundParameters& bound, const OptimizerFactory& factory,
                   std::span<const ParameterGroup> groups);

  /// One step on all owned pieces. `used`: for each parameter, whether it has a gradient; empty if
  /// all have.
  ///
  /// Optimisers of unknown types may throw in their first step, as those that need a closure do. In
  /// that step only, `first_text` is called with what this worker's optimiser threw, or "", and
  /// returns the text of the first worker that has one. If any has, what the optimisers have
  /// changed is undone, and the text is returned; otherwise "".
  std::string step(std::span<const std::uint8_t> used, const FirstText& first_text);

  /// Sets every group's learning rate to `factor` times the value that it had at the first call.
  void scale_learning_rates(double factor);
  torch::optim::Optimizer& element_wise() noexcept { return *element_wise_.optimizer; }
  /// Null if no parameter is atomic.
  torch::optim::Optimizer* atomic() noexcept { return atomic_.optimizer.get(); }
  /// The pieces as they are split now.
  std::vector<OwnedPiece> pieces() const;

  // --- what a program may do to the optimisers meanwhile
  /// Throws InvalidArgument if it has added or removed groups or parameters, set gradients of the
  /// pieces, changed their values, or put other state in the place of theirs.
  void check_unchanged();
  /// Takes the pieces' values as they are now for unchanged.
  void note_values();

  // --- settings, which must be the same on every worker
  /// A digest of the settings of every group. Throws InvalidArgument if the program has changed a
  /// learning rate since scale_learning_rates set it. Call check_unchanged before it.
  std::uint64_t settings_digest() const;
  /// The types of the optimisers and of their options, and what these serialise. Slow.
  std::vector<std::string> description() const;
  /// A line for each setting of each group.
  std::vector<std::string> settings_lines() const;

  // --- state by parameter, whatever pieces the parameters are cut into
  /// The state of what this worker owns. Without `copies` the next step changes what
  /// has an element for each of the parameter.
  std::vector<StatePart> state(bool copies = true) const;
  /// Returns what replaces the state of what this worker owns, and throws nothing; no step may come
  /// in between. `whole` has the state of each parameter, in parts with `first` -1; tensors in the
  /// shape of the parameter are per element. Throws InvalidArgument for state that the optimisers
  /// do not keep.
  std::function<void()> prepare_state(const std::vector<StatePart>& whole);
  /// Of the element-wise groups and then the atomic ones, before scaling.
  std::vector<double> learning_rates() const;
  void set_learning_rates(const std::vector<double>& rates);

  // --- the reduced gradients of the owned pieces
  /// Sums of squares in f64, one for each worker whose slices these are, in an order that depends
  /// on the storage layout alone.
  std::vector<double> squared_norms() const;
  void scale_gradients(double factor);
  /// The reduced gradients by parameter, without those that `used` leaves out.
  std::vector<GradientSlice> slices(std::span<const std::uint8_t> used) const;

 private:
  struct Piece {
    OwnedPiece owned;
    // 1-D; of an atomic parameter, in its shape.
    at::Tensor parameter;
    at::Tensor gradient;
    ConstBufferView gradient_elements;
    // As the last step left them.
    std::uint32_t version = 0;    // torch's counter of changes in place
    const void* state = nullptr;  // the object in the optimiser's map
  };
  struct Stepper {
    MakeOptimizer make;
    std::unique_ptr<torch::optim::Optimizer> optimizer;
    std::span<const OptimizerSetting> settings;
    bool needs_trial = false;  // its first step may throw
    // By group; empty until scaled.
    std::vector<double> learning_rates;
    std::vector<double> scaled_rates;
  };

  using ByGroup = std::vector<std::vector<at::Tensor>>;
  using StateByParameter = std::map<int, std::vector<const StatePart*>>;
  using Same = std::function<bool(int, int)>;
  /// What prepare_state has found to fit.
  struct NewState {
    std::vector<Piece> pieces;
    std::vector<std::unique_ptr<torch::optim::OptimizerParamState>> states;  // of the pieces
  };

  void build(Stepper& stepper, bool atomic, const MakeOptimizer& make);
  std::unique_ptr<torch::optim::Optimizer> make_optimizer(const MakeOptimizer& make, bool atomic,
                                                          ByGroup tensors) const;
  Piece make_piece(OwnedPiece owned) const;
  std::vector<OwnedPiece> cut(const OwnedPiece& owned, const Same& same) const;
  void cut_unused(std::span<const std::uint8_t> used);
  std::vector<Piece> cut_with_state(const Piece& piece, std::span<const std::uint8_t> used);
  void rebuild_groups();
  Slice part_of(const Piece& piece, int parameter) const;
  /// State of the kind that the optimiser keeps for `piece`; null if it keeps none.
  std::unique_ptr<torch::optim::OptimizerParamState> made_up_state(const Piece& piece) const;
  std::unique_ptr<torch::optim::OptimizerParamState> state_of(const Piece& piece,
                                                              const StateByParameter& states) const;
  void take_state(NewState state);
  const Stepper& stepper_of(const Piece& piece) const {
    return piece.owned.atomic ? atomic_ : element_wise_;
  }
  template <typename Visit>
  void for_each_group(Visit&& visit) const;
  void check_groups(const Stepper& stepper) const;
  const void* state_at(const Piece& piece) const;
  void note_states();
  void drop_gradients();
  void run_optimizers();
  std::string try_optimizers(const FirstText& first_text);

  const ParameterLayout& layout_;
  int owner_;
  FlatBuffers buffers_;
  const BoundParameters& bound_;
  std::vector<ParameterGroup> groups_;
  std::size_t num_groups_;
  std::vector<Piece> pieces_;
  Stepper element_wise_;
  Stepper atomic_;
};

}  // namespace dga
