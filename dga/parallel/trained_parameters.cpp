// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/trained_parameters.h"

#include <torch/csrc/autograd/variable.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "dga/base/error.h"
#include "dga/parallel/agreement.h"
#include "dga/parallel/torch_types.h"

namespace dga {
namespace {

int group_of(const NamedTensor& parameter, const std::vector<ParameterGroup>& groups) {
  for (std::size_t group = 0; group < groups.size(); ++group) {
    DGA_CHECK(groups[group].contains != nullptr, "[parallel] parameter group ", group,
              ": expected `contains` to be set.");
    if (groups[group].contains(parameter.name, parameter.tensor)) {
      return static_cast<int>(group);
    }
  }
  return static_cast<int>(groups.size());
}

/// Whether `entry` is the name of the parameter, or of a module that it is in.
bool names(const std::string& entry, const std::string& parameter) {
  return parameter == entry || parameter.starts_with(entry + ".");
}

bool is_atomic(const NamedTensor& parameter, const AtomicOptimizer& atomic) {
  return atomic.selects != nullptr &&
         std::none_of(atomic.except.begin(), atomic.except.end(),
                      [&](const std::string& entry) { return names(entry, parameter.name); }) &&
         atomic.selects(parameter.name, parameter.tensor);
}

void check_free(const NamedTensor& parameter) {
  DGA_CHECK(torch::autograd::impl::post_acc_grad_hooks(parameter.tensor) == nullptr,
            "[parallel] parameter '", parameter.name,
            "': expected no other post-accumulate hook, found one. A module can be in one "
            "accumulator at a time.");
}

/// A misspelt exception would change the training without a word.
void check_atomic(const ModuleTensors& tensors, const AtomicOptimizer& atomic) {
  for (const std::string& entry : atomic.except) {
    const auto named = [&](const NamedTensor& parameter) { return names(entry, parameter.name); };
    DGA_CHECK(
        std::any_of(tensors.trained.begin(), tensors.trained.end(), named),
        "[parallel] atomic optimizer: expected `except` to name trained parameters or modules "
        "that have some, found '",
        entry, "'. A tied parameter goes by its first name.");
  }
  const auto selected = [&](const NamedTensor& parameter) { return is_atomic(parameter, atomic); };
  DGA_CHECK(atomic.selects == nullptr ||
                std::any_of(tensors.trained.begin(), tensors.trained.end(), selected),
            "[parallel] atomic optimizer: expected at least one trained parameter for it to "
            "update, found none of ",
            tensors.trained.size(), ". Use an element-wise optimiser alone.");
}

}  // namespace

ModuleTensors agreed_tensors(const Communicator& workers, const torch::nn::Module* module,
                             const AtomicOptimizer& atomic, const AccumulatorOptions& options) {
  std::optional<ModuleTensors> found;
  std::vector<std::string> lines;
  run_agreed(workers, [&] {
    DGA_CHECK(module != nullptr, "[parallel] GradientAccumulator: expected a module, found null.");
    found.emplace(*module);
    lines = found->lines();
    for (const NamedTensor& parameter : found->trained) {
      check_free(parameter);
      lines.push_back(dga::str("group ", group_of(parameter, options.groups), " of ",
                               is_atomic(parameter, atomic) ? "atomic parameter " : "parameter ",
                               parameter.name));
    }
  });
  ModuleTensors tensors = std::move(*found);
  lines.push_back(dga::str("micro_steps ", options.micro_steps));
  lines.push_back(dga::str("clip_norm ", options.clip_norm));
  lines.push_back(dga::str("ema_decay ", options.ema_decay));
  lines.push_back(dga::str("bucket_bytes ", options.bucket_bytes));
  lines.push_back(dga::str("coalesce ", options.coalesce));
  lines.push_back(dga::str("on_nonfinite ", name_of(options.on_nonfinite)));
  lines.push_back(dga::str("find_all_changes ", options.find_all_changes));
  lines.push_back(dga::str("on_gradients ", options.on_gradients ? "set" : "not set"));
  lines.push_back(options.grad_scaler ? dga::str("grad_scaler ", options.grad_scaler->init_scale,
                                                 ", ", options.grad_scaler->growth_factor, ", ",
                                                 options.grad_scaler->backoff_factor, ", ",
                                                 options.grad_scaler->growth_interval)
                                      : std::string("no grad_scaler"));
  require_same_lines(workers, lines, "module",
                     "Build the module and its options alike on every worker.");
  DGA_CHECK(!tensors.trained.empty(),
            "[parallel] GradientAccumulator: expected a module with parameters that require a "
            "gradient, found none.");
  check_atomic(tensors, atomic);
  return tensors;
}

ParameterLayout make_layout(const ModuleTensors& tensors, const WorkerBlocks& blocks,
                            const AtomicOptimizer& atomic, const AccumulatorOptions& options) {
  std::vector<ParameterSpec> specs;
  for (const NamedTensor& parameter : tensors.trained) {
    const bool one_owner = is_atomic(parameter, atomic);
    specs.push_back({.name = parameter.name,
                     .shape = parameter.tensor.sizes().vec(),
                     .type = dtype_of(parameter.tensor.scalar_type()).value(),
                     .group = group_of(parameter, options.groups),
                     .atomic = one_owner,
                     .by_rows = parameter.sparse && !one_owner && parameter.tensor.numel() > 0 &&
                                parameter.tensor.is_contiguous()});
  }
  return {std::move(specs), blocks, options.bucket_bytes};
}

}  // namespace dga
