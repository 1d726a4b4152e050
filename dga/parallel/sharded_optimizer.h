// SPDX-License-Identifier: Apache-2.0
//
// ShardedOptimizer: a torch optimiser over the parts of the flat buffers that one worker owns. Its
// state exists for these parts alone.

#pragma once

#include <ATen/core/Tensor.h>
#include <torch/optim/optimizer.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "dga/mesh/parameter_layout.h"
#include "dga/parallel/flat_buffers.h"
#include "dga/parallel/optimizer_factory.h"

namespace dga {

/// The optimiser sees each owned piece as one 1-D tensor, which gives every element exactly the
/// bits that torch's own optimiser over the module's parameters would. Padding stays zero.
///
/// A parameter without a gradient must not be touched, not even by weight decay. Where a piece
/// holds such a parameter it is cut around it, its state too, and stays cut.
class ShardedOptimizer {
 public:
  /// `layout` must outlive this. Parameter groups are numbered as in `layout`; `groups` has the
  /// options of all but the last.
  ShardedOptimizer(const ParameterLayout& layout, int worker, FlatBuffers buffers,
                   const OptimizerFactory& factory, std::span<const ParameterGroup> groups);

  /// One step on all owned pieces. `used`: by parameter, whether it has a gradient; empty where all
  /// have.
  void step(std::span<const std::uint8_t> used);

  /// Every group's own learning rate, times `factor`.
  void scale_learning_rates(double factor);
  torch::optim::Optimizer& optimizer() noexcept { return *optimizer_; }
  /// The pieces as they are cut now.
  std::vector<OwnedPiece> pieces() const;

  // --- the reduced gradients of the owned pieces
  /// Where the first element that is infinite or NaN lies.
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
    at::Tensor parameter;  // 1-D
    at::Tensor gradient;   // 1-D
    ConstBufferView gradient_elements;
  };

  Piece make_piece(OwnedPiece owned) const;
  void cut_unused(std::span<const std::uint8_t> used);
  std::vector<Piece> cut(const Piece& piece, std::span<const std::uint8_t> used);
  void rebuild_groups();

  const ParameterLayout& layout_;
  FlatBuffers buffers_;
  std::size_t num_groups_;
  std::vector<Piece> pieces_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  std::vector<double> learning_rates_;  // by group; empty until scaled
  bool gradients_set_ = false;          // every piece's parameter has its gradient
};

}  // namespace dga
