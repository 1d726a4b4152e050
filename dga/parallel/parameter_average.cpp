// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/parameter_average.h"

#include <ATen/core/grad_mode.h>

#include <utility>

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
    slots_.push_back({parameter, parameter.to(kept_in, false, /*copy=*/true), {}});
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

void ParameterAverage::share() const {
  for (std::size_t i = 0; i < layout_.buckets().size(); ++i) {
    const Bucket& bucket = layout_.buckets()[i];
    workers_.share({parameters_.data() + bucket.first_byte, bucket.count, bucket.type},
                   layout_.counts(static_cast<int>(i)), "parameters in use");
  }
}

}  // namespace dga
