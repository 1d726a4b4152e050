// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/optimizer_state.h"

#include <ATen/ops/empty_strided.h>
#include <torch/serialize/input-archive.h>
#include <torch/serialize/output-archive.h>

#include <algorithm>
#include <sstream>

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

}  // namespace

StateValues values_of(const torch::optim::OptimizerParamState& state) {
  return serialized(state);
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
