// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/parameter_average.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <utility>

#include "dga/base/error.h"
#include "dga/parallel/module_tensors.h"

namespace dga {

ParameterAverage::ParameterAverage(const Communicator& workers, const ParameterLayout& layout,
                                   SharedBuffer parameters, double decay)
    : workers_(workers), layout_(layout), parameters_(std::move(parameters)), weight_(1 - decay) {
  for (std::size_t i = 0; i < layout.buckets().size(); ++i) {
    const Bucket& bucket = layout.buckets()[i];
    const Slice mine = layout.slice(static_cast<int>(i), workers.rank());
    if (mine.count == 0) {
      continue;
    }
    std::byte* at = parameters_.data() + bucket.first_byte + mine.first * size_of(bucket.type);
    const at::Tensor parameter = view_flat(parameters_, at, mine.count, bucket.type);
    const at::ScalarType kept_in = bucket.type == DType::f64 ? at::kDouble : at::kFloat;
    slots_.push_back(
        {static_cast<int>(i), mine, parameter, parameter.to(kept_in, false, /*copy=*/true), {}});
  }
}

void ParameterAverage::update() {
  const at::NoGradGuard no_grad;
  for (Slot& slot : slots_) {
    slot.average.lerp_(slot.parameter.to(slot.average.scalar_type()), weight_);
  }
}

void ParameterAverage::use(bool average) {
  if (average == in_use_) {
    return;
  }
  const at::NoGradGuard no_grad;
  // Workers that still evaluate read the node's copy.
  workers_.barrier("use of the average");
  for (Slot& slot : slots_) {
    if (average) {
      slot.kept = slot.parameter.clone();
      slot.parameter.copy_(slot.average);
    } else {
      slot.parameter.copy_(slot.kept);
      slot.kept.reset();
    }
  }
  share();
  in_use_ = average;
}

template <typename Visit>
void ParameterAverage::for_each_part(Visit&& visit) const {
  for (std::size_t number = 0; number < layout_.parameters().size(); ++number) {
    const PlacedParameter& placed = layout_.parameters()[number];
    for (const Slot& slot : slots_) {
      const std::int64_t first = std::max(slot.elements.first, placed.elements.first);
      const std::int64_t end = std::min(slot.elements.first + slot.elements.count,
                                        placed.elements.first + placed.elements.count);
      if (slot.bucket == placed.bucket && first < end) {
        visit(static_cast<int>(number), first - placed.elements.first,
              slot.average.narrow(0, first - slot.elements.first, end - first));
      }
    }
  }
}

std::vector<StatePart> ParameterAverage::parts(bool copies) const {
  std::vector<StatePart> parts;
  for_each_part([&](int parameter, std::int64_t first, const at::Tensor& average) {
    parts.push_back({parameter, "", first, copies ? average.clone() : average});
  });
  return parts;
}

at::Tensor ParameterAverage::values_in(const std::vector<StatePart>& parts, int parameter,
                                       std::int64_t first, std::int64_t count) {
  const auto part = std::find_if(parts.begin(), parts.end(), [&](const StatePart& candidate) {
    return candidate.parameter == parameter && candidate.first <= first &&
           first + count <= candidate.first + candidate.values.numel();
  });
  return part == parts.end() ? at::Tensor() : part->values.narrow(0, first - part->first, count);
}

void ParameterAverage::check(const std::vector<StatePart>& parts) const {
  for_each_part([&](int parameter, std::int64_t first, const at::Tensor& average) {
    DGA_CHECK(values_in(parts, parameter, first, average.numel()).defined(),
              "[parallel] load_state: expected the moving average of parameter '",
              layout_.parameters()[static_cast<std::size_t>(parameter)].spec.name,
              "', found none. Set ema_decay as in the run that was saved.");
  });
}

void ParameterAverage::load(const std::vector<StatePart>& parts) {
  const at::NoGradGuard no_grad;
  for_each_part([&](int parameter, std::int64_t first, at::Tensor average) {
    average.copy_(values_in(parts, parameter, first, average.numel()));
  });
}

void ParameterAverage::share() const {
  for (std::size_t i = 0; i < layout_.buckets().size(); ++i) {
    const Bucket& bucket = layout_.buckets()[i];
    workers_.share({parameters_.data() + bucket.first_byte, bucket.count, bucket.type},
                   layout_.counts(static_cast<int>(i)), "parameters in use");
  }
}

}  // namespace dga
