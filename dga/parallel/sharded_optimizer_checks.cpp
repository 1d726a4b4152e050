// SPDX-License-Identifier: Apache-2.0
//
// ShardedOptimizer: its settings, and what a program may have done to it between the steps.

#include <c10/util/Type.h>

#include <algorithm>
#include <string>
#include <typeinfo>
#include <utility>

#include "dga/base/error.h"
#include "dga/parallel/agreement.h"
#include "dga/parallel/settings_digest.h"
#include "dga/parallel/sharded_optimizer.h"

namespace dga {
namespace {

std::string type_name(const std::type_info& type) {
  return c10::demangle(type.name());
}

// torch's own call goes through tables of hooks.
std::uint32_t counter_of(const at::Tensor& tensor) {
  return tensor.unsafeGetTensorImpl()->version_counter().current_version();
}

}  // namespace

void ShardedOptimizer::check_groups(const Stepper& stepper) const {
  const auto& groups = std::as_const(*stepper.optimizer).param_groups();
  DGA_CHECK(groups.size() == num_groups_, "[parallel] optimizer: expected the ", num_groups_,
            " parameter groups that it was given, found ", groups.size(),
            ". Describe groups in AccumulatorOptions::groups, and make another accumulator.");
  const std::type_info& expected = typeid(stepper.optimizer->defaults());
  const bool atomic = &stepper == &atomic_;
  for (std::size_t group = 0; group < groups.size(); ++group) {
    const torch::optim::OptimizerOptions& options = groups[group].options();
    DGA_CHECK(typeid(options) == expected, "[parallel] optimizer: expected options of type ",
              type_name(expected), " in group ", group, ", found ", type_name(typeid(options)),
              ".");
    const auto& parameters = groups[group].params();
    auto next = parameters.begin();
    bool same = true;
    for (const Piece& piece : pieces_) {
      if (piece.owned.atomic == atomic && static_cast<std::size_t>(piece.owned.group) == group) {
        same = same && next != parameters.end() && next->is_same(piece.parameter);
        next += same ? 1 : 0;
      }
    }
    DGA_CHECK(same && next == parameters.end(), "[parallel] optimizer: expected in group ", group,
              " the parameters that it was given, found others. Register parameters in the module, "
              "and make another accumulator.");
  }
}

void ShardedOptimizer::check_unchanged() {
  for (const Stepper* stepper : {&element_wise_, &atomic_}) {
    if (stepper->optimizer != nullptr) {
      check_groups(*stepper);
    }
  }
  for (const Piece& piece : pieces_) {
    const int group = piece.owned.group;
    if (piece.parameter.unsafeGetTensorImpl()->grad().defined()) {
      drop_gradients();
      throw InvalidArgument(
          dga::str("[parallel] optimizer: expected no gradients in its parameters before a step, "
                   "found one in group ",
                   group, ". They get the reduced gradients: change these in on_gradients."));
    }
    DGA_CHECK(counter_of(piece.parameter) == piece.version,
              "[parallel] optimizer: expected its parameters as step() left them, found one in "
              "group ",
              group,
              " changed in place. It has only a slice of each: change parameters in "
              "accumulator.update_parameters, through the module.");
    const void* state = state_at(piece);
    DGA_CHECK(state == nullptr || state == piece.state,
              "[parallel] optimizer: expected its state as step() or load_state() left it, found "
              "other state in group ",
              group,
              ". Each worker keeps the state of its slices: use accumulator.state() and "
              "accumulator.load_state().");
  }
}

const void* ShardedOptimizer::state_at(const Piece& piece) const {
  const auto& states = stepper_of(piece).optimizer->state();
  const auto found = states.find(piece.parameter.unsafeGetTensorImpl());
  return found == states.end() ? nullptr : found->second.get();
}

void ShardedOptimizer::note_values() {
  for (Piece& piece : pieces_) {
    piece.version = counter_of(piece.parameter);
  }
}

void ShardedOptimizer::note_states() {
  for (Piece& piece : pieces_) {
    piece.state = state_at(piece);
  }
}

void ShardedOptimizer::drop_gradients() {
  for (const Piece& piece : pieces_) {
    piece.parameter.mutable_grad().reset();
  }
}

std::string ShardedOptimizer::try_optimizers(const FirstText& first_text) {
  std::vector<at::Tensor> values;
  std::vector<std::unique_ptr<torch::optim::OptimizerParamState>> states;
  for (const Piece& piece : pieces_) {
    values.push_back(piece.parameter.detach().clone());
    auto& all = stepper_of(piece).optimizer->state();
    const auto found = all.find(piece.parameter.unsafeGetTensorImpl());
    states.push_back(found == all.end() ? nullptr : found->second->clone());
  }
  std::string text;
  for (const Stepper* stepper : {&element_wise_, &atomic_}) {
    if (stepper->optimizer == nullptr || !text.empty()) {
      continue;
    }
    const std::string failure = text_of_failure([&] { stepper->optimizer->step(); });
    if (!failure.empty()) {
      text = dga::str("[parallel] optimizer ", type_name(typeid(*stepper->optimizer)),
                      ": expected it to step once per gradient, without a closure, found that its "
                      "first step() threw: ",
                      failure, ". Use an optimiser such as SGD, Adam, AdamW, RMSprop or Adagrad.");
    }
  }
  text = first_text(text);
  if (text.empty()) {
    element_wise_.needs_trial = false;
    atomic_.needs_trial = false;
    return text;
  }
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    Piece& piece = pieces_[i];
    piece.parameter.copy_(values[i]);
    auto& all = stepper_of(piece).optimizer->state();
    if (states[i] == nullptr) {
      all.erase(piece.parameter.unsafeGetTensorImpl());
    } else {
      all[piece.parameter.unsafeGetTensorImpl()] = std::move(states[i]);
    }
  }
  return text;
}

template <typename Visit>
void ShardedOptimizer::for_each_group(Visit&& visit) const {
  for (const Stepper* stepper : {&element_wise_, &atomic_}) {
    if (stepper->optimizer == nullptr) {
      continue;
    }
    const auto& groups = std::as_const(*stepper->optimizer).param_groups();
    for (std::size_t group = 0; group < groups.size(); ++group) {
      visit(*stepper, group, groups[group].options());
    }
  }
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
      stepper->scaled_rates.assign(rates.size(), 0);
    }
    for (std::size_t group = 0; group < groups.size(); ++group) {
      groups[group].options().set_lr(rates[group] * factor);
      stepper->scaled_rates[group] = groups[group].options().get_lr();
    }
  }
}

std::uint64_t ShardedOptimizer::settings_digest() const {
  std::uint64_t digest = 0;
  for_each_group([&](const Stepper& stepper, std::size_t group, const auto& options) {
    DGA_CHECK(stepper.scaled_rates.empty() || options.get_lr() == stepper.scaled_rates[group],
              "[parallel] learning rate of group ", group, ": expected ",
              stepper.scaled_rates[group], " as options.learning_rate set it, found ",
              options.get_lr(),
              ". Use options.learning_rate, or change the optimiser's rates, not both.");
    for (const OptimizerSetting& setting : stepper.settings) {
      digest = combined_digest(digest, setting.value(options));
    }
  });
  return digest;
}

std::vector<std::string> ShardedOptimizer::settings_lines() const {
  std::vector<std::string> lines;
  for_each_group([&](const Stepper& stepper, std::size_t group, const auto& options) {
    for (const OptimizerSetting& setting : stepper.settings) {
      lines.push_back(dga::str(setting.name, " of ", &stepper == &atomic_ ? "atomic " : "",
                               "group ", group, ": ", setting.value(options)));
    }
  });
  return lines;
}

std::vector<double> ShardedOptimizer::learning_rates() const {
  std::vector<double> rates;
  for_each_group([&](const Stepper& stepper, std::size_t group, const auto& options) {
    rates.push_back(stepper.learning_rates.empty() ? options.get_lr()
                                                   : stepper.learning_rates[group]);
  });
  return rates;
}

void ShardedOptimizer::set_learning_rates(const std::vector<double>& rates) {
  std::size_t next = 0;
  for (Stepper* stepper : {&element_wise_, &atomic_}) {
    if (stepper->optimizer == nullptr) {
      continue;
    }
    for (auto& group : stepper->optimizer->param_groups()) {
      group.options().set_lr(rates.at(next++));
    }
    stepper->learning_rates.clear();
    stepper->scaled_rates.clear();
  }
}

std::vector<std::string> ShardedOptimizer::description() const {
  std::vector<std::string> lines;
  for (const Stepper* stepper : {&element_wise_, &atomic_}) {
    if (stepper->optimizer != nullptr) {
      lines.push_back(dga::str(stepper == &atomic_ ? "atomic optimizer " : "optimizer ",
                               type_name(typeid(*stepper->optimizer))));
    }
  }
  for_each_group([&](const Stepper& stepper, std::size_t group, const auto& options) {
    for (const std::string& line : lines_of(options)) {
      lines.push_back(dga::str(&stepper == &atomic_ ? "atomic " : "", "group ", group, ": ", line));
    }
  });
  return lines;
}

}  // namespace dga
