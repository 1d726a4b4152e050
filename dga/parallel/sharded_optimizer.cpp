// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/sharded_optimizer.h"

#include <c10/util/Type.h>

#include <algorithm>
#include <string>
#include <typeinfo>
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

/// Null: group `group` has the options of the optimiser.
const torch::optim::OptimizerOptions* options_of(std::span<const ParameterGroup> groups,
                                                 std::size_t group, bool atomic) {
  if (group >= groups.size()) {
    return nullptr;
  }
  return (atomic ? groups[group].atomic_options : groups[group].options).get();
}

/// torch casts a group's options to those of its optimiser without looking, and (2.15) replaces
/// options by the optimiser's where their type is not one of its own.
void set_options(torch::optim::Optimizer& optimizer, std::span<const ParameterGroup> groups,
                 bool atomic) {
  const auto name_of_type = [](const torch::optim::OptimizerOptions& options) {
    return c10::demangle(typeid(options).name());
  };
  const std::string expected = name_of_type(optimizer.defaults());
  for (std::size_t group = 0; group < groups.size(); ++group) {
    const auto* options = options_of(groups, group, atomic);
    if (options == nullptr) {
      continue;
    }
    const std::string found = name_of_type(*options);
    DGA_CHECK(found == expected, "[parallel] parameter group ", group, ": expected ",
              atomic ? "atomic_options" : "options", " of type ", expected,
              ", as its optimiser has, found ", found, ".");
    if (!found.starts_with("torch::optim::")) {
      optimizer.param_groups()[group].set_options(options->clone());
    }
  }
}

}  // namespace

ShardedOptimizer::ShardedOptimizer(const ParameterLayout& layout, int worker, FlatBuffers buffers,
                                   const BoundParameters& bound, const OptimizerFactory& factory,
                                   std::span<const ParameterGroup> groups)
    : layout_(layout), buffers_(std::move(buffers)), bound_(bound), num_groups_(groups.size() + 1) {
  for (OwnedPiece& owned : layout.pieces(worker)) {
    pieces_.push_back(make_piece(std::move(owned)));
  }
  build(element_wise_, false, factory.element_wise, groups);
  // A worker may own no atomic parameter: its optimiser then has nothing to do.
  if (layout.has_atomic()) {
    build(atomic_, true, factory.atomic.make, groups);
  }
}

void ShardedOptimizer::build(Stepper& stepper, bool atomic, const MakeOptimizer& make,
                             std::span<const ParameterGroup> groups) {
  const char* what = atomic ? "atomic optimizer factory" : "optimizer factory";
  DGA_CHECK(make != nullptr, "[parallel] ", what,
            ": expected a function that builds an optimiser, found none.");
  std::vector<torch::optim::OptimizerParamGroup> torch_groups;
  for (std::size_t group = 0; group < num_groups_; ++group) {
    std::vector<at::Tensor> tensors;
    for (const Piece& piece : pieces_) {
      if (piece.owned.atomic == atomic && piece.owned.group == static_cast<int>(group)) {
        tensors.push_back(piece.parameter);
      }
    }
    const auto* options = options_of(groups, group, atomic);
    if (options != nullptr) {
      torch_groups.emplace_back(std::move(tensors), options->clone());
    } else {
      torch_groups.emplace_back(std::move(tensors));
    }
  }
  stepper.optimizer = make(std::move(torch_groups));
  DGA_CHECK(stepper.optimizer != nullptr, "[parallel] ", what,
            ": expected an optimiser, found null.");
  DGA_CHECK(stepper.optimizer->param_groups().size() == num_groups_, "[parallel] ", what,
            ": expected an optimiser over the ", num_groups_,
            " parameter groups it was given, found ", stepper.optimizer->param_groups().size(),
            ". Pass them on as they are.");
  set_options(*stepper.optimizer, groups, atomic);
}

ShardedOptimizer::Piece ShardedOptimizer::make_piece(OwnedPiece owned) const {
  const Bucket& bucket = layout_.buckets()[static_cast<std::size_t>(owned.bucket)];
  const std::int64_t at = bucket.first_byte + owned.elements.first * size_of(bucket.type);
  const auto view = [&](const SharedBuffer& memory, std::byte* data) {
    return owned.atomic
               ? view_like(memory, data,
                           bound_.gradient(static_cast<std::size_t>(owned.parameters.front())))
               : view_flat(memory, data, owned.elements.count, bucket.type);
  };
  Piece piece;
  piece.parameter = view(buffers_.parameter_memory, buffers_.parameters + at);
  piece.gradient = view(buffers_.gradient_memory, buffers_.gradients + at);
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
  element_wise_.optimizer->step();
  if (atomic_.optimizer != nullptr) {
    atomic_.optimizer->step();
  }
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
      parts.push_back({piece.owned.bucket, {first, 0}, piece.owned.group, {}, false});
    }
    parts.back().parameters.push_back(member);
  }
  // An atomic piece has one parameter, so it is never cut.
  std::vector<Piece> cut;
  auto& states = element_wise_.optimizer->state();
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
  for (auto& group : element_wise_.optimizer->param_groups()) {
    group.params().clear();
  }
  for (const Piece& piece : pieces_) {
    if (!piece.owned.atomic) {
      element_wise_.optimizer->param_groups()[static_cast<std::size_t>(piece.owned.group)]
          .params()
          .push_back(piece.parameter);
    }
  }
  gradients_set_ = false;
}

void ShardedOptimizer::scale_learning_rates(double factor) {
  for (Stepper* stepper : {&element_wise_, &atomic_}) {
    if (stepper->optimizer == nullptr) {
      continue;
    }
    auto& groups = stepper->optimizer->param_groups();
    auto& rates = stepper->learning_rates;
    if (rates.empty()) {
      for (const auto& group : groups) {
        rates.push_back(group.options().get_lr());
      }
    }
    for (std::size_t group = 0; group < groups.size(); ++group) {
      groups[group].options().set_lr(rates[group] * factor);
    }
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
