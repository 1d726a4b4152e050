// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <ATen/autocast_mode.h>

namespace dga {

/// While a scope lives, operators of this thread on the CPU that gain from it compute in `type`, as
/// in a torch.autocast block in Python. Put the forward pass and the loss into it, not backward.
/// Parameters stay f32:
///
///     at::Tensor loss;
///     {
///       const dga::AutocastScope bf16(at::kBFloat16);
///       loss = nll_loss(net->forward(x), y);
///     }
///     accumulator.backward(loss, x.size(0));
///
/// For f16, also set AccumulatorOptions::grad_scaler. Scopes nest. Use it in one thread.
class AutocastScope {
 public:
  explicit AutocastScope(at::ScalarType type)
      : was_enabled_(at::autocast::is_autocast_enabled(at::kCPU)),
        type_before_(at::autocast::get_autocast_dtype(at::kCPU)) {
    at::autocast::set_autocast_enabled(at::kCPU, true);
    at::autocast::set_autocast_dtype(at::kCPU, type);
    at::autocast::increment_nesting();
  }
  ~AutocastScope() {
    if (at::autocast::decrement_nesting() == 0) {
      at::autocast::clear_cache();
    }
    at::autocast::set_autocast_dtype(at::kCPU, type_before_);
    at::autocast::set_autocast_enabled(at::kCPU, was_enabled_);
  }
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

 private:
  bool was_enabled_;
  at::ScalarType type_before_;
};

}  // namespace dga
