// SPDX-License-Identifier: Apache-2.0
//
// ShardedOptimizer's state by parameter: independent of the number of workers and of how pieces are
// cut.

#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "dga/base/error.h"
#include "dga/parallel/sharded_optimizer.h"

namespace dga {
namespace {

/// A number as a tensor without dimensions. Throws InvalidArgument for anything else.
at::Tensor tensor_of(const std::string& name, const c10::IValue& value) {
  if (value.isTensor()) {
    return value.toTensor().clone();
  }
  if (value.isBool()) {
    return at::scalar_tensor(value.toBool() ? 1 : 0, at::kBool);
  }
  if (value.isInt()) {
    return at::scalar_tensor(value.toInt(), at::kLong);
  }
  DGA_CHECK(value.isDouble(), "[parallel] state '", name,
            "' of an optimizer: expected a tensor or a number, found ", value.tagKind(), ".");
  return at::scalar_tensor(value.toDouble(), at::kDouble);
}

/// The number in `tensor`, as `like` has it.
c10::IValue number_like(const c10::IValue& like, const at::Tensor& tensor) {
  if (like.isBool()) {
    return tensor.item<bool>();
  }
  return like.isInt() ? c10::IValue(tensor.item<std::int64_t>())
                      : c10::IValue(tensor.item<double>());
}

bool is_per_element(const StatePart& part, const at::Tensor& parameter) {
  return part.first < 0 && part.values.dim() > 0 && part.values.sizes() == parameter.sizes();
}

/// `elements` of a parameter with the shape of `like`, in the order of its memory.
at::Tensor elements_in(const StatePart& part, const at::Tensor& like, Slice elements,
                       const std::string& parameter) {
  if (part.first < 0) {
    DGA_CHECK(is_per_element(part, like) || like.dim() == 0, "[parallel] load_state: expected '",
              part.name, "' of parameter '", parameter, "' in its shape ", like.sizes(), ", found ",
              part.values.sizes(), ".");
    return in_memory_order(part.values, like).narrow(0, elements.first, elements.count);
  }
  const std::int64_t first = elements.first - part.first;
  DGA_CHECK(part.values.dim() == 1 && first >= 0 && first + elements.count <= part.values.numel(),
            "[parallel] load_state: expected '", part.name, "' of elements ", elements.first,
            " to ", elements.first + elements.count, " of parameter '", parameter, "', found ",
            part.first, " to ", part.first + part.values.numel(), ".");
  return part.values.narrow(0, first, elements.count);
}

/// The state of a whole parameter, in the shape and strides of `like`.
at::Tensor whole_of(const StatePart& part, const at::Tensor& like, const std::string& parameter) {
  if (part.first < 0) {
    return part.values.clone();
  }
  return elements_in(part, like, {0, like.numel()}, parameter)
      .clone()
      .as_strided(like.sizes(), like.strides());
}

}  // namespace

Slice ShardedOptimizer::part_of(const Piece& piece, int parameter) const {
  const Slice& whole = layout_.parameters()[static_cast<std::size_t>(parameter)].elements;
  const Slice& owned = piece.owned.elements;
  const std::int64_t first = std::max(owned.first, whole.first);
  return {first, std::max<std::int64_t>(
                     0, std::min(owned.first + owned.count, whole.first + whole.count) - first)};
}

std::vector<StatePart> ShardedOptimizer::state(bool copies) const {
  const at::NoGradGuard no_grad;
  std::vector<StatePart> parts;
  for (const Piece& piece : pieces_) {
    const auto& states = stepper_of(piece).optimizer->state();
    const auto found = states.find(piece.parameter.unsafeGetTensorImpl());
    if (found == states.end()) {
      continue;
    }
    for (const auto& [name, value] : values_of(*found->second)) {
      const bool by_element = value.isTensor() && value.toTensor().dim() > 0 &&
                              value.toTensor().sizes() == piece.parameter.sizes();
      for (const int member : piece.owned.parameters) {
        const Slice part = part_of(piece, member);
        if (part.count == 0) {
          continue;
        }
        const Slice& whole = layout_.parameters()[static_cast<std::size_t>(member)].elements;
        if (!by_element) {
          if (part.first == whole.first) {  // once, by the owner of the first element
            parts.push_back({member, name, -1, tensor_of(name, value)});
          }
        } else if (piece.owned.atomic) {
          parts.push_back({member, name, 0, in_memory_order(value.toTensor(), piece.parameter)});
        } else {
          const at::Tensor values =
              value.toTensor().narrow(0, part.first - piece.owned.elements.first, part.count);
          parts.push_back(
              {member, name, part.first - whole.first, copies ? values.clone() : values});
        }
      }
    }
  }
  return parts;
}

std::unique_ptr<torch::optim::OptimizerParamState> ShardedOptimizer::made_up_state(
    const Piece& piece) const {
  const Stepper& stepper = stepper_of(piece);
  const at::Tensor stand_in = piece.owned.atomic ? at::zeros_like(piece.parameter)
                                                 : at::zeros({1}, piece.parameter.options());
  stand_in.mutable_grad() = at::zeros_like(stand_in);
  ByGroup tensors(num_groups_);
  tensors[static_cast<std::size_t>(piece.owned.group)].push_back(stand_in);
  const auto optimizer = make_optimizer(stepper.make, piece.owned.atomic, std::move(tensors));
  optimizer->step();
  const auto found = optimizer->state().find(stand_in.unsafeGetTensorImpl());
  return found == optimizer->state().end() ? nullptr : found->second->clone();
}

std::unique_ptr<torch::optim::OptimizerParamState> ShardedOptimizer::state_of(
    const Piece& piece, const StateByParameter& states) const {
  const auto first = states.find(piece.owned.parameters.front());
  if (first == states.end()) {
    return nullptr;
  }
  const auto like = made_up_state(piece);
  const std::string& parameter =
      layout_.parameters()[static_cast<std::size_t>(piece.owned.parameters.front())].spec.name;
  DGA_CHECK(like != nullptr, "[parallel] load_state: expected no state for parameter '", parameter,
            "', as its optimiser keeps none, found '", first->second.front()->name,
            "'. Use the optimiser that the state was made with.");
  StateValues values = values_of(*like);
  for (auto& [name, value] : values) {
    const auto part_in = [&](int member) -> const StatePart& {
      const auto& parts = states.at(member);
      const auto part = std::find_if(parts.begin(), parts.end(), [&](const StatePart* candidate) {
        return candidate->name == name;
      });
      DGA_CHECK(part != parts.end(), "[parallel] load_state: expected '", name, "' of parameter '",
                parameter, "', found none. Use the optimiser that the state was made with.");
      return **part;
    };
    const StatePart& of_first = part_in(piece.owned.parameters.front());
    if (!value.isTensor()) {
      value = number_like(value, of_first.values);
    } else if (piece.owned.atomic) {
      value = whole_of(of_first, value.toTensor(), parameter);
    } else if (value.toTensor().dim() == 1) {
      at::Tensor elements = at::zeros({piece.owned.elements.count}, value.toTensor().options());
      for (const int member : piece.owned.parameters) {
        const Slice part = part_of(piece, member);
        const Slice& whole = layout_.parameters()[static_cast<std::size_t>(member)].elements;
        const at::Tensor& like_parameter = bound_.gradient(static_cast<std::size_t>(member));
        elements.narrow(0, part.first - piece.owned.elements.first, part.count)
            .copy_(elements_in(part_in(member), like_parameter,
                               {part.first - whole.first, part.count},
                               layout_.parameters()[static_cast<std::size_t>(member)].spec.name));
      }
      value = elements;
    } else {
      value = of_first.values.clone();
    }
  }
  DGA_CHECK(values.size() == first->second.size(), "[parallel] load_state: expected ",
            values.size(), " values for parameter '", parameter, "', found ", first->second.size(),
            ". Use the optimiser that the state was made with.");
  return state_with(*like, values);
}

std::function<void()> ShardedOptimizer::prepare_state(const std::vector<StatePart>& whole) {
  const at::NoGradGuard no_grad;
  StateByParameter states;
  for (const StatePart& part : whole) {
    states[part.parameter].push_back(&part);
  }
  // Parameters share a piece only if their numbers, such as the step, agree.
  const auto numbers_agree = [&](int a, int b) {
    const auto of_a = states.find(a);
    const auto of_b = states.find(b);
    if (of_a == states.end() || of_b == states.end()) {
      return of_a == states.end() && of_b == states.end();
    }
    return std::equal(of_a->second.begin(), of_a->second.end(), of_b->second.begin(),
                      of_b->second.end(), [](const StatePart* one, const StatePart* other) {
                        return one->name == other->name &&
                               one->values.dim() == other->values.dim() &&
                               (one->values.dim() > 0 || one->values.equal(other->values));
                      });
  };
  const auto fitting = std::make_shared<NewState>();  // shared: a std::function can be copied
  for (const Piece& piece : pieces_) {
    std::vector<OwnedPiece> parts = cut(piece.owned, numbers_agree);
    for (OwnedPiece& owned : parts) {
      fitting->pieces.push_back(parts.size() == 1 ? piece : make_piece(std::move(owned)));
      fitting->states.push_back(state_of(fitting->pieces.back(), states));
    }
  }
  return [this, fitting] { take_state(std::move(*fitting)); };
}

void ShardedOptimizer::take_state(NewState state) {
  const at::NoGradGuard no_grad;
  pieces_ = std::move(state.pieces);
  for (Stepper* stepper : {&element_wise_, &atomic_}) {
    if (stepper->optimizer != nullptr) {
      stepper->optimizer->state().clear();
    }
  }
  rebuild_groups();
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    if (state.states[i] != nullptr) {
      const Stepper& stepper = stepper_of(pieces_[i]);
      stepper.optimizer->state()[pieces_[i].parameter.unsafeGetTensorImpl()] =
          std::move(state.states[i]);
    }
  }
  note_values();
  note_states();
}

}  // namespace dga
