// SPDX-License-Identifier: Apache-2.0
//
// ShardedOptimizer: torch optimisers over the parts of the flat buffers that one worker owns. Each
// worker holds optimiser state for these parts only.

#pragma once

#include <ATen/core/Tensor.h>
#include <torch/optim/optimizer.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "dga/mesh/parameter_layout.h"
#include "dga/parallel/bound_parameters.h"
#include "dga/parallel/flat_buffers.h"
#include "dga/parallel/optimizer_factory.h"

namespace dga {

/// The element-wise optimiser sees each owned piece as one 1-D tensor, which gives every element
/// exactly the bits that torch's own optimiser over the module's parameters would. The atomic one
/// sees each owned atomic parameter in its own shape and strides. Padding stays zero.
///
/// A parameter without a gradient must not be changed, not even by weight decay. A piece that
/// contains one is split around it, with its state, permanently.
class ShardedOptimizer {
 public:
  /// `layout` and `bound`, which has the parameters' shapes, must outlive this. Parameter groups
  /// are numbered as in `layout`; `groups` has the options of all but the last.
  ShardedOptimizer(const ParameterLayout& layout, int worker, FlatBuffers buffers,
                   const BoundParameters& bound, const OptimizerFactory& factory,
                   std::span<const ParameterGroup> groups);

  /// One step on all owned pieces. `used`: for each parameter, whether it has a gradient; empty if
  /// all have.
  void step(std::span<const std::uint8_t> used);

  /// Sets every group's learning rate to `factor` times the value that it had at the first call.
  void scale_learning_rates(double factor);
  torch::optim::Optimizer& element_wise() noexcept { return *element_wise_.optimizer; }
  /// Null if no parameter is atomic.
  torch::optim::Optimizer* atomic() noexcept { return atomic_.optimizer.get(); }
  /// The pieces as they are split now.
  std::vector<OwnedPiece> pieces() const;

  // --- the reduced gradients of the owned pieces
  /// Location of the first element that is infinite or NaN.
  struct NonFinite {
    int parameter;
    std::int64_t element;  // of the parameter
    double value;
    std::int64_t first_byte;  // of the flat buffer
  };
  /// Null when all are finite.
  std::unique_ptr<NonFinite> find_non_finite() const;
  /// Sum of squares in f64, in an order that depends on the layout alone.
  double squared_norm() const;
  void scale_gradients(double factor);

 private:
  struct Piece {
    OwnedPiece owned;
    // 1-D; of an atomic parameter, in its shape.
    at::Tensor parameter;
    at::Tensor gradient;
    ConstBufferView gradient_elements;
  };
  struct Stepper {
    std::unique_ptr<torch::optim::Optimizer> optimizer;
    std::vector<double> learning_rates;  // by group; empty until scaled
  };

  void build(Stepper& stepper, bool atomic, const MakeOptimizer& make,
             std::span<const ParameterGroup> groups);
  Piece make_piece(OwnedPiece owned) const;
  void cut_unused(std::span<const std::uint8_t> used);
  std::vector<Piece> cut(const Piece& piece, std::span<const std::uint8_t> used);
  void rebuild_groups();

  const ParameterLayout& layout_;
  FlatBuffers buffers_;
  const BoundParameters& bound_;
  std::size_t num_groups_;
  std::vector<Piece> pieces_;
  Stepper element_wise_;
  Stepper atomic_;
  bool gradients_set_ = false;  // every piece's parameter has its gradient
};

}  // namespace dga
