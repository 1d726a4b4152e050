// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/sharded_optimizer.h"

#include <c10/util/Type.h>
#include <torch/optim/lbfgs.h>

#include <algorithm>
#include <string>
#include <typeinfo>
#include <utility>

#include "dga/base/error.h"
#include "dga/parallel/gradient_scan.h"
#include "dga/parallel/module_tensors.h"

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

ShardedOptimizer::ShardedOptimizer(const ParameterLayout& layout, int owner, FlatBuffers buffers,
                                   const BoundParameters& bound, const OptimizerFactory& factory,
                                   std::span<const ParameterGroup> groups)
    : layout_(layout),
      owner_(owner),
      buffers_(std::move(buffers)),
      bound_(bound),
      groups_(groups.begin(), groups.end()),
      num_groups_(groups.size() + 1) {
  for (OwnedPiece& owned : layout.pieces(owner)) {
    pieces_.push_back(make_piece(std::move(owned)));
  }
  build(element_wise_, false, factory.element_wise);
  // A worker may own no atomic parameter: its optimiser then has nothing to do.
  if (layout.has_atomic()) {
    build(atomic_, true, factory.atomic.make);
  }
  note_values();
  note_states();
  check_unchanged();
}

void ShardedOptimizer::build(Stepper& stepper, bool atomic, const MakeOptimizer& make) {
  ByGroup tensors(num_groups_);
  for (const Piece& piece : pieces_) {
    if (piece.owned.atomic == atomic) {
      tensors[static_cast<std::size_t>(piece.owned.group)].push_back(piece.parameter);
    }
  }
  stepper.optimizer = make_optimizer(make, atomic, std::move(tensors));
  stepper.make = make;
  stepper.settings = settings_of(stepper.optimizer->defaults());
  stepper.needs_trial = !steps_without_closure(*stepper.optimizer);
}

std::unique_ptr<torch::optim::Optimizer> ShardedOptimizer::make_optimizer(const MakeOptimizer& make,
                                                                          bool atomic,
                                                                          ByGroup tensors) const {
  const char* what = atomic ? "atomic optimizer factory" : "optimizer factory";
  DGA_CHECK(make != nullptr, "[parallel] ", what,
            ": expected a function that builds an optimiser, found none.");
  std::vector<torch::optim::OptimizerParamGroup> torch_groups;
  for (std::size_t group = 0; group < num_groups_; ++group) {
    const auto* options = options_of(groups_, group, atomic);
    if (options != nullptr) {
      torch_groups.emplace_back(std::move(tensors[group]), options->clone());
    } else {
      torch_groups.emplace_back(std::move(tensors[group]));
    }
  }
  auto optimizer = make(std::move(torch_groups));
  DGA_CHECK(optimizer != nullptr, "[parallel] ", what, ": expected an optimiser, found null.");
  DGA_CHECK(dynamic_cast<const torch::optim::LBFGS*>(optimizer.get()) == nullptr, "[parallel] ",
            what,
            ": expected an optimiser that steps once per gradient, found LBFGS, which evaluates "
            "the loss again within a step. Use SGD, Adam, AdamW, RMSprop or Adagrad.");
  DGA_CHECK(optimizer->param_groups().size() == num_groups_, "[parallel] ", what,
            ": expected an optimiser over the ", num_groups_,
            " parameter groups it was given, found ", optimizer->param_groups().size(),
            ". Pass them on as they are.");
  set_options(*optimizer, groups_, atomic);
  return optimizer;
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

std::string ShardedOptimizer::step(std::span<const std::uint8_t> used,
                                   const FirstText& first_text) {
  if (!used.empty()) {
    cut_unused(used);
  }
  // All parameters of a piece agree now. Pieces have gradients in here only: the optimiser's
  // zero_grad would otherwise clear what is being reduced.
  for (Piece& piece : pieces_) {
    if (is_used(used, piece.owned.parameters.front())) {
      piece.parameter.mutable_grad() = piece.gradient;
    }
  }
  std::string failure;
  if (element_wise_.needs_trial || atomic_.needs_trial) {
    failure = try_optimizers(first_text);
  } else {
    run_optimizers();
  }
  drop_gradients();
  note_values();
  note_states();
  return failure;
}

void ShardedOptimizer::run_optimizers() {
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
    for (Piece& part : cut_with_state(piece, used)) {
      all.push_back(std::move(part));
    }
  }
  pieces_ = std::move(all);
  rebuild_groups();
}

std::vector<OwnedPiece> ShardedOptimizer::cut(const OwnedPiece& owned, const Same& same) const {
  const std::int64_t end = owned.elements.first + owned.elements.count;
  std::vector<OwnedPiece> parts;
  for (const int member : owned.parameters) {
    const std::int64_t first =
        std::max(layout_.parameters()[static_cast<std::size_t>(member)].elements.first,
                 owned.elements.first);
    if (parts.empty() || !same(parts.back().parameters.front(), member)) {
      parts.push_back({owned.bucket, {first, 0}, owned.group, {}, owned.atomic});
    }
    parts.back().parameters.push_back(member);
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Slice& elements = parts[i].elements;
    elements.count = (i + 1 < parts.size() ? parts[i + 1].elements.first : end) - elements.first;
  }
  return parts;
}

std::vector<ShardedOptimizer::Piece> ShardedOptimizer::cut_with_state(
    const Piece& piece, std::span<const std::uint8_t> used) {
  // An atomic piece has one parameter, so it is never cut.
  auto& states = element_wise_.optimizer->state();
  const auto state = states.find(piece.parameter.unsafeGetTensorImpl());
  std::vector<Piece> parts;
  std::vector<std::unique_ptr<torch::optim::OptimizerParamState>> part_states;
  for (OwnedPiece& owned :
       cut(piece.owned, [&](int a, int b) { return is_used(used, a) == is_used(used, b); })) {
    if (state != states.end()) {
      part_states.push_back(
          slice_state(*state->second, piece.owned.elements.count,
                      {owned.elements.first - piece.owned.elements.first, owned.elements.count}));
    }
    parts.push_back(make_piece(std::move(owned)));
  }
  if (state != states.end()) {
    states.erase(state);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      states[parts[i].parameter.unsafeGetTensorImpl()] = std::move(part_states[i]);
    }
  }
  return parts;
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
}

std::vector<OwnedPiece> ShardedOptimizer::pieces() const {
  std::vector<OwnedPiece> all;
  for (const Piece& piece : pieces_) {
    all.push_back(piece.owned);
  }
  return all;
}

std::vector<double> ShardedOptimizer::squared_norms() const {
  const WorkerBlock block = layout_.blocks().of(owner_);
  std::vector<double> sums;
  for (int worker = block.first; worker < block.end(); ++worker) {
    double sum = 0;
    for (const Piece& piece : pieces_) {
      // Piece by piece, the elements of a worker are those that it would own by itself.
      const Slice theirs = layout_.worker_slice(piece.owned.bucket, worker);
      const Slice& owned = piece.owned.elements;
      const std::int64_t first = std::max(owned.first, theirs.first);
      const std::int64_t end = std::min(owned.first + owned.count, theirs.first + theirs.count);
      if (first < end) {
        sum += squared_norm(piece.gradient_elements.slice(first - owned.first, end - first));
      }
    }
    sums.push_back(sum);
  }
  return sums;
}

std::vector<GradientSlice> ShardedOptimizer::slices(std::span<const std::uint8_t> used) const {
  std::vector<GradientSlice> slices;
  for (const Piece& piece : pieces_) {
    const Slice& owned = piece.owned.elements;
    const at::Tensor flat = piece.owned.atomic ? at::Tensor() : piece.gradient;
    for (const int member : piece.owned.parameters) {
      const PlacedParameter& placed = layout_.parameters()[static_cast<std::size_t>(member)];
      const std::int64_t first = std::max(owned.first, placed.elements.first);
      const std::int64_t end =
          std::min(owned.first + owned.count, placed.elements.first + placed.elements.count);
      if (is_used(used, member) && first < end) {
        slices.push_back(
            {placed.spec.name, first - placed.elements.first,
             flat.defined() ? flat.narrow(0, first - owned.first, end - first) : piece.gradient});
      }
    }
  }
  return slices;
}

void ShardedOptimizer::scale_gradients(double factor) {
  for (Piece& piece : pieces_) {
    piece.gradient.mul_(factor);
  }
}

}  // namespace dga
