// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/optimizer_state.h"

#include <torch/serialize/input-archive.h>
#include <torch/serialize/output-archive.h>

#include <sstream>
#include <string>

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

}  // namespace

std::unique_ptr<torch::optim::OptimizerParamState> slice_state(
    const torch::optim::OptimizerParamState& state, std::int64_t whole, Slice elements) {
  const at::NoGradGuard no_grad;
  torch::serialize::OutputArchive all;
  state.serialize(all);
  auto source = reopened(all);
  torch::serialize::OutputArchive part;
  for (const std::string& key : source.keys()) {
    c10::IValue value;
    source.read(key, value);
    if (value.isTensor() && value.toTensor().dim() == 1 && value.toTensor().numel() == whole) {
      value = value.toTensor().slice(0, elements.first, elements.first + elements.count).clone();
    }
    part.write(key, value);
  }
  // The clone has the right type, and whatever is not serialised.
  auto result = state.clone();
  auto target = reopened(part);
  result->serialize(target);
  return result;
}

}  // namespace dga
