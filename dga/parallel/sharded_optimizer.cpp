// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/sharded_optimizer.h"

#include <algorithm>
#include <utility>

#include "dga/base/error.h"
#include "dga/parallel/gradient_scan.h"
#include "dga/parallel/module_tensors.h"
#include "dga/parallel/optimizer_state.h"

namespace dga {
namespace {

bool is_used(std::span<const std::uint8_t> used, int parameter) {
  return used.empty() || used[static_cast<std::size_t>(parameter)] != 0;
}

}  // namespace

ShardedOptimizer::ShardedOptimizer(const ParameterLayout& layout, int worker, FlatBuffers buffers,
                                   const OptimizerFactory& factory,
                                   std::span<const ParameterGroup> groups)
    : layout_(layout), buffers_(std::move(buffers)), num_groups_(groups.size() + 1) {
  std::vector<std::vector<at::Tensor>> tensors(num_groups_);
  for (OwnedPiece& owned : layout.pieces(worker)) {
    pieces_.push_back(make_piece(std::move(owned)));
    tensors[static_cast<std::size_t>(pieces_.back().owned.group)].push_back(
        pieces_.back().parameter);
  }
  std::vector<torch::optim::OptimizerParamGroup> torch_groups;
  for (std::size_t group = 0; group < num_groups_; ++group) {
    if (group < groups.size() && groups[group].options != nullptr) {
      torch_groups.emplace_back(std::move(tensors[group]), groups[group].options->clone());
    } else {
      torch_groups.emplace_back(std::move(tensors[group]));
    }
  }
  optimizer_ = factory(std::move(torch_groups));
  DGA_CHECK(optimizer_ != nullptr,
            "[parallel] optimizer factory: expected an optimiser, found null.");
  DGA_CHECK(optimizer_->param_groups().size() == num_groups_,
            "[parallel] optimizer factory: expected an optimiser over the ", num_groups_,
            " parameter groups it was given, found ", optimizer_->param_groups().size(),
            ". Pass them on as they are.");
}

ShardedOptimizer::Piece ShardedOptimizer::make_piece(OwnedPiece owned) const {
  const Bucket& bucket = layout_.buckets()[static_cast<std::size_t>(owned.bucket)];
  const std::int64_t at = bucket.first_byte + owned.elements.first * size_of(bucket.type);
  Piece piece;
  piece.parameter = view_flat(buffers_.parameter_memory, buffers_.parameters + at,
                              owned.elements.count, bucket.type);
  piece.gradient = view_flat(buffers_.gradient_memory, buffers_.gradients + at,
                             owned.elements.count, bucket.type);
  piece.gradient_elements = {static_cast<const void*>(buffers_.gradients + at),
                             owned.elements.count, bucket.type};
  piece.owned = std::move(owned);
  return piece;
}

void ShardedOptimizer::step(std::span<const std::uint8_t> used) {
  if (!used.empty()) {
    cut_unused(used);
  }
  if (!used.empty() || !gradients_set_) {
    for (Piece& piece : pieces_) {
      // All parameters of a piece agree now.
      const bool has = is_used(used, piece.owned.parameters.front());
      piece.parameter.mutable_grad() = has ? piece.gradient : at::Tensor();
    }
    gradients_set_ = used.empty();
  }
  optimizer_->step();
}

void ShardedOptimizer::cut_unused(std::span<const std::uint8_t> used) {
  const auto agree = [&](const Piece& piece) {
    const auto& members = piece.owned.parameters;
    return std::all_of(members.begin(), members.end(), [&](int member) {
      return is_used(used, member) == is_used(used, members.front());
    });
  };
  if (std::all_of(pieces_.begin(), pieces_.end(), agree)) {
    return;
  }
  std::vector<Piece> all;
  for (const Piece& piece : pieces_) {
    if (agree(piece)) {
      all.push_back(piece);
      continue;
    }
    for (Piece& part : cut(piece, used)) {
      all.push_back(std::move(part));
    }
  }
  pieces_ = std::move(all);
  rebuild_groups();
}

std::vector<ShardedOptimizer::Piece> ShardedOptimizer::cut(const Piece& piece,
                                                           std::span<const std::uint8_t> used) {
  const std::int64_t end = piece.owned.elements.first + piece.owned.elements.count;
  std::vector<OwnedPiece> parts;
  for (const int member : piece.owned.parameters) {
    const std::int64_t first =
        std::max(layout_.parameters()[static_cast<std::size_t>(member)].elements.first,
                 piece.owned.elements.first);
    if (parts.empty() || is_used(used, parts.back().parameters.front()) != is_used(used, member)) {
      parts.push_back({piece.owned.bucket, {first, 0}, piece.owned.group, {}});
    }
    parts.back().parameters.push_back(member);
  }
  std::vector<Piece> cut;
  auto& states = optimizer_->state();
  const auto state = states.find(piece.parameter.unsafeGetTensorImpl());
  std::vector<std::unique_ptr<torch::optim::OptimizerParamState>> part_states;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Slice& elements = parts[i].elements;
    elements.count = (i + 1 < parts.size() ? parts[i + 1].elements.first : end) - elements.first;
    if (state != states.end()) {
      part_states.push_back(
          slice_state(*state->second, piece.owned.elements.count,
                      {elements.first - piece.owned.elements.first, elements.count}));
    }
    cut.push_back(make_piece(std::move(parts[i])));
  }
  if (state != states.end()) {
    states.erase(state);
    for (std::size_t i = 0; i < cut.size(); ++i) {
      states[cut[i].parameter.unsafeGetTensorImpl()] = std::move(part_states[i]);
    }
  }
  return cut;
}

void ShardedOptimizer::rebuild_groups() {
  for (auto& group : optimizer_->param_groups()) {
    group.params().clear();
  }
  for (const Piece& piece : pieces_) {
    optimizer_->param_groups()[static_cast<std::size_t>(piece.owned.group)].params().push_back(
        piece.parameter);
  }
  gradients_set_ = false;
}

void ShardedOptimizer::scale_learning_rates(double factor) {
  auto& groups = optimizer_->param_groups();
  if (learning_rates_.empty()) {
    for (const auto& group : groups) {
      learning_rates_.push_back(group.options().get_lr());
    }
  }
  for (std::size_t group = 0; group < groups.size(); ++group) {
    groups[group].options().set_lr(learning_rates_[group] * factor);
  }
}

std::vector<OwnedPiece> ShardedOptimizer::pieces() const {
  std::vector<OwnedPiece> all;
  for (const Piece& piece : pieces_) {
    all.push_back(piece.owned);
  }
  return all;
}

std::unique_ptr<ShardedOptimizer::NonFinite> ShardedOptimizer::find_non_finite() const {
  for (const Piece& piece : pieces_) {
    const std::int64_t at = first_non_finite(piece.gradient_elements);
    if (at < 0) {
      continue;
    }
    const Bucket& bucket = layout_.buckets()[static_cast<std::size_t>(piece.owned.bucket)];
    const std::int64_t element = piece.owned.elements.first + at;
    const int parameter = layout_.parameter_at(piece.owned.bucket, element);
    const auto& placed = layout_.parameters()[static_cast<std::size_t>(std::max(parameter, 0))];
    return std::make_unique<NonFinite>(
        NonFinite{std::max(parameter, 0), element - placed.elements.first,
                  element_value(piece.gradient_elements, at),
                  bucket.first_byte + element * size_of(bucket.type)});
  }
  return nullptr;
}

double ShardedOptimizer::squared_norm() const {
  double sum = 0;
  for (const Piece& piece : pieces_) {
    sum += dga::squared_norm(piece.gradient_elements);
  }
  return sum;
}

void ShardedOptimizer::scale_gradients(double factor) {
  for (Piece& piece : pieces_) {
    piece.gradient.mul_(factor);
  }
}

}  // namespace dga
