// SPDX-License-Identifier: Apache-2.0
//
// GradientAccumulator::owned_state and load_owned_state.

#include <ATen/core/grad_mode.h>

#include <functional>
#include <utility>

#include "dga/base/error.h"
#include "dga/parallel/accumulator_impl.h"
#include "dga/parallel/agreement.h"
#include "dga/parallel/module_tensors.h"

namespace dga {
namespace {

OwnedPart owned_part(const std::string& name, const at::Tensor& like, std::int64_t first,
                     const at::Tensor& values) {
  return {name, like.sizes().vec(), like.strides().vec(), first, values};
}

}  // namespace

OwnedState GradientAccumulator::Impl::owned_state(AccumulatorState& rest) {
  require_parameters("owned_state");
  DGA_CHECK(!step_under_way(),
            "[parallel] owned_state: expected it between steps, found it after backward. Call "
            "step() first.");
  OwnedState state;
  run_agreed(workers_, [&] {
    const at::NoGradGuard no_grad;
    const auto name_of = [&](int number) -> const std::string& {
      return layout_.parameters().at(static_cast<std::size_t>(number)).spec.name;
    };
    for (std::size_t i = 0; i < layout_.parameters().size(); ++i) {
      const auto number = static_cast<int>(i);
      const DType type = layout_.parameters()[i].spec.type;
      for (const OwnedSegment& segment : layout_.segments(number)) {
        if (segment.owner == workers_.rank()) {
          std::byte* const first = parameters_.data() + layout_.first_byte(number) +
                                   segment.elements.first * size_of(type);
          state.parameters.push_back(
              owned_part(name_of(number), bound_.gradient(i), segment.elements.first,
                         view_flat(parameters_, first, segment.elements.count, type)));
        }
      }
    }
    for (const StatePart& part : optimizer_->state(/*copies=*/false)) {
      const at::Tensor& parameter = bound_.gradient(static_cast<std::size_t>(part.parameter));
      const std::string name = name_of(part.parameter) + "/" + part.name;
      state.optimizer.push_back(
          part.first < 0
              ? owned_part(name, part.values.contiguous(), 0, part.values.contiguous().reshape(-1))
              : owned_part(name, parameter, part.first, part.values));
    }
    if (average_ != nullptr) {
      for (const StatePart& part : average_->parts(/*copies=*/false)) {
        state.average.push_back(owned_part(
            name_of(part.parameter), bound_.gradient(static_cast<std::size_t>(part.parameter)),
            part.first, part.values));
      }
    }
  });
  rest = numbers();
  gather_buffers(rest);
  return state;
}

void GradientAccumulator::Impl::load_owned_state(const AccumulatorState& rest,
                                                 const ReadRange& read,
                                                 const std::function<void()>& change) {
  require_parameters("load_owned_state");
  DGA_CHECK(!step_under_way(),
            "[parallel] load_owned_state: expected it between steps, found it after backward. Call "
            "step() first.");
  find_buffers();
  std::function<void()> go_on;
  run_agreed(workers_, [&] {
    std::vector<StatePart> optimizer;
    std::vector<StatePart> average;
    for (std::size_t i = 0; i < layout_.parameters().size(); ++i) {
      const auto number = static_cast<int>(i);
      for (const OwnedSegment& segment : layout_.segments(number)) {
        if (segment.owner != workers_.rank()) {
          continue;
        }
        const Slice& elements = segment.elements;
        const RangeState found = read({layout_.parameters()[i].spec.name, bound_.gradient(i),
                                       elements.first, elements.count});
        for (const auto& [name, values] : found.optimizer) {
          optimizer.push_back({number, name, values.dim() == 0 ? -1 : elements.first, values});
        }
        if (found.average.defined()) {
          average.push_back({number, "", elements.first, found.average});
        }
      }
    }
    AccumulatorState numbers = rest;
    if (numbers.learning_rates.empty()) {
      numbers.learning_rates = optimizer_->learning_rates();
    }
    go_on = prepare_state(numbers, optimizer, average);
  });
  if (change) {
    change_parameters(change, /*shares_all=*/true);
    buffer_samples_ = 0;  // those of the buffers that it has replaced
    for (WorkerBuffers& each : worker_buffers_) {
      each.samples = 0;
    }
  }
  go_on();
}

}  // namespace dga
