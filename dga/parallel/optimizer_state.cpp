// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/optimizer_state.h"

#include <ATen/ops/empty_strided.h>
#include <torch/optim/adagrad.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/rmsprop.h>
#include <torch/optim/sgd.h>
#include <torch/serialize/input-archive.h>
#include <torch/serialize/output-archive.h>

#include <algorithm>
#include <sstream>
#include <typeinfo>

#include "dga/base/error.h"

namespace dga {
namespace {

/// What was written, for reading.
torch::serialize::InputArchive reopened(torch::serialize::OutputArchive& written) {
  std::stringstream stream;
  written.save_to(stream);
  torch::serialize::InputArchive archive;
  archive.load_from(stream);
  return archive;
}

template <typename Serializable>
StateValues serialized(const Serializable& object) {
  torch::serialize::OutputArchive archive;
  object.serialize(archive);
  auto source = reopened(archive);
  StateValues values;
  for (const std::string& key : source.keys()) {
    c10::IValue value;
    source.read(key, value);
    values.emplace_back(key, std::move(value));
  }
  return values;
}

/// Calls visit(name, member) for what torch's own optimisers serialise, under the same names.
/// Serialising copies every tensor several times, through a zip file in memory. Returns false for
/// other types.
template <typename Visit>
bool visit_known(torch::optim::OptimizerParamState& state, const Visit& visit) {
  namespace optim = torch::optim;
  const auto visit_adam = [&](auto& adam) {
    visit("step", adam.step());
    visit("exp_avg", adam.exp_avg());
    visit("exp_avg_sq", adam.exp_avg_sq());
    visit("max_exp_avg_sq", adam.max_exp_avg_sq());
  };
  const std::type_info& type = typeid(state);
  if (type == typeid(optim::AdamParamState)) {
    visit_adam(static_cast<optim::AdamParamState&>(state));
  } else if (type == typeid(optim::AdamWParamState)) {
    visit_adam(static_cast<optim::AdamWParamState&>(state));
  } else if (type == typeid(optim::SGDParamState)) {
    visit("momentum_buffer", static_cast<optim::SGDParamState&>(state).momentum_buffer());
  } else if (type == typeid(optim::RMSpropParamState)) {
    auto& rmsprop = static_cast<optim::RMSpropParamState&>(state);
    visit("step", rmsprop.step());
    visit("square_avg", rmsprop.square_avg());
    visit("momentum_buffer", rmsprop.momentum_buffer());
    visit("grad_avg", rmsprop.grad_avg());
  } else if (type == typeid(optim::AdagradParamState)) {
    auto& adagrad = static_cast<optim::AdagradParamState&>(state);
    visit("step", adagrad.step());
    visit("sum", adagrad.sum());
  } else {
    return false;
  }
  return true;
}

bool is_there(const at::Tensor& tensor) {
  return tensor.defined();
}
bool is_there(std::int64_t /*number*/) {
  return true;
}

void put(at::Tensor& member, const c10::IValue& value) {
  member = value.toTensor();
}
void put(std::int64_t& member, const c10::IValue& value) {
  member = value.toInt();
}

}  // namespace

StateValues values_of(const torch::optim::OptimizerParamState& state) {
  StateValues values;
  // The members have const accessors of their own names only, so this needs a state that is not.
  auto& known = const_cast<torch::optim::OptimizerParamState&>(state);
  const bool all = visit_known(known, [&](const char* name, auto& member) {
    if (is_there(member)) {
      values.emplace_back(name, member);
    }
  });
  return all ? values : serialized(state);
}

StateValues values_of(const torch::optim::OptimizerOptions& options) {
  return serialized(options);
}

std::unique_ptr<torch::optim::OptimizerParamState> state_with(
    const torch::optim::OptimizerParamState& like, const StateValues& values) {
  const at::NoGradGuard no_grad;
  const StateValues expected = values_of(like);
  for (const auto& [name, value] : expected) {
    const auto is_it = [&](const auto& item) { return item.first == name; };
    DGA_CHECK(std::any_of(values.begin(), values.end(), is_it),
              "[parallel] state of an optimizer: expected '", name, "', found none.");
  }
  DGA_CHECK(values.size() == expected.size(), "[parallel] state of an optimizer: expected ",
            expected.size(), " values, found ", values.size(), ".");
  if (auto known = like.clone(); visit_known(*known, [&](const char* name, auto& member) {
        const auto value = std::find_if(values.begin(), values.end(),
                                        [&](const auto& item) { return item.first == name; });
        if (value != values.end()) {
          put(member, value->second);
        }
      })) {
    return known;
  }
  torch::serialize::OutputArchive archive;
  for (const auto& [name, value] : values) {
    archive.write(name, value);
  }
  // The clone has the right type, and whatever is not serialised.
  auto result = like.clone();
  auto source = reopened(archive);
  result->serialize(source);
  return result;
}

std::unique_ptr<torch::optim::OptimizerParamState> slice_state(
    const torch::optim::OptimizerParamState& state, std::int64_t whole, Slice elements) {
  StateValues values = values_of(state);
  for (auto& [name, value] : values) {
    if (value.isTensor() && value.toTensor().dim() == 1 && value.toTensor().numel() == whole) {
      value = value.toTensor().slice(0, elements.first, elements.first + elements.count).clone();
    }
  }
  return state_with(state, values);
}

at::Tensor in_memory_order(const at::Tensor& tensor, const at::Tensor& like) {
  const at::NoGradGuard no_grad;
  at::Tensor copy =
      at::empty_strided(like.sizes(), like.strides(), tensor.options().requires_grad(false));
  copy.copy_(tensor);
  return copy.as_strided({copy.numel()}, {1});
}

}  // namespace dga
