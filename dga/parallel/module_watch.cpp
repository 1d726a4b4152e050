// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/module_watch.h"

#include <torch/nn/module.h>

#include <algorithm>

#include "dga/base/error.h"

namespace dga {
namespace {

/// torch lists parameters by copying their names into a new dictionary, which takes a microsecond
/// or more. Its own dictionary is open to derived classes.
struct ParametersOf : torch::nn::Module {
  static const torch::OrderedDict<std::string, at::Tensor>& of(const torch::nn::Module& module) {
    return module.*(&ParametersOf::parameters_);
  }
};

}  // namespace

ModuleWatch::ModuleWatch(const torch::nn::Module& module) : module_(module) {
  remember();
}

void ModuleWatch::remember() {
  parts_.clear();
  add_part(nullptr, module_);
  parameters_.clear();
  for (const auto& item : module_.named_parameters()) {
    parameters_.emplace_back(item.key(), item.value());
  }
}

void ModuleWatch::add_part(std::shared_ptr<const torch::nn::Module> kept,
                           const torch::nn::Module& module) {
  Part part{std::move(kept), &module, module.children(), {}};
  for (const auto& item : ParametersOf::of(module)) {
    part.parameters.push_back(item.value());
  }
  const Children children = part.children;
  parts_.push_back(std::move(part));
  for (const auto& child : children) {
    add_part(child, *child);
  }
}

bool ModuleWatch::is_unchanged() const {
  return std::all_of(parts_.begin(), parts_.end(), [](const Part& part) {
    const auto& parameters = ParametersOf::of(*part.module);
    return std::equal(parameters.begin(), parameters.end(), part.parameters.begin(),
                      part.parameters.end(),
                      [](const auto& item, const at::Tensor& expected) {
                        return item.value().is_same(expected);
                      }) &&
           part.module->children() == part.children;
  });
}

void ModuleWatch::check() {
  if (is_unchanged()) {
    return;
  }
  Named found;
  for (const auto& item : module_.named_parameters()) {
    found.emplace_back(item.key(), item.value());
  }
  compare(parameters_, found);
  remember();
}

void ModuleWatch::compare(const Named& expected, const Named& found) {
  const auto find = [](const Named& all, const std::string& name) {
    return std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.first == name; });
  };
  constexpr const char* kRemedy =
      ". Make another accumulator after registering, removing or replacing parameters or modules.";
  for (const auto& [name, parameter] : found) {
    const auto before = find(expected, name);
    DGA_CHECK(before != expected.end(), "[parallel] module: expected ", expected.size(),
              " parameters as when the accumulator was made, found ", found.size(),
              ", with a new '", name, "'", kRemedy);
    DGA_CHECK(before->second.is_same(parameter), "[parallel] module: expected '", name,
              "' as when the accumulator was made, found another tensor in its place", kRemedy);
  }
  for (const auto& [name, parameter] : expected) {
    DGA_CHECK(find(found, name) != found.end(), "[parallel] module: expected ", expected.size(),
              " parameters as when the accumulator was made, found ", found.size(), ", without '",
              name, "'", kRemedy);
  }
}

}  // namespace dga
